"""The budget: moving windows of the library on our clock, for one process in memory and for several in Redis."""

from __future__ import annotations

import asyncio

import pytest

from contracts.errors import Outage
from handlers.sources.bodies import BoundedMemoryCache, Entry, bodies
from handlers.sources.budget import WAY_S, Budget
from handlers.sources.policy import SourcePolicy
from handlers.sources.storage import ClockRedisStorage, limit_storage
from tests.unit.sources.clocks import JumpClock

POLICY = SourcePolicy(base_url="https://x.example", rate_per_s=3, rate_per_min=60)


async def _take(budget: Budget, clock: JumpClock, number: int) -> list[float]:
    at: list[float] = []
    for _ in range(number):
        await budget.take()
        at.append(clock.elapsed_s)
    return at


def _most_within(times: list[float], window_s: float) -> int:
    return max(sum(1 for other in times if 0 <= other - start < window_s) for start in times)


async def test_in_memory_no_window_is_ever_exceeded() -> None:
    clock = JumpClock()
    budget = Budget("jikan", POLICY, limit_storage(clock, None), clock)
    times = await _take(budget, clock, 150)
    assert _most_within(times, 0.999 + WAY_S) <= 3
    assert _most_within(times, 59.99 + WAY_S) <= 60
    assert times[59] < 21, "up to the minute's limit it goes as fast as the second allows"
    assert times[149] < 122 + 12, "and after it no slower than it must"


async def test_requests_that_overtake_each_other_on_their_way_still_fit() -> None:
    clock = JumpClock()
    budget = Budget("jikan", POLICY, limit_storage(clock, None), clock)
    times = await _take(budget, clock, 30)
    # The first of each window is as slow as may be, the others take no time at all.
    came = [at + (0.09 if number % 3 == 0 else 0.0) for number, at in enumerate(times)]
    assert _most_within(came, 1.0) <= 3


async def test_one_budget_per_source() -> None:
    clock = JumpClock()
    storage = limit_storage(clock, None)
    jikan, kitsu = (Budget(name, POLICY, storage, clock) for name in ("jikan", "kitsu"))
    await _take(jikan, clock, 3)
    assert await _take(kitsu, clock, 3) == [0, 0, 0]


async def test_without_rates_nothing_waits() -> None:
    clock = JumpClock()
    await _take(Budget("x", SourcePolicy(base_url="https://x.example"), limit_storage(clock, None), clock), clock, 1000)
    assert clock.elapsed_s == 0


class Recording(ClockRedisStorage):
    """Writes down when each hit was let in. (The clock may jump while an answer of Redis is on its way.)"""

    STORAGE_SCHEME = ["async+echora-recording"]  # noqa: RUF012
    hits: dict[int, list[float]]

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        at = self.time_s()
        entered = await super().acquire_entry(key, limit, expiry, amount)
        if entered:
            self.hits[expiry].append(at)
        return entered


async def test_in_redis_two_programs_share_one_budget(redis_url: str) -> None:
    clock = JumpClock()
    hits: dict[int, list[float]] = {1: [], 60: []}
    storages = [Recording(redis_url, clock) for _ in range(2)]
    for storage in storages:
        storage.hits = hits
    budgets = [Budget("shared", POLICY, storage, clock) for storage in storages]
    await asyncio.gather(*(_take(budget, clock, 40) for budget in budgets))
    assert len(hits[1]) == 80
    assert _most_within(hits[1], 0.999) <= 3
    assert _most_within(hits[60], 59.99) <= 60
    assert max(hits[60]) - min(hits[60]) >= 60
    for storage in storages:
        await storage.close()


async def test_the_storage_itself_lets_no_more_in() -> None:
    clock = JumpClock()
    storage = limit_storage(clock, None)
    entered = []
    for _ in range(4):
        entered.append(await storage.acquire_entry("k", 3, 60))
        await clock.sleep(15)
    assert entered == [True, True, True, False]
    assert await storage.acquire_entry("k", 3, 60), "the first hit is a minute old"


async def test_a_redis_that_is_gone_is_an_outage_of_redis() -> None:
    clock = JumpClock()
    budget = Budget("jikan", POLICY, limit_storage(clock, "redis://127.0.0.1:1/0"), clock)
    with pytest.raises(Outage, match="redis is not available"):
        await budget.take()


def entry(clock: JumpClock, keeps_s: float = 60.0) -> Entry:
    now_s = clock.now().timestamp()
    return Entry({"id": 1}, now_s, now_s, None, now_s + keeps_s)


@pytest.fixture(params=["memory", "redis"])
def cache_url(request: pytest.FixtureRequest) -> str | None:
    return request.getfixturevalue("redis_url") if request.param == "redis" else None


async def test_the_cache_keeps_until_the_clock_says_otherwise(cache_url: str | None) -> None:
    clock = JumpClock()
    cache = bodies(clock, cache_url)
    await cache.put("jikan:anime:1", "echora:here:", entry(clock))
    assert await cache.get("jikan:anime:1", "echora:here:") == entry(clock)
    assert await cache.get("jikan:anime:1", "echora:elsewhere:") is None, "another address has its own bodies"
    await clock.sleep(61)
    assert await cache.get("jikan:anime:1", "echora:here:") is None
    await cache.close()


async def test_a_cache_that_is_gone_is_an_empty_cache() -> None:
    clock = JumpClock()
    cache = bodies(clock, "redis://127.0.0.1:1/0")
    await cache.put("jikan:anime:1", "", entry(clock))
    assert await cache.get("jikan:anime:1", "") is None
    await cache.close()


async def test_the_memory_of_the_cache_is_bounded() -> None:
    cache = BoundedMemoryCache(entries_max=3)
    for number in range(10):
        await cache.set(str(number), "x", ttl=60)
    assert [await cache.exists(str(number)) for number in range(10)] == [False] * 7 + [True] * 3
