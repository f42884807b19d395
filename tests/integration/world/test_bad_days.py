from __future__ import annotations

import json
from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest

from tests.unit.world.catalogue import ORIGIN

ADDRESS = {
    "jikan": "/jikan/v4/anime/1001",
    "kitsu": "/kitsu/api/edge/anime/3001",
    "mal": "/mal/v2/anime/1001?fields=mean",
}
QUERY = "query { Page(perPage: 50) { media(type: ANIME) { id averageScore characters { edges { role } } } } }"


async def ask(http, source: str):
    if source == "anilist":
        return await http.post("/anilist", json={"query": QUERY})
    return await http.get(ADDRESS[source], headers={"X-MAL-CLIENT-ID": "tests"})


async def misbehave(http, source: str, kind: str, **more):
    reply = await http.post("/misbehave", json={"source": source, "kind": kind, "for_s": 600, **more})
    assert reply.status_code == 201, reply.text


@pytest.mark.parametrize("source", ["jikan", "anilist", "kitsu", "mal"])
@pytest.mark.parametrize("kind", ["429", "500", "504"])
async def test_a_service_fails_as_asked_while_the_others_do_not_and_recovers(http, clock, source, kind):
    await misbehave(http, source, kind)
    assert (await ask(http, source)).status_code == int(kind)
    for other in {"jikan", "anilist", "kitsu", "mal"} - {source}:
        assert (await ask(http, other)).status_code == 200
    clock.at += timedelta(seconds=600)
    assert (await ask(http, source)).status_code == 200


async def test_a_429_comes_with_and_without_how_long_to_wait(http):
    await misbehave(http, "mal", "429", retry_after_s=17)
    assert (await ask(http, "mal")).headers["Retry-After"] == "17"
    await http.delete("/misbehave")
    await misbehave(http, "mal", "429")
    assert "retry-after" not in (await ask(http, "mal")).headers


async def test_error_bodies_are_each_dialects_own(http):
    for source in ("jikan", "anilist", "kitsu", "mal"):
        await misbehave(http, source, "500")
    bodies = {source: (await ask(http, source)).json() for source in ("jikan", "anilist", "kitsu", "mal")}
    assert bodies["jikan"]["type"] == "UpstreamException"
    assert bodies["anilist"]["errors"][0]["status"] == 500
    assert bodies["kitsu"]["errors"][0]["status"] == "500"
    assert set(bodies["mal"]) == {"message", "error"}


async def test_a_timeout_holds_the_answer_on_the_worlds_clock(http, clock):
    await misbehave(http, "kitsu", "timeout", hold_s=45)
    assert (await ask(http, "kitsu")).status_code == 504
    assert clock.slept == [45]


async def test_truncated_and_html_bodies_are_no_json(http):
    await misbehave(http, "jikan", "truncated")
    await misbehave(http, "kitsu", "html")
    for source in ("jikan", "kitsu"):
        reply = await ask(http, source)
        assert reply.status_code == 200
        with pytest.raises(json.JSONDecodeError):
            reply.json()
    assert reply.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("days", [1, 9])
async def test_a_stale_copy_says_that_it_is_past_its_time(http, clock, days):
    clock.at = ORIGIN + timedelta(days=days)
    await misbehave(http, "jikan", "stale", stale_s=3 * 86_400)
    reply = await ask(http, "jikan")
    assert parsedate_to_datetime(reply.headers["Expires"]) < clock.at
    assert reply.headers["X-Cache-Status"] == "STALE"


async def test_a_stale_copy_shows_the_past(http, clock):
    clock.at = ORIGIN + timedelta(days=9)
    members = (await ask(http, "jikan")).json()["data"]["members"]
    await misbehave(http, "jikan", "stale", stale_s=5 * 86_400)
    assert (await ask(http, "jikan")).json()["data"]["members"] < members


async def test_a_partial_answer_has_data_errors_and_nulls(http):
    whole = (await ask(http, "anilist")).json()["data"]["Page"]["media"]
    await misbehave(http, "anilist", "partial")
    reply = await ask(http, "anilist")
    assert reply.status_code == 200
    body = reply.json()
    lost = [at for at, one in enumerate(body["data"]["Page"]["media"]) if one["characters"] is None]
    assert lost
    assert len(lost) < len(whole)
    assert {tuple(error["path"][:3]) for error in body["errors"]} == {("Page", "media", at) for at in lost}
    kept = [one for at, one in enumerate(body["data"]["Page"]["media"]) if at not in lost]
    assert kept == [one for at, one in enumerate(whole) if at not in lost]


async def test_a_mass_change_spoils_that_share_of_the_titles_of_one_service(http, clock):
    async def titles() -> list[str]:
        rows = []
        for page in (1, 2):
            clock.at += timedelta(seconds=1)
            rows += (await http.get(f"/jikan/v4/anime?page={page}")).json()["data"]
        return [row["title"] for row in rows]

    before = await titles()
    await misbehave(http, "jikan", "mass_titles", share=0.5)
    changed = sum(one != other for one, other in zip(before, await titles(), strict=True))
    assert 0.2 * len(before) < changed < 0.8 * len(before)
    assert (await ask(http, "mal")).json()["title"] == "Show 1"
    await http.delete("/misbehave")
    assert await titles() == before


async def test_open_spells_are_listed_and_nonsense_is_refused(http):
    await misbehave(http, "jikan", "500", share=0.5)
    windows = (await http.get("/misbehave")).json()["windows"]
    assert [(one["source"], one["kind"], one["share"]) for one in windows] == [("jikan", "500", 0.5)]
    for wrong in ({}, {"source": "jikan", "kind": "418", "for_s": 1}, {"source": "jikan", "kind": "500", "four": 1}):
        assert (await http.post("/misbehave", json=wrong)).status_code == 400
