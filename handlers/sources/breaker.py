"""The circuit breaker of a source: after some failures in a row it is left alone for a while, at no cost to anybody.

The states and their changes are purgatory's. It reads time.time(), so its Context is given our clock here, and while
it is half open one request probes and the others wait for what it finds: a source that is back loses nobody's question.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from purgatory import AsyncCircuitBreakerFactory, AsyncInMemoryUnitOfWork
from purgatory.domain.model import CLOSED, HALF_OPENED, OPENED, Context, HalfOpenedState, OpenedState, State

from contracts.clock import Clock
from contracts.errors import Outage, Permanent
from handlers.sources.errors import Throttled


class ClockContext(Context):
    """A breaker's state whose time is our clock's."""

    def __init__(self, name: str, failures_to_open: int, open_s: float, clock: Clock) -> None:
        super().__init__(name, failures_to_open, open_s)
        self._clock = clock
        self._until_s = float("-inf")
        self._probed = asyncio.Event()
        self._probed.set()

    def left_s(self) -> float:
        """Seconds until a probe is let through; 0 when requests may be tried."""
        return max(0.0, self._until_s - self._clock.monotonic()) if self.state == OPENED else 0.0

    async def probed(self) -> None:
        """Wait while another request probes; it is bounded by that request's own time limits."""
        while not self._probed.is_set():
            await self._probed.wait()

    def set_state(self, state: State) -> None:
        """Change the state; an open one is stamped with our clock."""
        if state.name == OPENED:
            self._until_s = self._clock.monotonic() + self.ttl
        super().set_state(state)

    def handle_new_request(self) -> None:
        """Let a request in, or raise purgatory's OpenedState."""
        if self.left_s() > 0:
            raise OpenedState(self.name)
        if self.state == OPENED:
            self.set_state(HalfOpenedState())
        if self.state == HALF_OPENED:
            self._probed.clear()

    def handle_exception(self, exc: BaseException) -> None:
        """Count a failure; a request that we cancelled ourselves says nothing of the source."""
        self._probed.set()
        if not isinstance(exc, asyncio.CancelledError):
            super().handle_exception(exc)

    def handle_end_request(self) -> None:
        """Count a success."""
        self._probed.set()
        super().handle_end_request()


class Breaker:
    """One source's breaker."""

    def __init__(self, name: str, failures_to_open: int, open_s: float, clock: Clock) -> None:
        self._name = name
        self._context = ClockContext(name, failures_to_open, open_s, clock)
        self._work = AsyncInMemoryUnitOfWork()
        # "Later" and "no" are answers of a healthy service.
        self._factory = AsyncCircuitBreakerFactory(exclude=[Permanent, Throttled], uow=self._work)

    def check(self) -> None:
        """Raise Outage when the breaker is open, with the seconds until it will be tried again."""
        left_s = self._context.left_s()
        if left_s > 0:
            raise self.outage(left_s)

    def outage(self, left_s: float) -> Outage:
        """The error that an open breaker raises."""
        return Outage(self._name, "it failed repeatedly and is left alone for a while", retry_after_s=left_s)

    def open(self) -> None:
        """Open it now: the service itself said that it is shut to us."""
        self._context.set_state(OpenedState(self._name))

    @property
    def opened(self) -> bool:
        """Whether requests are being refused now."""
        return self._context.left_s() > 0

    @property
    def state(self) -> str:
        """closed, opened or half-opened."""
        return str(self._context.state or CLOSED)

    @asynccontextmanager
    async def guard(self) -> AsyncIterator[None]:
        """Run one request under the breaker."""
        await self._work.contexts.register(self._context)
        breaker = await self._factory.get_breaker(self._name)
        # Nothing is awaited between the end of a probe and the next request's entry that would let another in first.
        await self._context.probed()
        try:
            async with breaker:
                yield
        except OpenedState as error:
            raise self.outage(self._context.left_s()) from error
