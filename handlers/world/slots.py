"""Weekly slots: a weekday and a clock of 00:00 to 29:59 in a zone, and the instants they fall on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contracts.model.anime_parts import Broadcast

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
TOKYO = ZoneInfo("Asia/Tokyo")
# Television writes the hours after midnight as 24 to 29.
_HOURS_MAX = 30
_CLOCK = re.compile(r"^(\d{1,2}):([0-5]\d)$")


@dataclass(frozen=True, slots=True)
class Slot:
    """A weekly place in the programme; `minutes` counts from the start of `weekday` and may pass 24 hours."""

    weekday: int
    minutes: int
    zone: ZoneInfo

    def after(self, instant: datetime) -> datetime:
        """The first air time of this slot strictly after `instant`, in UTC."""
        day = instant.astimezone(self.zone).date() - timedelta(days=2)
        # Nine days are enough: a week, and two for clocks that run past midnight.
        for _ in range(10):
            if day.weekday() == self.weekday:
                midnight = datetime(day.year, day.month, day.day, tzinfo=self.zone)
                at = (midnight + timedelta(minutes=self.minutes)).astimezone(UTC)
                if at > instant:
                    return at
            day += timedelta(days=1)
        raise ValueError(f"slot {self} has no air time after {instant}; a weekday is 0 to 6")


def slot_of(broadcast: Broadcast | None) -> Slot | None:
    """The slot that a record prints, or None when its day, clock or zone is missing or cannot be read."""
    if broadcast is None or broadcast.day is None or broadcast.time is None:
        return None
    day = broadcast.day.strip().lower().removesuffix("s")
    clock = _CLOCK.match(broadcast.time.strip())
    if day not in WEEKDAYS or clock is None or int(clock[1]) >= _HOURS_MAX:
        return None
    try:
        zone = ZoneInfo(broadcast.timezone or "Asia/Tokyo")
    except (ZoneInfoNotFoundError, ValueError):
        return None
    return Slot(WEEKDAYS.index(day), int(clock[1]) * 60 + int(clock[2]), zone)


def tokyo_date(instant: datetime) -> datetime:
    """The Tokyo calendar day of an instant, as that day's midnight without meaning in UTC (how sources print it)."""
    local = instant.astimezone(TOKYO)
    return datetime(local.year, local.month, local.day, tzinfo=UTC)


def tokyo_midnight(instant: datetime) -> datetime:
    """The start of an instant's Tokyo day, in UTC: how the record keeps a date without a time."""
    return instant.astimezone(TOKYO).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
