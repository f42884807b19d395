"""Where the limiter keeps its windows. The library decides; these storages only read the time from our clock.

The storages of `limits` read time.time(). Storage classes are its documented point of extension, so ours hand it the
clock that the program runs on: a world that is faster than ours has windows that are shorter for us.
"""

from __future__ import annotations

from typing import cast

from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.storage.redis.redispy import RedispyBridge

from contracts.clock import Clock


class ClockMemoryStorage(MemoryStorage):
    """Moving windows of one process, on a clock that is passed in."""

    STORAGE_SCHEME = ["async+echora-memory"]  # noqa: RUF012 - the library reads it

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._windows: dict[str, list[float]] = {}

    def time_s(self) -> float:
        """Seconds that never go back: within one process nothing else is needed."""
        return self._clock.monotonic()

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Enter `amount` hits if the window has room for them."""
        now = self.time_s()
        window = [at for at in self._windows.get(key, []) if at > now - expiry]
        self._windows[key] = window
        if len(window) + amount > limit:
            return False
        window.extend([now] * amount)
        return True

    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Time of the oldest hit in the window, and how many hits it holds."""
        now = self.time_s()
        window = [at for at in self._windows.get(key, []) if at > now - expiry]
        return (window[0], len(window)) if window else (now, 0)

    async def close(self) -> None:
        """Nothing is open."""


class ClockRedisStorage(RedisStorage):
    """Moving windows that several processes share in Redis; the library's own scripts, given our clock's time.

    Redis forgets a key after `expiry` real seconds. A world that runs faster than ours has moved on by then.
    """

    STORAGE_SCHEME = ["async+echora-redis"]  # noqa: RUF012 - the library reads it

    def __init__(self, url: str, clock: Clock) -> None:
        super().__init__(f"async+{url}", wrap_exceptions=True, implementation="redispy")
        self._clock = clock
        self._scripts = cast(RedispyBridge, self.bridge)

    def time_s(self) -> float:
        """Seconds since 1970: processes share this scale, a monotonic one they do not."""
        return self._clock.now().timestamp()

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Enter `amount` hits if the window has room for them."""
        script = self._scripts.lua_acquire_moving_window
        return bool(await script([self._scripts.prefixed_key(key)], [self.time_s(), limit, expiry, amount]))

    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Time of the oldest hit in the window, and how many hits it holds."""
        now = self.time_s()
        window = await self._scripts.lua_moving_window([self._scripts.prefixed_key(key)], [now - expiry, limit])
        return (float(window[0]), int(window[1])) if window else (now, 0)

    async def close(self) -> None:
        """Close the connections, which the library leaves open."""
        await self._scripts.storage.aclose()
        await self._scripts.storage.connection_pool.disconnect()


LimitStorage = ClockMemoryStorage | ClockRedisStorage


def limit_storage(clock: Clock, redis_url: str | None) -> LimitStorage:
    """Redis when a URL is given, else the memory of this process."""
    return ClockRedisStorage(redis_url, clock) if redis_url else ClockMemoryStorage(clock)
