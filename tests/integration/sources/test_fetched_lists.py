"""Lists over several pages, with holes, or cut off: what they state and what stays open."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import httpx

from contracts.observation import Kind
from tests.integration.sources.conftest import SIXTY, Make
from tests.integration.sources.services import always, body


async def test_partial_graphql_answers_keep_what_they_have(house: Make) -> None:
    here = house()
    here.services.tricks["anilist"] = always(200, json=body("anilist_partial"))
    result = await here.sources.fetch("anilist", Kind.ANIME, ["801", "802"])
    partial, whole = result.observations["801"], result.observations["802"]
    assert partial.errors["related_anime"] == "Internal Server Error"
    assert {"related_anime", "related_source_material", "tags"} <= partial.open
    assert "title" in partial.speaks_for
    assert whole.errors == {}


async def test_a_list_with_a_hole_states_nothing(house: Make) -> None:
    here = house()
    holed = body("anilist_anime")
    holed["errors"] = [{"message": "gone", "path": ["Page", "media", 0, "relations", "edges", 1, "node"]}]
    holed["data"]["Page"]["media"][0]["relations"]["edges"][1]["node"] = None
    here.services.tricks["anilist"] = always(200, json=holed)
    seen = (await here.sources.fetch("anilist", Kind.ANIME, ["801"])).observations["801"]
    assert seen.errors["related_anime"] == "gone"
    assert {"related_anime", "related_source_material"} <= seen.open
    assert seen.anime is not None
    assert seen.anime.title == "Toudai no Neko"


async def test_pages_are_followed(house: Make) -> None:
    here = house()
    episodes = (await here.sources.fetch("jikan", Kind.EPISODES, ["901"])).observations["901"]
    assert [row.episode_number for row in episodes.episodes or []] == [1, 2, 3]
    episodes = (await here.sources.fetch("kitsu", Kind.EPISODES, ["701"])).observations["701"]
    assert [row.episode_number for row in episodes.episodes or []] == [1, 2]
    assert here.services.seen["kitsu"][1].url.host == "kitsu.app", "links.next named another host"
    cast = (await here.sources.fetch("anilist", Kind.CHARACTERS, ["801"])).observations["801"]
    assert [member.name for member in cast.characters or []] == ["Mikan", "The Keeper"]


async def test_a_list_that_was_cut_off_states_nothing(house: Make) -> None:
    here = house()
    endless = body("jikan_episodes_1")
    endless["pagination"]["last_visible_page"] = 1_000
    here.services.tricks["jikan"] = always(200, json=endless)
    seen = (await here.sources.fetch("jikan", Kind.EPISODES, ["901"])).observations["901"]
    assert seen.pages_left == 1
    assert seen.speaks_for == frozenset()
    assert "episodes" in seen.open
    assert here.services.counts()["jikan"] == 20


async def test_a_page_that_fails_loses_its_ids_only(house: Make) -> None:
    here = house()

    def second_batch_fails(request: httpx.Request) -> httpx.Response:
        ids = json.loads(request.content)["variables"]["ids"]
        return here.services.anilist(request) if 1001 in ids else httpx.Response(500, json={"errors": []})

    here.services.tricks["anilist"] = second_batch_fails
    result = await here.sources.fetch("anilist", Kind.STATISTICS, SIXTY)
    assert len(result.observations) == 50
    assert set(result.failures) == set(SIXTY[50:])


async def test_windows_and_changes_since(house: Make) -> None:
    here = house()
    since = datetime(2026, 10, 20, tzinfo=UTC)
    window = await here.sources.fetch("anilist", Kind.AIRING, [], since=since, until=since + timedelta(days=14))
    assert window.observations["801"].next_episode == 5
    assert here.services.counts()["anilist"] == 2
    await here.sources.fetch("kitsu", Kind.ANIME, ["701"], since=since)
    assert here.services.seen["kitsu"][0].url.params["filter[since]"] == "2026-10-20T00:00:00.000Z"
    refused = await here.sources.fetch("jikan", Kind.ANIME, ["901"], since=since)
    assert refused.failures["901"].kind == "not offered"


async def test_changes_end_at_the_first_that_is_too_old(house: Make) -> None:
    here = house()
    since = datetime(2026, 10, 20, tzinfo=UTC)

    def changed(request: httpx.Request) -> httpx.Response:
        page = json.loads(request.content)["variables"]["page"]
        template = body("anilist_anime")["data"]["Page"]["media"][0]
        stamps = [int(since.timestamp()) + (10 if page == 1 or number == 0 else -10) for number in range(2)]
        media = [{**template, "id": page * 10 + number, "updatedAt": at} for number, at in enumerate(stamps)]
        return httpx.Response(200, json={"data": {"Page": {"pageInfo": {"hasNextPage": True}, "media": media}}})

    here.services.tricks["anilist"] = changed
    result = await here.sources.fetch("anilist", Kind.ANIME, [], since=since)
    assert set(result.observations) == {"10", "11", "20"}
    assert here.services.counts()["anilist"] == 2
