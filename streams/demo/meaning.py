"""When what the catalogue says is what was true, field by field, and what a value is made of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from contracts.items import items_of
from contracts.texts import normal_text
from handlers.update.canonical import canonical, instant, parts_of
from handlers.update.kinds import ANIME, CHARACTER, Kind

JSON = Any
_KINDS: Final = {**CHARACTER, **ANIME}
_LISTS: Final = frozenset({Kind.LIST, Kind.PAGES})
# AniList lists the first legal stream, which comes up to an hour after the broadcast.
_STREAM_LATE: Final = timedelta(hours=1)
NONE: Final = "(none)"


def same(field: str, said: JSON, true: JSON) -> bool:
    """Whether what is said of a field is what the world says of it; a list may hold more than the world's."""
    if field == "episodes":
        return bool(said == true["episode_number"])
    if field == "broadcast":
        return _next_is(said, true)
    kind = _KINDS.get(field)
    if kind is Kind.PRESENCE:
        return bool(said) is bool(true)
    if kind in _LISTS:
        return _names(field, true) <= _names(field, said)
    if kind is Kind.PARTS:
        # A day is all that most sources print of a date.
        return _parts(field, true) <= _parts(field, said)
    return canonical(field, said) == canonical(field, true)


def made_of(field: str, value: JSON) -> frozenset[object]:
    """The parts of a value that somebody must have said: items of a list, parts of an object, else itself."""
    if value in (None, "", [], {}):
        return frozenset({NONE})
    kind = _KINDS.get(field)
    if kind in _LISTS:
        return _names(field, value)
    if kind is Kind.PARTS:
        return _parts(field, value)
    if isinstance(value, Mapping) and kind is Kind.OVERLAY:
        return frozenset((key, str(inner)) for key, inner in value.items())
    if kind is Kind.PRESENCE:
        return frozenset({"there is one"})
    return frozenset({canonical(field, value)})


def _next_is(said: JSON, true: JSON) -> bool:
    at = (said or {}).get("next_episode_at")
    if true is None or at is None:
        return true is None and at is None
    wanted = datetime.fromisoformat(true["at"])
    return wanted <= instant(at) <= wanted + _STREAM_LATE


def _names(field: str, value: JSON) -> frozenset[object]:
    return frozenset((item.group, item.name or normal_text(str(item.value))) for item in items_of(field, value))


def _parts(field: str, value: JSON) -> frozenset[object]:
    return frozenset((part, canonical(f"{field}.{part}", inner)) for part, inner in parts_of(field, value).items())
