"""The one place that reads the clock of the machine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.clock import Clock


class SystemClock:
    """Real time."""

    def now(self) -> datetime:
        """The current instant in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` real seconds; less than zero counts as zero."""
        await asyncio.sleep(max(0.0, seconds))


@dataclass(frozen=True, slots=True)
class DatedClock:
    """Waits by one clock and dates by another: what people hand in is said in the catalogue's time, and nobody waits
    for it by a world's.
    """

    waits: Clock
    dates: Clock

    def now(self) -> datetime:
        """The current instant of the clock that dates."""
        return self.dates.now()

    def monotonic(self) -> float:
        """Seconds of the clock that waits."""
        return self.waits.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of the clock that waits."""
        await self.waits.sleep(seconds)


@dataclass(frozen=True, slots=True)
class WorldClock:
    """A simulated world's time: it stood at `world_origin` when it was `real_origin`, and runs `speed` times as fast.

    Built from the two origins alone, so that every process that knows them, also after a kill -9, sees one time.
    """

    world_origin: datetime
    real_origin: datetime
    speed: float

    def __post_init__(self) -> None:
        if not self.speed > 0:
            raise ValueError(f"the world's speed is {self.speed}; it must be above 0, e.g. 1 or 2520")

    def now(self) -> datetime:
        """The world's current instant in UTC."""
        return self.world_origin + (datetime.now(UTC) - self.real_origin) * self.speed

    def monotonic(self) -> float:
        """World seconds that never go back."""
        return time.monotonic() * self.speed

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of the world's time."""
        await asyncio.sleep(max(0.0, seconds) / self.speed)

    def real(self, world_instant: datetime) -> datetime:
        """The real instant at which the world's clock shows `world_instant`."""
        elapsed: timedelta = (world_instant - self.world_origin) / self.speed
        return self.real_origin + elapsed


def world_clock_from(said: Mapping[str, Any]) -> WorldClock:
    """The clock of a world that runs elsewhere, from what its /clock said just now: its instant and its speed."""
    return WorldClock(datetime.fromisoformat(str(said["now"])), datetime.now(UTC), float(said["speed"]))
