"""A weekly place in the programme as Japanese television prints it, and the instants it falls on. Pure.

A clock runs to 29:59: 25:30 on Friday is 01:30 on Saturday (sources.md, "Dates, times, episodes").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from contracts.model.anime_parts import Broadcast

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HOURS_MAX: Final = 30
_CLOCK: Final = re.compile(r"(\d{1,2}):([0-5]\d)")
# What television in Japan means when it names no zone.
TOKYO: Final = "Asia/Tokyo"


class NoSlot(ValueError):
    """A slot is missing or cannot be; the message says which part of it."""


@dataclass(frozen=True, slots=True)
class Slot:
    """`weekday` 0 is Monday, `minutes` count from its start and may pass 24 hours; `is_dated` without a clock."""

    weekday: int
    minutes: int
    zone: str
    has_clock: bool = True
    has_zone: bool = True

    def on(self, day: date) -> datetime:
        """The instant of the slot of the programme day `day`, in UTC.

        A wall time that a jump of the clocks leaves out comes when the clocks have jumped; one that comes twice
        means the first.
        """
        days, minutes = divmod(self.minutes, 24 * 60)
        wall = datetime.combine(day + timedelta(days=days), time(minutes // 60, minutes % 60), ZoneInfo(self.zone))
        return wall.astimezone(UTC)

    def after(self, instant: datetime) -> datetime:
        """The first air time strictly after an instant."""
        start = instant.astimezone(ZoneInfo(self.zone)).date() - timedelta(days=3)
        day = start + timedelta(days=(self.weekday - start.weekday()) % 7)
        for week in range(3):
            at = self.on(day + timedelta(weeks=week))
            if at > instant:
                return at
        raise AssertionError(f"{self} has no air time within three weeks after {instant}")

    def in_words(self) -> str:
        """As a person writes it."""
        clock = f" {self.minutes // 60:02d}:{self.minutes % 60:02d}" if self.has_clock else ""
        return f"{WEEKDAYS[self.weekday]}{clock} {self.zone}{'' if self.has_zone else ' (taken for granted)'}"


def slot_of(broadcast: Broadcast | None) -> Slot:
    """The slot that a record prints. A day without a clock means the end of that day. Raises NoSlot with the reason."""
    if broadcast is None or not (broadcast.day or "").strip():
        raise NoSlot("no broadcast day is known")
    day = str(broadcast.day).strip().lower().removesuffix("s")
    if day not in WEEKDAYS:
        raise NoSlot(f"{broadcast.day!r} is no weekday")
    zone = (broadcast.timezone or "").strip()
    if zone and not _is_zone(zone):
        raise NoSlot(f"the zone {broadcast.timezone!r} is unknown")
    minutes = _minutes(broadcast.time)
    return Slot(
        WEEKDAYS.index(day), 24 * 60 if minutes is None else minutes, zone or TOKYO, minutes is not None, bool(zone)
    )


def _minutes(clock: str | None) -> int | None:
    if clock is None or not clock.strip():
        return None
    found = _CLOCK.fullmatch(clock.strip())
    if found is None or int(found[1]) >= _HOURS_MAX:
        raise NoSlot(f"{clock!r} is no clock from 00:00 to 29:59")
    return int(found[1]) * 60 + int(found[2])


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
