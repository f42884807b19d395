"""The budget of one source: how many requests per second and per minute the whole program may send it."""

from __future__ import annotations

from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError

from contracts.addresses import shown
from contracts.clock import Clock
from contracts.errors import Outage
from handlers.sources.policy import SourcePolicy
from handlers.sources.storage import LimitStorage

_WAIT_S_MIN = 0.001


class Budget:
    """Moving windows of the `limits` library, one key per source and address; `take` waits for room on the clock."""

    def __init__(self, name: str, policy: SourcePolicy, storage: LimitStorage, clock: Clock) -> None:
        self._name = name
        # Another address is another service: a world's minutes, which run on its own clock, are no live service's.
        self._key = f"{name}:{shown(policy.base_url).rstrip('/')}"
        self._clock = clock
        self._storage = storage
        self._limiter = MovingWindowRateLimiter(storage)
        # The longer window first: if another process takes the last place of the second, a minute's place is lost,
        # which errs on the side of asking less.
        self._items: list[RateLimitItem] = []
        if policy.rate_per_min:
            self._items.append(RateLimitItemPerMinute(policy.rate_per_min))
        if policy.rate_per_s:
            self._items.append(RateLimitItemPerSecond(policy.rate_per_s))

    async def take(self) -> None:
        """Return when one request may be sent. Outage when the shared storage does not answer."""
        try:
            while not await self._taken():
                await self._clock.sleep(await self._wait_s())
        except StorageError as error:
            raise Outage("redis", f"the shared budget of {self._name} cannot be read: {error}") from error

    async def _taken(self) -> bool:
        for item in self._items:
            if not await self._limiter.test(item, self._key):
                return False
        for item in self._items:
            if not await self._limiter.hit(item, self._key):
                return False
        return True

    async def _wait_s(self) -> float:
        waits = [_WAIT_S_MIN]
        for item in self._items:
            stats = await self._limiter.get_window_stats(item, self._key)
            if stats.remaining <= 0:
                waits.append(stats.reset_time - self._storage.time_s())
        return max(waits)
