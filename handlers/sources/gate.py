"""The gate in front of a source: who goes next. Airing now, then stale, then backfill, and nobody waits for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import IntEnum
from typing import Protocol

from contracts.clock import Clock
from contracts.errors import EchoraError, Transient


class Priority(IntEnum):
    """Why something is fetched; lower goes first."""

    AIRING = 0
    STALE = 1
    BACKFILL = 2


class Taker(Protocol):
    """A budget."""

    async def take(self) -> None:
        """Return when one request may be sent."""
        ...


# Every eighth turn goes to whoever has waited longest, so that a busy season cannot starve the backfill.
_FAIR_EVERY = 8

Waiter = tuple[int, int, "asyncio.Future[None]"]


class Gate:
    """Hands out turns: at most `concurrency` at a time, as fast as the budget allows, none during a pause."""

    def __init__(self, name: str, budget: Taker, concurrency: int, waiting_max: int, clock: Clock) -> None:
        self._name = name
        self._budget = budget
        self._slots = asyncio.Semaphore(concurrency)
        self._waiting_max = waiting_max
        self._clock = clock
        self._waiting: list[Waiter] = []
        self._turns = 0
        self._arrivals = 0
        self._paused_until_s = float("-inf")
        self._pump: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def turn(self, priority: Priority) -> AsyncIterator[None]:
        """Wait for a turn and hold it. Transient when too many wait already."""
        if len(self._waiting) >= self._waiting_max:
            raise Transient(f"{self._name}: {self._waiting_max} requests wait already; ask again later")
        self._arrivals += 1
        waiter: Waiter = (int(priority), self._arrivals, asyncio.get_running_loop().create_future())
        self._waiting.append(waiter)
        self._start()
        try:
            await waiter[2]
        except BaseException:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            elif waiter[2].done() and not waiter[2].cancelled() and waiter[2].exception() is None:
                self._slots.release()  # The turn was given in the same moment as the wait was cancelled.
            raise
        try:
            yield
        finally:
            self._slots.release()

    def pause(self, seconds: float) -> None:
        """No turns for that long: the service told us to wait. A shorter pause never shortens a longer one."""
        self._paused_until_s = max(self._paused_until_s, self._clock.monotonic() + seconds)

    def refuse(self, error: EchoraError) -> None:
        """Let everybody who waits fail at once: the source is down, and waiting would cost time for nothing."""
        waiting, self._waiting = self._waiting, []
        for _, _, future in waiting:
            if not future.done():
                future.set_exception(error)

    async def close(self) -> None:
        """Stop handing out turns."""
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        self.refuse(Transient(f"{self._name}: the program is stopping"))

    def _start(self) -> None:
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._hand_out(), name=f"gate of {self._name}")

    async def _hand_out(self) -> None:
        while self._waiting:
            await self._slots.acquire()
            given = False
            try:
                await self._take()
                given = self._give()
            except EchoraError as error:
                self.refuse(error)
            finally:
                if not given:
                    self._slots.release()

    async def _take(self) -> None:
        await self._budget.take()
        while (left_s := self._paused_until_s - self._clock.monotonic()) > 0:
            await self._clock.sleep(left_s)
            # What was taken before the pause is of no use after it: it would go out beside all that the budget allows
            # by then. To lose that place errs on the side of asking less.
            await self._budget.take()

    def _give(self) -> bool:
        # The choice is made when the turn is there, so that what is airing overtakes what came before it.
        self._waiting = [waiter for waiter in self._waiting if not waiter[2].done()]
        if not self._waiting:
            return False
        self._turns += 1
        fair = self._turns % _FAIR_EVERY == 0
        chosen = min(self._waiting, key=lambda waiter: (0 if fair else waiter[0], waiter[1]))
        self._waiting.remove(chosen)
        chosen[2].set_result(None)
        return True
