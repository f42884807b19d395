"""The budget of one source: how many requests per second and per minute the whole program may send it."""

from __future__ import annotations

from collections import deque
from typing import Final

from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError

from contracts.addresses import shown
from contracts.clock import Clock
from contracts.errors import Outage
from handlers.sources.policy import SourcePolicy
from handlers.sources.storage import LimitStorage

_WAIT_S_MIN = 0.001
# A service counts what reaches it, and a request may be faster on its way than those before it. Two a second, sent in
# pairs a second apart, came as four within a second to one that bears three, and it turned them down (measured).
WAY_S: Final = 0.1


class Budget:
    """Moving windows of the `limits` library, one key per source and address; `take` waits for room on the clock.

    What this process sends itself it keeps apart by WAY_S more than each window's length.
    """

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
        self._recent = [(item.get_expiry() + WAY_S, deque[float](maxlen=item.amount)) for item in self._items]

    async def take(self) -> None:
        """Return when one request may be sent. Outage when the shared storage does not answer."""
        try:
            while (early_s := self._early_s()) > 0 or not await self._taken():
                await self._clock.sleep(max(early_s, await self._wait_s()))
        except StorageError as error:
            raise Outage("redis", f"the shared budget of {self._name} cannot be read: {error}") from error

        now_s = self._clock.monotonic()
        for _, sent_s in self._recent:
            sent_s.append(now_s)

    def _early_s(self) -> float:
        """How much too early it is, by what this process has sent."""
        now_s = self._clock.monotonic()
        return max(
            (sent_s[0] + window_s - now_s for window_s, sent_s in self._recent if len(sent_s) == sent_s.maxlen),
            default=0.0,
        )

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
