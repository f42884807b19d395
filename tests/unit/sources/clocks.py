"""A clock for tests: when nothing else happens it jumps to the next sleeper, so that an hour takes a millisecond."""

from __future__ import annotations

import asyncio
import heapq
from datetime import UTC, datetime, timedelta

ORIGIN = datetime(2026, 10, 25, tzinfo=UTC)
_IDLE_S = 0.002
_LATE_S = 0.001


class JumpClock:
    """Time that stands still while there is work, and jumps when everybody sleeps."""

    def __init__(self, origin: datetime = ORIGIN) -> None:
        self.origin = origin
        self.elapsed_s = 0.0
        self.slept_s: list[float] = []
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0
        self._armed = False

    def now(self) -> datetime:
        return self.origin + timedelta(seconds=self.elapsed_s)

    def monotonic(self) -> float:
        return 1_000.0 + self.elapsed_s

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self._count += 1
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.elapsed_s + max(0.0, seconds), self._count, future))
        self._arm()
        await future

    def _arm(self) -> None:
        if not self._armed:
            self._armed = True
            loop = asyncio.get_running_loop()
            loop.call_later(_IDLE_S, self._jump, loop.time() + _IDLE_S)

    def _jump(self, due_s: float) -> None:
        self._armed = False
        if asyncio.get_running_loop().time() - due_s > _LATE_S:
            self._arm()  # We were called late, so somebody is still working: nothing may jump.
            return
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        if not self._sleepers:
            return
        at, _, future = heapq.heappop(self._sleepers)
        self.elapsed_s = max(self.elapsed_s, at)
        future.set_result(None)
        self._arm()
