"""World or live by setting alone, each source with its switch, and never both in one database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from contracts.errors import Outage, Permanent
from contracts.observation import Kind
from handlers.sources.fetch import FetchResult
from streams.calendar import open_calendar
from streams.clock import SystemClock
from streams.settings import Settings
from streams.sources import claim_database, open_sources
from tests.integration.world.process import FRIEREN, PATHS, WorldProcess, running_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorldProcess]:
    with running_world(tmp_path_factory.mktemp("world"), "--speed", "2520") as process:
        yield process


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type[Settings]:
    """Settings that read nothing from the surroundings of the tests."""
    monkeypatch.chdir(tmp_path)
    for field in Settings.model_fields.values():
        monkeypatch.delenv(str(field.alias), raising=False)
    monkeypatch.setenv("ECHORA_HOME", str(tmp_path / "home"))
    return Settings


async def frieren(settings: Settings, *names: str) -> dict[str, FetchResult]:
    clock = SystemClock()
    async with open_sources(settings, clock, await open_calendar(settings, clock)) as sources:
        return {name: await sources.fetch(name, Kind.ANIME, [FRIEREN[name]]) for name in names or FRIEREN}


def is_frieren(result: FetchResult) -> bool:
    """Whether the source told of it, as it would."""
    (seen,) = result.observations.values()
    assert seen.anime is not None
    return "Frieren" in f"{seen.anime.title} {seen.anime.title_english}" and not result.failures


async def test_a_world_of_its_own_is_kept_in_the_data_folder(settings: type[Settings], tmp_path: Path) -> None:
    results = await frieren(settings(WORLD_SEED=11, WORLD_SPEED=60.0))
    assert [is_frieren(result) for result in results.values()] == [True] * 4
    kept = json.loads((tmp_path / "home" / "world.json").read_text())
    assert (kept["seed"], kept["speed"]) == (11, 60)
    with pytest.raises(Permanent, match="seed 11, not 7"):
        await frieren(settings())


async def test_a_world_that_runs_elsewhere_is_asked_on_its_own_clock(
    settings: type[Settings], world: WorldProcess, tmp_path: Path
) -> None:
    before = datetime.fromisoformat(world.get("/clock")["now"])
    results = await frieren(settings(WORLD_URL=world.url))
    after = datetime.fromisoformat(world.get("/clock")["now"])
    assert [is_frieren(result) for result in results.values()] == [True] * 4
    # What its answer took to come is lost: at this speed an hour of the world is a second and a half of ours.
    for result in results.values():
        (seen,) = result.observations.values()
        assert before - timedelta(hours=1) <= seen.fetched_at <= after
    assert not (tmp_path / "home" / "world.json").exists()


async def test_a_live_service_is_asked_by_setting_alone(settings: type[Settings], world: WorldProcess) -> None:
    """The world stands in for the services' own hosts: nothing but addresses, and MyAnimeList's client id, is set."""
    addresses = {name: world.url + path for name, path in PATHS.items()}
    live = settings(ECHORA_SOURCES="live", MAL_CLIENT_ID="ours", **addresses)
    results = await frieren(live)
    assert [is_frieren(result) for result in results.values()] == [True] * 4


async def test_live_services_have_their_own_addresses(settings: type[Settings]) -> None:
    clock = SystemClock()
    async with open_sources(settings(ECHORA_SOURCES="live"), clock, clock) as sources:
        urls = {name: line.policy.base_url for name, line in sources.lines.items()}
    assert urls == {
        "jikan": "https://api.tenrai.org/v1",
        "anilist": "https://graphql.anilist.co",
        "kitsu": "https://kitsu.app/api/edge",
        "mal": "https://api.myanimelist.net/v2",
    }


@pytest.mark.parametrize("name", FRIEREN)
async def test_each_source_can_be_switched_off(settings: type[Settings], world: WorldProcess, name: str) -> None:
    results = await frieren(settings(WORLD_URL=world.url, **{f"{name.upper()}_ENABLED": False}))
    (failure,) = results.pop(name).failures.values()
    assert (failure.kind, failure.passes) == ("not offered", False)
    assert failure.reason == f"{name} is switched off by its settings"
    assert all(is_frieren(result) for result in results.values())


async def test_myanimelist_is_off_until_it_has_a_client_id(settings: type[Settings], world: WorldProcess) -> None:
    live = settings(ECHORA_SOURCES="live", MAL_ENABLED=True, MAL_BASE_URL=world.url + PATHS["MAL_BASE_URL"])
    (failure,) = (await frieren(live, "mal"))["mal"].failures.values()
    assert failure.kind == "not offered"


@pytest.mark.parametrize("path", ["", "/jikan/v4"])
async def test_a_world_that_does_not_tell_its_time_is_named(
    settings: type[Settings], world: WorldProcess, path: str
) -> None:
    url = world.url + path if path else "http://127.0.0.1:1"
    with pytest.raises(Outage, match=r"did not tell its time .*start it, or correct WORLD_URL") as away:
        await frieren(settings(WORLD_URL=url))
    assert url in str(away.value)
    assert "\n" not in str(away.value)


@pytest.fixture
def two(settings: type[Settings]) -> dict[str, Settings]:
    return {name: settings(ECHORA_SOURCES=name) for name in ("world", "live")}


@pytest.mark.parametrize(("first", "second"), [("world", "live"), ("live", "world")])
async def test_the_two_never_mix(pool: asyncpg.Pool, two: dict[str, Settings], first: str, second: str) -> None:
    await claim_database(pool, two[first])
    await claim_database(pool, two[first])  # A second start with the same word.
    with pytest.raises(Permanent, match=f"ECHORA_SOURCES={second} would mix both: set ECHORA_SOURCES={first}") as no:
        await claim_database(pool, two[second])
    assert "\n" not in str(no.value)
    await claim_database(pool, two[first])


async def test_the_worlds_word_is_its_default(pool: asyncpg.Pool, settings: type[Settings]) -> None:
    await claim_database(pool, settings())
    assert await pool.fetchval("SELECT origin FROM catalogue_origin") == "world"


async def test_of_two_that_claim_at_once_one_is_refused(
    pool: asyncpg.Pool, other_pool: asyncpg.Pool, two: dict[str, Settings]
) -> None:
    ended = await asyncio.gather(
        claim_database(pool, two["world"]), claim_database(other_pool, two["live"]), return_exceptions=True
    )
    assert sorted(type(end).__name__ for end in ended) == ["NoneType", "Permanent"]
