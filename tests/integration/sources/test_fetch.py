"""Fetching through the whole machinery: batches, caches, single flight, ids, and the account."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from email.utils import format_datetime

import httpx
import pytest

from contracts.observation import Kind
from handlers.sources.account import as_json
from handlers.sources.resolve import resolve_ids
from tests.integration.sources.conftest import SIXTY, Make
from tests.integration.sources.services import always, body, broken, first


async def test_an_observation_says_what_and_as_of_when(house: Make) -> None:
    here = house()
    result = await here.sources.fetch("jikan", Kind.ANIME, ["901"])
    assert result.failures == {}
    seen = result.observations["901"]
    assert (seen.source, seen.platform, seen.external_ids) == ("jikan", "mal", {"mal": "901"})
    assert seen.anime is not None
    assert seen.anime.title == "Toudai no Neko"
    assert {"background", "episode_count"} <= seen.open
    assert "nsfw" not in seen.open, "what a source never gives is not open, it was not asked"
    assert seen.observed_at == seen.fetched_at == here.clock.origin
    assert len(seen.raw_sha256) == 64
    assert not seen.stale


async def test_anilist_asks_fifty_at_once_and_kitsu_twenty(house: Make) -> None:
    here = house()
    for source, requests in (("anilist", 2), ("kitsu", 3), ("jikan", 60)):
        result = await here.sources.fetch(source, Kind.STATISTICS, SIXTY)
        assert len(result.observations) == 60, result.summary()
        assert here.services.counts()[source] == requests


async def test_selective_requests_ask_for_less(house: Make) -> None:
    here = house()
    for source in ("anilist", "kitsu", "mal"):
        result = await here.sources.fetch(source, Kind.ANIME, ["901"], fields={"status", "title"})
        assert result.observations["901"].speaks_for == {"status", "title"}
    query = json.loads(here.services.seen["anilist"][0].content)["query"]
    assert "status(version: 2)" in query
    assert "relations" not in query
    assert here.services.seen["mal"][0].url.params["fields"] == "title,status"
    assert here.services.seen["kitsu"][0].url.params["fields[anime]"] == "titles,canonicalTitle,status"
    assert "include" not in here.services.seen["kitsu"][0].url.params


async def test_what_is_cached_is_not_asked_again_and_a_whole_answers_for_its_parts(house: Make) -> None:
    here = house()
    for _ in range(2):
        await here.sources.fetch("jikan", Kind.ANIME, ["901"])
    part = await here.sources.fetch("jikan", Kind.ANIME, ["901"], fields={"title"})
    assert here.services.counts()["jikan"] == 1
    assert part.observations["901"].speaks_for == {"title"}
    await here.sources.fetch("jikan", Kind.ANIME, ["901"], fresh=True)
    assert here.services.counts()["jikan"] == 2
    await here.clock.sleep(7 * 3600)
    await here.sources.fetch("jikan", Kind.ANIME, ["901"])
    assert here.services.counts()["jikan"] == 3, "six hours are over"


async def test_concurrent_wishes_for_one_key_become_one_request(house: Make) -> None:
    here = house()
    results = await asyncio.gather(*(here.sources.fetch("jikan", Kind.ANIME, ["901"]) for _ in range(20)))
    assert here.services.counts()["jikan"] == 1
    assert all("901" in result.observations for result in results)


async def test_a_caller_who_gives_up_does_not_take_the_others_with_him(house: Make) -> None:
    here = house()
    throttle = always(429, headers={"Retry-After": "60"}, json=body("jikan_429"))
    here.services.tricks["jikan"] = first(1, throttle, here.services.jikan)
    impatient = asyncio.create_task(here.sources.fetch("jikan", Kind.ANIME, ["901"]))
    patient = asyncio.create_task(here.sources.fetch("jikan", Kind.ANIME, ["901"]))
    while not here.services.seen:
        await asyncio.sleep(0)
    impatient.cancel()
    assert "901" in (await patient).observations
    with pytest.raises(asyncio.CancelledError):
        await impatient


async def test_unknown_ids_are_remembered_for_a_short_time(house: Make) -> None:
    here = house()
    for source in ("jikan", "anilist", "kitsu"):
        for _ in range(2):
            result = await here.sources.fetch(source, Kind.ANIME, ["404"])
            assert result.failures["404"].kind == "not found"
            assert not result.failures["404"].passes
        assert here.services.counts()[source] == 1
    await here.clock.sleep(601)
    await here.sources.fetch("jikan", Kind.ANIME, ["404"])
    assert here.services.counts()["jikan"] == 2


async def test_stale_copies_are_marked_and_dated_by_the_source(house: Make) -> None:
    here = house()
    now = here.clock.now()
    headers = {
        "Last-Modified": format_datetime(now - timedelta(hours=30), usegmt=True),
        "Expires": format_datetime(now - timedelta(hours=6), usegmt=True),
    }
    here.services.tricks["jikan"] = always(200, json=body("jikan_anime"), headers=headers)
    seen = (await here.sources.fetch("jikan", Kind.ANIME, ["901"])).observations["901"]
    assert seen.stale
    assert seen.observed_at == now - timedelta(hours=30), "an old copy is an old observation"
    assert seen.fetched_at == now


async def test_a_body_within_its_promise_turns_stale_in_our_cache(house: Make) -> None:
    here = house()
    expires = format_datetime(here.clock.now() + timedelta(hours=1), usegmt=True)
    here.services.tricks["jikan"] = always(200, json=body("jikan_anime"), headers={"Expires": expires})
    assert not (await here.sources.fetch("jikan", Kind.ANIME, ["901"])).observations["901"].stale
    await here.clock.sleep(2 * 3600)
    assert (await here.sources.fetch("jikan", Kind.ANIME, ["901"])).observations["901"].stale
    assert here.services.counts()["jikan"] == 1


async def test_ids_are_resolved_once_and_known_ones_are_kept(house: Make) -> None:
    here = house()
    resolved = await resolve_ids(here.sources, [{"mal": "901"}, {"mal": "902", "anilist": "7", "kitsu": "9"}])
    assert resolved.ids[0] == {"mal": "901", "anilist": "801", "kitsu": "701"}
    assert resolved.ids[1] == {"mal": "902", "anilist": "7", "kitsu": "9"}
    assert resolved.failures == {}
    assert here.services.counts() == {"anilist": 1, "kitsu": 1}


async def test_a_source_that_cannot_be_asked_for_ids_is_named(house: Make) -> None:
    here = house()
    here.services.tricks["kitsu"] = broken(httpx.ConnectError)
    resolved = await resolve_ids(here.sources, [{"mal": "901"}])
    assert resolved.ids[0] == {"mal": "901", "anilist": "801"}
    assert set(resolved.failures) == {"kitsu"}


async def test_an_account_is_plain_json(house: Make) -> None:
    here = house()
    plain = as_json(await here.sources.fetch("jikan", Kind.ANIME, ["901", "404"]))
    again = json.loads(json.dumps(plain))
    assert again == plain
    assert plain["observations"]["901"]["anime"]["title"] == "Toudai no Neko"
    assert plain["failures"]["404"]["kind"] == "not found"
