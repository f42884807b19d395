"""The adapters against the simulated world: both were built from the same facts, neither from the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from contracts.clock import Clock
from contracts.observation import Kind
from handlers.sources.build import build_sources
from handlers.sources.fetch import Sources, Wish
from handlers.sources.notes import Surprise
from handlers.sources.policies import world_policies
from handlers.sources.resolve import resolve_ids
from handlers.sources.sources import SOURCES
from handlers.world.changes import Source
from handlers.world.desk import Desk
from handlers.world.misbehaviour import Fault
from handlers.world.server import world_app
from streams.clock import WorldClock
from tests.unit.sources.clocks import JumpClock
from tests.unit.world.catalogue import ORIGIN, world

MAL = tuple(str(1000 + number) for number in (*range(1, 15), *range(101, 107)))
IDS = {
    "jikan": MAL,
    "mal": MAL,
    "anilist": tuple(str(int(one) + 1000) for one in MAL),
    "kitsu": tuple(str(int(one) + 2000) for one in MAL),
}


START = ORIGIN + timedelta(days=30)


class Place:
    """A world, and the sources that look at it on its clock."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.desk = Desk(world(), self.clock)
        self.surprises: list[Surprise] = []
        self.sources: Sources = build_sources(
            self.clock,
            world_policies("http://world.test"),
            transport=httpx.ASGITransport(world_app(self.desk)),
            count_surprise=self.surprises.append,
        )


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    found = Place(JumpClock(START))
    yield found
    await found.sources.close()


@pytest.mark.parametrize("source", sorted(SOURCES))
async def test_every_kind_that_a_source_offers_is_there(place: Place, source: str) -> None:
    for kind in SOURCES[source].capability:
        if kind in (Kind.CHARACTER, Kind.EPISODE):
            continue
        result = await place.sources.fetch(source, kind, IDS[source][:3])
        assert result.failures == {}, f"{kind}: {result.failures}"
        for seen in result.observations.values():
            assert seen.errors == {}, f"{kind}: {seen.errors}"
            assert seen.speaks_for, f"{kind} says something"
    assert place.surprises == []


async def test_characters_and_single_episodes(place: Place) -> None:
    first = IDS["jikan"][0]
    episode = await place.sources.fetch("jikan", Kind.EPISODE, [f"{first}:1"])
    assert episode.observations[f"{first}:1"].episodes, episode.failures
    for source in ("jikan", "anilist", "kitsu"):
        cast = await place.sources.fetch(source, Kind.CHARACTERS, IDS[source][:1])
        characters = cast.observations[IDS[source][0]].characters
        assert characters, f"{source} has a cast"
        platform = SOURCES[source].platform
        ids = [ids[platform] for one in characters if platform in (ids := one.external_ids or {})]
        found = await place.sources.fetch(source, Kind.CHARACTER, ids[:2])
        assert found.failures == {}, f"{source}: {found.failures}"
        assert {seen.character.name for seen in found.observations.values() if seen.character} <= {
            one.name for one in characters
        }


async def test_the_four_agree_on_what_they_all_say(place: Place) -> None:
    wishes = [Wish(source, Kind.ANIME, IDS[source]) for source in SOURCES]
    results = {result.source: result for result in await place.sources.fetch_all(wishes)}
    same_titles = 0
    for at, _ in enumerate(MAL):
        said = [results[source].observations[IDS[source][at]].anime for source in SOURCES]
        assert len({anime.type for anime in said if anime}) == 1
        same_titles += len({anime.title for anime in said if anime}) == 1
    # The world changes a title by mistake here and there, and shows it with a lag that differs.
    assert same_titles >= len(MAL) - 3


async def test_our_own_limits_keep_us_below_theirs(place: Place) -> None:
    met: list[tuple[str, str]] = []
    sources = build_sources(
        place.clock,
        world_policies("http://world.test"),
        transport=httpx.ASGITransport(world_app(place.desk)),
        meter=lambda source, outcome: met.append((source, outcome)),
    )
    try:
        wishes = [
            Wish(source, kind, IDS[source])
            for source in ("jikan", "anilist")
            for kind in (Kind.STATISTICS, Kind.EPISODES, Kind.CHARACTERS)
        ]
        for result in await sources.fetch_all(wishes):
            assert result.failures == {}, result.summary()
    finally:
        await sources.close()
    assert {outcome for _, outcome in met} == {"ok"}, "not one 429"


async def test_a_bad_day_of_three_of_four(place: Place) -> None:
    for source, fault in (
        (Source.JIKAN, Fault.SERVER_ERROR),
        (Source.ANILIST, Fault.TOO_MANY),
        (Source.KITSU, Fault.HTML),
    ):
        place.desk.misbehaviour.start(
            source=source, kind=fault, now=place.clock.now(), for_s=86_400.0, retry_after_s=60
        )
    wishes = [Wish(source, Kind.ANIME, IDS[source]) for source in SOURCES]
    results = {result.source: result for result in await place.sources.fetch_all(wishes)}
    assert results["mal"].failures == {}
    for source in ("jikan", "anilist", "kitsu"):
        assert set(results[source].failures) == set(IDS[source])
        assert all(failure.passes for failure in results[source].failures.values())


async def test_ids_are_found_across_the_world(place: Place) -> None:
    resolved = await resolve_ids(place.sources, [{"mal": MAL[0]}, {"anilist": IDS["anilist"][1]}])
    assert resolved.failures == {}
    for at, ids in enumerate(resolved.ids):
        assert ids == {"mal": MAL[at], "anilist": IDS["anilist"][at], "kitsu": IDS["kitsu"][at]}


async def test_a_window_tells_what_airs(place: Place) -> None:
    since = place.clock.now()
    result = await place.sources.fetch("anilist", Kind.AIRING, [], since=since, until=since + timedelta(days=7))
    assert result.failures == {}
    assert result.observations
    assert all(seen.episodes for seen in result.observations.values())


async def test_four_minutes_a_week_on_the_worlds_own_clock() -> None:
    place = Place(WorldClock(START, datetime.now(UTC), speed=2520))
    try:
        wishes = [Wish(source, Kind.ANIME, IDS[source]) for source in SOURCES]
        for result in await place.sources.fetch_all(wishes):
            assert result.failures == {}, result.summary()
    finally:
        await place.sources.close()
