"""Dates and slots of the sources. A day without a time is a day in Tokyo; everything that comes out is UTC."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

from contracts import limits
from contracts.model.anime_parts import Broadcast
from contracts.model.enums import Season

TOKYO = ZoneInfo("Asia/Tokyo")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_CLOCK = re.compile(r"^([0-2]?\d):([0-5]\d)$")


def tokyo_day(year: int | None, month: int | None = None, day: int | None = None) -> datetime | None:
    """Midnight in Tokyo of a date that may be partial: a missing month or day counts as the first.

    A year that cannot be (Kitsu has printed 0202) gives none.
    """
    if not year or not limits.YEAR_MIN < year < limits.YEAR_MAX:
        return None
    try:
        return datetime.combine(date(year, month or 1, day or 1), time(), TOKYO).astimezone(UTC)
    except (ValueError, OverflowError):  # A day of the machine's own limits is the second.
        return None


def partial_date(text: object) -> datetime | None:
    """Midnight in Tokyo of "2017-10-23", "2017-10" or "2017"; a time of day that a source adds says nothing.

    Jikan prints the same day at +00:00 in lists and at +09:00 in a single episode: the printed day is what counts.
    """
    if not isinstance(text, str):
        return None
    numbers = re.match(r"^(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?", text.strip())
    if numbers is None:
        return None
    year, month, day = (int(part) if part else None for part in numbers.groups())
    return tokyo_day(year, month, day)


def unix_instant(seconds: object) -> datetime | None:
    """The instant of unix seconds; 0 and what is not a number are none."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def iso_instant(text: object) -> datetime | None:
    """An instant written as ISO 8601; without a zone it is UTC."""
    if not isinstance(text, str):
        return None
    try:
        value = datetime.fromisoformat(text.strip())
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except (ValueError, OverflowError):  # The last hours of the year 9999 may be past it in UTC.
        return None


def http_instant(text: str | None) -> datetime | None:
    """The instant of an HTTP date header; "-1" and other nonsense are none."""
    if not text:
        return None
    try:
        value = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def slot(day: object, clock: object, zone: str = "Asia/Tokyo") -> Broadcast | None:
    """The weekly slot as it is printed: "Sundays" 25:30 stays Sunday 25:30; 24:00 to 29:59 mean the day after.

    A slot needs its day; without a readable time only the day is said.
    """
    if not isinstance(day, str):
        return None
    name = day.strip().lower().removesuffix("s")
    if name not in WEEKDAYS:
        return None
    match = _CLOCK.match(clock.strip()) if isinstance(clock, str) else None
    hhmm = f"{int(match[1]):02d}:{match[2]}" if match and int(match[1]) < 30 else None
    return Broadcast(day=name, time=hhmm, timezone=zone)


def season_of(month: int) -> Season:
    """The season of a start month; December counts as winter, the next year's (Kitsu's rule)."""
    return (Season.WINTER, Season.SPRING, Season.SUMMER, Season.FALL)[(month % 12) // 3]


def season_year(year: int, month: int) -> int:
    """The year that a season belongs to: a December start is the next year's winter."""
    return year + 1 if month == 12 else year
