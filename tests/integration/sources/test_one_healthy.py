"""A bad day of three of four, over a real socket on a fast world's clock: one down, one throttling, one in garbage."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import httpx
import pytest

from contracts.observation import Kind
from handlers.sources.account import FetchResult
from handlers.sources.build import build_sources
from handlers.sources.fetch import Sources, Wish
from handlers.sources.policies import world_policies
from handlers.sources.sources import SOURCES
from handlers.world.changes import Source
from handlers.world.desk import Desk
from handlers.world.running import serving
from handlers.world.world import World
from streams.clock import WorldClock
from streams.world import demo_origin, demo_records

SIXTY: Final = 60
FAST: Final = 2520.0
NAMES: Final = ("jikan", "anilist", "kitsu", "mal")
A_YEAR_S: Final = 365 * 86_400.0
NOWHERE: Final = "http://127.0.0.1:1"
# How the three that are not well fail, and what the account may call it.
DOWN: Final = frozenset({"failed", "outage"})
THROTTLED: Final = frozenset({"throttled"})
GARBAGE: Final = frozenset({"unreadable", "outage"})


@pytest.fixture(scope="module")
def settled() -> World:
    return World(demo_records(), seed=7, origin=demo_origin())


class Place:
    """A world that is served, and what looks at it."""

    def __init__(self, url: str, desk: Desk, clock: WorldClock) -> None:
        self.url, self.desk, self.clock = url, desk, clock
        self.met: Counter[tuple[str, str]] = Counter()
        world, now = desk.world, clock.now()
        everywhere = [title for title in world.history.titles.values() if set(title.ids) == set(Source)][:SIXTY]
        self.ids = {source.value: tuple(str(title.ids[source]) for title in everywhere) for source in Source}
        self.titles = {
            source.value: {str(shown.title.ids[source]): shown.anime.title for shown in world.at(source, now).anime()}
            for source in Source
        }

    def look(self, stack: AsyncExitStack, refused: str | None = None, **policy: Any) -> Sources:
        """Sources that ask this world; `refused` names one whose address nobody answers at."""
        policies = {name: replace(one, **policy) for name, one in world_policies(self.url).items()}
        if refused:
            policies[refused] = replace(policies[refused], base_url=NOWHERE)
        sources = build_sources(self.clock, policies, meter=lambda *how: self.met.update([how]))
        stack.push_async_callback(sources.close)
        return sources

    async def misbehave(self, source: str, kind: str, **more: object) -> None:
        async with httpx.AsyncClient(base_url=self.url) as http:
            reply = await http.post("/misbehave", json={"source": source, "kind": kind, "for_s": A_YEAR_S, **more})
            assert reply.status_code == 201, reply.text

    async def behave(self) -> None:
        async with httpx.AsyncClient(base_url=self.url) as http:
            await http.delete("/misbehave")

    def wishes(self, *names: str) -> list[Wish]:
        return [Wish(name, Kind.ANIME, self.ids[name]) for name in names]


@asynccontextmanager
async def place(world: World, speed: float) -> AsyncIterator[tuple[Place, AsyncExitStack]]:
    clock = WorldClock(world.origin, datetime.now(UTC), speed)
    desk = Desk(world, clock)
    async with serving(desk) as url, AsyncExitStack() as stack:
        yield Place(url, desk, clock), stack


def knows_all(here: Place, result: FetchResult) -> None:
    """Every one of the sixty, as the world shows it."""
    assert result.failures == {}, result.summary()
    assert set(result.observations) == set(here.ids[result.source])
    assert len(result.observations) == SIXTY
    shown = here.titles[result.source]
    same = sum(seen.anime is not None and seen.anime.title == shown[one] for one, seen in result.observations.items())
    # The world goes on while it is asked, and now and then it changes a title.
    assert same >= SIXTY - 3


def accounts_for_all(here: Place, result: FetchResult, kinds: frozenset[str]) -> None:
    """Every one of the sixty has a reason, which passes and names the source."""
    assert result.observations == {}, result.summary()
    assert set(result.failures) == set(here.ids[result.source])
    assert {failure.kind for failure in result.failures.values()} <= kinds, result.summary()
    for failure in result.failures.values():
        assert failure.passes
        assert result.source in failure.reason


# For each healthy source: who is down and how, who throttles, who sends garbage and which.
DAYS: Final = {
    "jikan": ("anilist", "500", "kitsu", "mal", "html"),
    "anilist": ("kitsu", "refused", "mal", "jikan", "truncated"),
    "kitsu": ("mal", "504", "jikan", "anilist", "html"),
    "mal": ("jikan", "refused", "anilist", "kitsu", "truncated"),
}


@pytest.mark.parametrize("healthy", DAYS)
async def test_all_that_the_healthy_one_knows_and_an_account_of_the_rest(settled: World, healthy: str) -> None:
    down, how, throttling, garbled, garbage = DAYS[healthy]
    async with place(settled, FAST) as (here, stack):
        if how != "refused":
            await here.misbehave(down, how)
        await here.misbehave(throttling, "429", **({"retry_after_s": 60} if throttling == "anilist" else {}))
        await here.misbehave(garbled, garbage)
        sources = here.look(stack, refused=down if how == "refused" else None)
        results = {result.source: result for result in await sources.fetch_all(here.wishes(*NAMES))}
        knows_all(here, results[healthy])
        accounts_for_all(here, results[down], DOWN)
        accounts_for_all(here, results[throttling], THROTTLED)
        accounts_for_all(here, results[garbled], GARBAGE)
        assert {outcome for source, outcome in here.met if source == healthy} == {"ok"}
        for source in (down, garbled):
            tries = sum(number for (name, _), number in here.met.items() if name == source)
            assert tries < 20, "the breaker spared a source that is not well the rest of the sixty"


@pytest.mark.parametrize("healthy", NAMES)
async def test_nobody_waits_for_those_that_are_not_well(settled: World, healthy: str) -> None:
    """The other three would keep us for years of the world; the healthy one ends all the same."""
    others = [name for name in NAMES if name != healthy]
    async with place(settled, FAST) as (here, stack):
        for other, kind in zip(others, ("429", "timeout", "504"), strict=True):
            await here.misbehave(other, kind, **({"hold_s": 3_600} if kind == "timeout" else {}))
        patient = here.look(stack, attempts=1_000_000, throttles_max=1_000_000, failures_to_open=1_000_000)
        waiting = [asyncio.create_task(patient.fetch_all(here.wishes(other))) for other in others]
        (result,) = await patient.fetch_all(here.wishes(healthy))
        knows_all(here, result)
        assert [task.done() for task in waiting] == [False] * 3
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


@pytest.mark.parametrize("name", NAMES)
async def test_the_breaker_opens_and_closes_again(settled: World, name: str) -> None:
    async with place(settled, 100.0) as (here, stack):
        await here.misbehave(name, "500")
        sources = here.look(stack, rate_per_s=None, rate_per_min=None, open_s=200.0, failures_to_open=2)
        (result,) = await sources.fetch_all(here.wishes(name))
        accounts_for_all(here, result, DOWN)
        asked = here.met.total()
        (result,) = await sources.fetch_all(here.wishes(name))
        accounts_for_all(here, result, frozenset({"outage"}))
        assert here.met.total() == asked, "while it is open nothing is sent"
        assert all(0 < (failure.retry_after_s or 0) <= 200 for failure in result.failures.values())
        await here.behave()
        await here.clock.sleep(201)
        (result,) = await sources.fetch_all(here.wishes(name))
        knows_all(here, result)


def test_every_source_is_the_healthy_one_once() -> None:
    assert set(DAYS) == set(SOURCES) == set(NAMES)
    for healthy, (down, _, throttling, garbled, _) in DAYS.items():
        assert {healthy, down, throttling, garbled} == set(NAMES)
