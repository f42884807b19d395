"""Our own cache of raw items, in front of the sources: aiocache, in memory or in Redis. Its time is our clock's."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from aiocache import Cache, SimpleMemoryCache
from aiocache.serializers import NullSerializer

from contracts.clock import Clock
from handlers.sources.port import Raw

ENTRIES_MAX: Final = 20_000
_REDIS_TIMEOUT_S: Final = 2.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """One raw item as it came, or the fact that the source does not know the id. Times are unix seconds."""

    item: Raw | None
    fetched_at_s: float
    as_of_s: float
    expires_s: float | None
    until_s: float
    errors: dict[str, str] = field(default_factory=dict)
    pages_left: int = 0


class BoundedMemoryCache(SimpleMemoryCache):  # type: ignore[misc]  # aiocache ships no types
    """aiocache's memory backend with a limit: the entry that was written first goes first."""

    def __init__(self, entries_max: int = ENTRIES_MAX) -> None:
        super().__init__(serializer=NullSerializer(), timeout=None)
        self._entries_max = entries_max

    async def _set(self, key: str, value: Any, ttl: Any = None, _cas_token: Any = None, _conn: Any = None) -> Any:
        while len(self._cache) >= self._entries_max and key not in self._cache:
            await self._delete(next(iter(self._cache)))
        return await super()._set(key, value, ttl=ttl, _cas_token=_cas_token, _conn=_conn)


class Bodies:
    """Entries by key, e.g. jikan:anime:123, within a namespace per address: a world's bodies are no service's."""

    def __init__(self, backend: Any, clock: Clock) -> None:
        self._backend = backend
        self._clock = clock

    async def get(self, key: str, namespace: str) -> Entry | None:
        """The entry, unless it is too old. A cache that does not answer has nothing."""
        try:
            stored = await self._backend.get(key, namespace=namespace)
            entry = Entry(**orjson.loads(stored)) if stored is not None else None
        except Exception as error:  # Whatever the backend raises: without a cache the source is asked.
            _log.warning("the cache of bodies cannot be read: %s", error)
            return None
        return entry if entry is not None and entry.until_s > self._clock.now().timestamp() else None

    async def put(self, key: str, namespace: str, entry: Entry) -> None:
        """Keep the entry until its time is over."""
        ttl_s = entry.until_s - self._clock.now().timestamp()
        if ttl_s <= 0:
            return
        try:
            await self._backend.set(key, orjson.dumps(entry).decode(), ttl=ttl_s, namespace=namespace)
        except Exception as error:  # As above: an answer that is not cached is still an answer.
            _log.warning("the cache of bodies cannot be written: %s", error)

    async def close(self) -> None:
        """Close the backend's connections."""
        await self._backend.close()


def bodies(clock: Clock, redis_url: str | None) -> Bodies:
    """In Redis when a URL is given, else in the memory of this process."""
    if redis_url is None:
        return Bodies(BoundedMemoryCache(), clock)
    return Bodies(Cache.from_url(redis_url + ("&" if "?" in redis_url else "?") + f"timeout={_REDIS_TIMEOUT_S}"), clock)
