"""Canonical forms: two values with the same one are the same value, however they are written. Pure.

Lists are sets, texts are compared composed and with plain spaces, dates by their day in Tokyo, air times by the
instant, numbers with the tolerance that the table gives. Values are JSON, as the record holds them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from contracts.items import items_of
from contracts.texts import label, normal_text
from handlers.update.kinds import ANIME, CHARACTER, Kind

JSON = Any

TOKYO: Final = ZoneInfo("Asia/Tokyo")
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SLOT: Final = ("day", "time", "timezone")
WEEK_MINUTES: Final = 7 * 24 * 60
# Labels whose capitals mean nothing. In a title they may.
_LABELS: Final = frozenset({"genres", "tags", "demographics", "content_warnings", "traits"})
# A number within this share of the held one has not changed: hearts drift daily, and no person would call that news.
TOLERANCE: Final[Mapping[str, Decimal]] = MappingProxyType({"favorites": Decimal("0.01")})
_KINDS: Final = {**CHARACTER, **ANIME}


def canonical(field: str, value: JSON) -> object:
    """The form of a value that is compared; None for what is absent, empty or UNKNOWN."""
    if value in (None, "", [], {}, "UNKNOWN"):
        return None
    kind = _KINDS.get(field)
    if kind is Kind.LIST or kind is Kind.PAGES:
        return frozenset((item.group, _item(field, item.value)) for item in items_of(field, value)) or None
    if kind is Kind.PARTS:
        parts = parts_of(field, value).items()
        return frozenset((part, canonical(f"{field}.{part}", inner)) for part, inner in parts) or None
    if field.startswith("aired_dates."):
        return tokyo_day(value)
    if field == "broadcast.slot":
        return _slot(value)
    if field.startswith("broadcast.") and isinstance(value, str):
        return instant(value)
    return _plain(value) or None if isinstance(value, str) else _plain(value)


def same(field: str, one: JSON, other: JSON) -> bool:
    """Whether two values of a field are the same value; numbers may differ by the field's tolerance of the first."""
    share = TOLERANCE.get(field)
    if share is not None and one and other:
        return abs(Decimal(str(one)) - Decimal(str(other))) <= share * abs(Decimal(str(one)))
    return canonical(field, one) == canonical(field, other)


def instant(text: JSON) -> datetime:
    """The instant of an ISO 8601 text; without a zone it is UTC."""
    moment = datetime.fromisoformat(str(text))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def tokyo_day(text: JSON) -> date:
    """The day in Tokyo of an instant: sources print days, and a day is midnight there or any time of it."""
    return instant(text).astimezone(TOKYO).date()


def parts_of(field: str, value: Mapping[str, JSON] | None) -> dict[str, JSON]:
    """The parts of an object that are there. A slot is one part: a clock means nothing without its day."""
    parts = {name: inner for name, inner in (value or {}).items() if inner not in (None, "")}
    if field != "broadcast":
        return parts
    slot = {name: parts.pop(name) for name in SLOT if name in parts}
    return {**parts, "slot": slot} if slot else parts


def joined(parts: Mapping[str, JSON]) -> dict[str, JSON] | None:
    """The object that these parts make, None when there are none."""
    rest = {name: inner for name, inner in parts.items() if name != "slot" and inner is not None}
    return {**(parts.get("slot") or {}), **rest} or None


def _slot(slot: Mapping[str, JSON]) -> object:
    # Friday 25:30 is Saturday 01:30. What cannot be read is compared as it is printed.
    day = label(str(slot.get("day", ""))).removesuffix("s")
    hours, colon, minutes = str(slot.get("time") or "").partition(":")
    zone = slot.get("timezone") or "Asia/Tokyo"
    if day in WEEKDAYS and colon and hours.isdecimal() and minutes.isdecimal():
        return zone, (WEEKDAYS.index(day) * 24 * 60 + int(hours) * 60 + int(minutes)) % WEEK_MINUTES
    return zone, day, slot.get("time")


def _item(field: str, value: JSON) -> object:
    if isinstance(value, str):
        return label(value) if field in _LABELS else normal_text(value)
    return _plain(value)


def _plain(value: JSON) -> object:
    """Texts normalised, numbers as decimals, lists as sets, and what is absent left out; as one text when nested."""
    if isinstance(value, str):
        return normal_text(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return Decimal(str(value)).normalize()
    return json.dumps(_sorted(value), ensure_ascii=False, sort_keys=True)


def _sorted(value: JSON) -> JSON:
    if isinstance(value, Mapping):
        return {str(key): _sorted(inner) for key, inner in value.items() if inner not in (None, "", [], {})}
    if isinstance(value, list):
        inner = {json.dumps(_sorted(one), ensure_ascii=False, sort_keys=True) for one in value}
        return sorted(inner)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(Decimal(str(value)).normalize())
    return normal_text(value) if isinstance(value, str) else value
