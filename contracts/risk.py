"""The risk policy: which change of a field waits for a person, and why. Pure, one table, one rule per kind of loss.

It stands in the contracts because two rooms must judge alike: update flags what it is about to send, and persist
decides on the locked row, which may have moved meanwhile. The source of the rules is the review policy of the data
model; what no rule names is applied at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from contracts.events import RiskFlag
from contracts.items import lost
from contracts.texts import in_words, normal_text, shortened

JSON = Any

# Who says what a person decided. Such a word is never held: whoever would decide about it has spoken.
PERSON: Final = "person"
_UNKNOWN: Final = "UNKNOWN"
# How far along a show is. CANCELLED is an end as well: coming back from it is a step backward.
_STAGE: Final[Mapping[str, int]] = {"UPCOMING": 0, "ONGOING": 1, "FINISHED": 2, "CANCELLED": 3}
TEXTS: Final = frozenset(
    {"synopsis", "background", "description", "title_english", "title_japanese", "name", "name_native"}
)
LISTS: Final = frozenset(
    {
        *("synonyms", "genres", "tags", "themes", "demographics", "content_warnings"),
        *("studios", "producers", "licensors", "staff_data", "related_anime", "related_source_material"),
        *("streaming_sources", "external_sources", "opening_themes", "ending_themes"),
        *("name_variations", "nicknames", "roles", "anime_ids", "animeography", "mangaography", "traits"),
        *("attributes", "spoilers", "voice_actors"),
    }
)
# An address is no thing of its own: a picture that moves to another address is not lost. So only the number counts.
ADDRESSES: Final = frozenset({"sources", "images", "trailers"})


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its name, the fields it looks at, and what it says of a change: a reason, or None when it is fine."""

    name: str
    fields: frozenset[str]
    reason: Callable[[str, JSON, JSON], str | None]


def risks_of(field: str, old: JSON, new: JSON) -> list[RiskFlag]:
    """Why the change of `field` from `old` to `new` should wait for a person; nothing when it may be applied.

    Both are whole values as the record holds them (JSON; None is absent), not the part that one source gave.
    """
    found = ((rule.name, rule.reason(field, old, new)) for rule in RULES if field in rule.fields)
    return [RiskFlag(field=field, rule=name, reason=reason) for name, reason in found if reason]


def risky_fields(flags: list[RiskFlag]) -> frozenset[str]:
    """The fields that are held; the rest of the same change is applied."""
    return frozenset(flag.field for flag in flags)


def _replaced(field: str, old: JSON, new: JSON) -> str | None:
    if not _known(old) or not _known(new) or normal_text(str(old)) == normal_text(str(new)):
        return None
    return f"{in_words(field)} changes from “{shortened(old)}” to “{shortened(new)}”"


def _lowered(field: str, old: JSON, new: JSON) -> str | None:
    return (
        f"{in_words(field)} goes down from {old} to {new}"
        if old is not None and new is not None and new < old
        else None
    )


def _cancelled(_: str, old: JSON, new: JSON) -> str | None:
    return f"the show is said to be cancelled, it was {old or _UNKNOWN}" if new == "CANCELLED" and old != new else None


def _backward(_: str, old: JSON, new: JSON) -> str | None:
    if old not in _STAGE or new not in _STAGE or _STAGE[new] >= _STAGE[old]:
        return None
    return f"status goes back from {old} to {new}"


def _removed(field: str, old: JSON, new: JSON) -> str | None:
    return (
        f"{in_words(field)} is removed ({len(normal_text(old))} characters)" if _text(old) and not _text(new) else None
    )


def _cut(field: str, old: JSON, new: JSON) -> str | None:
    before, after = len(_text(old)), len(_text(new))
    return f"{in_words(field)} is cut from {before} to {after} characters" if after and 2 * after < before else None


def _emptied(field: str, old: JSON, new: JSON) -> str | None:
    gone, before = lost(field, old, new)
    return f"{in_words(field)} lose {gone} of {before} items" if 2 * gone > before else None


def _fewer(field: str, old: JSON, new: JSON) -> str | None:
    before, after = lost(field, old, None)[1], lost(field, new, None)[1]
    return f"{in_words(field)} go down from {before} to {after}" if 2 * after < before else None


RULES: Final = (
    Rule("title changed", frozenset({"title"}), _replaced),
    Rule("type changed", frozenset({"type"}), _replaced),
    Rule("source material changed", frozenset({"source_material"}), _replaced),
    Rule("episode count down", frozenset({"episode_count"}), _lowered),
    Rule("status cancelled", frozenset({"status"}), _cancelled),
    Rule("status backward", frozenset({"status"}), _backward),
    Rule("text removed", TEXTS, _removed),
    Rule("text cut to less than half", TEXTS, _cut),
    Rule("list loses more than half", LISTS, _emptied),
    Rule("list loses more than half", ADDRESSES, _fewer),
)
GUARDED: Final = frozenset[str]().union(*(rule.fields for rule in RULES))
"""Every field that some rule looks at."""


def _known(value: JSON) -> bool:
    return bool(value) and value != _UNKNOWN


def _text(value: JSON) -> str:
    return normal_text(value) if isinstance(value, str) else ""
