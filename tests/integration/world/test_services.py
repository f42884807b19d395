from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest

from contracts.errors import Outage
from handlers.world.desk import Desk
from handlers.world.running import listening_socket, run_world, serving
from tests.unit.world.catalogue import ORIGIN, HandClock, world

MAL = {"X-MAL-CLIENT-ID": "tests"}
TITLES = (
    "query ($ids: [Int]) { Page(perPage: 50) { pageInfo { hasNextPage } media(id_in: $ids) { id title { romaji } } } }"
)


async def test_all_four_services_tell_the_same_title_in_their_own_way(http):
    jikan = (await http.get("/jikan/v4/anime/1002")).json()["data"]
    anilist = (await http.post("/anilist", json={"query": TITLES, "variables": {"ids": [2002]}})).json()
    kitsu = (await http.get("/kitsu/api/edge/anime/3002")).json()["data"]
    mal = (await http.get("/mal/v2/anime/1002?fields=mean", headers=MAL)).json()
    assert jikan["title"] == mal["title"] == "Show 2"
    assert anilist["data"]["Page"]["media"] == [{"id": 2002, "title": {"romaji": "Show 2"}}]
    assert kitsu["attributes"]["canonicalTitle"] == "Show 2"
    assert (jikan["score"], mal["mean"], kitsu["attributes"]["averageRating"]) == (7.51, 7.51, "73.21")


async def test_jikan_promises_a_day_from_its_last_refresh_on_the_worlds_clock(http, clock):
    clock.at = ORIGIN + timedelta(days=2, hours=5)
    reply = await http.get("/jikan/v4/anime/1101")
    taken, expires = (parsedate_to_datetime(reply.headers[name]) for name in ("Last-Modified", "Expires"))
    assert expires - taken == timedelta(days=1)
    assert taken <= clock.at < expires
    assert parsedate_to_datetime(reply.headers["Date"]) == clock.at
    assert reply.headers["X-Cache-Status"] == "HIT"
    assert "etag" not in reply.headers


async def test_jikan_allows_three_a_second_and_sixty_a_minute(http, clock):
    statuses = [(await http.get("/jikan/v4/anime/1001")).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    refused = await http.get("/jikan/v4/anime/1001")
    assert refused.json()["type"] == "RateLimitException"
    assert "retry-after" not in refused.headers
    taken = 3
    for _ in range(40):
        clock.at += timedelta(seconds=1)
        taken += sum([(await http.get("/jikan/v4/anime/1001")).status_code == 200 for _ in range(3)])
    assert taken == 60


async def test_anilist_says_how_long_to_wait_and_keeps_its_word(http, clock):
    async def ask() -> httpx.Response:
        return await http.post("/anilist", json={"query": TITLES, "variables": {"ids": [2001]}})

    for _ in range(30):
        assert (await ask()).status_code == 200
        clock.at += timedelta(milliseconds=200)
    refused = await ask()
    assert refused.status_code == 429
    assert refused.json() == {"data": None, "errors": [{"message": "Too Many Requests.", "status": 429}]}
    clock.at += timedelta(seconds=int(refused.headers["Retry-After"]))
    assert (await ask()).status_code == 200


async def test_anilist_pages_fifty_at_most_and_says_so_ahead_of_the_list(http):
    fields = "pageInfo { hasNextPage total } media(type: ANIME) { id }"
    query = f"query ($page: Int) {{ Page(page: $page, perPage: 7) {{ {fields} }} }}"
    seen, page, more = [], 1, True
    while more:
        reply = (await http.post("/anilist", json={"query": query, "variables": {"page": page}})).json()["data"]["Page"]
        seen += [one["id"] for one in reply["media"]]
        more, page = reply["pageInfo"]["hasNextPage"], page + 1
    assert len(seen) == len(set(seen)) == reply["pageInfo"]["total"] == 24


async def test_kitsu_pages_by_its_own_links(http):
    seen, address = [], "/kitsu/api/edge/anime?page[limit]=10"
    while address:
        reply = (await http.get(address)).json()
        seen += [one["id"] for one in reply["data"]]
        address = reply["links"].get("next")
    assert len(seen) == len(set(seen)) == reply["meta"]["count"] == 24


async def test_kitsu_maps_ids_of_myanimelist(http):
    reply = await http.get(
        "/kitsu/api/edge/mappings",
        params={"filter[externalSite]": "myanimelist/anime", "filter[externalId]": "1001,1002", "include": "item"},
    )
    found = {
        one["attributes"]["externalId"]: one["relationships"]["item"]["data"]["id"] for one in reply.json()["data"]
    }
    assert found == {"1001": "3001", "1002": "3002"}


async def test_jikan_pages_a_long_list_and_claims_a_next_page_on_the_last(http, clock):
    numbers = []
    for page in (1, 2, 3):
        reply = (await http.get(f"/jikan/v4/anime/1005/episodes?page={page}")).json()
        numbers += [row["mal_id"] for row in reply["data"]]
        assert reply["pagination"] == {"last_visible_page": 3, "has_next_page": True}
    assert numbers == list(range(1, 251))


async def test_an_episode_becomes_visible_on_each_service_when_the_truth_says(http, clock):
    clock.at = ORIGIN + timedelta(days=8)
    truth = (await http.get("/truth")).json()["changes"]
    aired = next(one for one in truth if one["field"] == "episodes" and one["kind"] == "episode_aired")
    number = aired["new"]["episode_number"]
    mal = aired["title"].removeprefix("Show ")

    async def shown(source: str) -> bool:
        if source == "jikan":
            rows = (await http.get(f"/jikan/v4/anime/{1000 + int(mal)}/episodes")).json()["data"]
            return any(row["mal_id"] == number and row["aired"] for row in rows)
        address = f"/kitsu/api/edge/anime/{3000 + int(mal)}/episodes?page[limit]=20"
        rows = (await http.get(address)).json()["data"]
        return any(row["attributes"]["number"] == number and row["attributes"]["airdate"] for row in rows)

    for source in ("jikan", "kitsu"):
        when = datetime.fromisoformat(aired["visible"][source])
        clock.at = when - timedelta(seconds=1)
        assert not await shown(source)
        clock.at = when
        assert await shown(source)


async def test_the_truth_can_be_asked_for_a_span_and_refuses_nonsense(http):
    inside = (await http.get("/truth", params={"from": "2026-08-11T00:00:00Z", "to": "2026-08-12T00:00:00Z"})).json()
    assert inside["changes"]
    assert all("2026-08-11" <= one["at"] < "2026-08-12" for one in inside["changes"])
    assert (await http.get("/truth?from=yesterday")).status_code == 400
    assert (await http.get("/truth?to=2999-01-01T00:00:00Z")).status_code == 400


async def test_clock_and_health_answer(http, clock):
    clock.at += timedelta(hours=3)
    assert datetime.fromisoformat((await http.get("/clock")).json()["now"]) == clock.at
    assert (await http.get("/healthz")).json()["ok"] is True


async def test_a_restart_with_the_same_seed_and_origin_is_the_same_world():
    bodies = []
    for _ in range(2):
        clock = HandClock(ORIGIN + timedelta(days=9))
        async with serving(Desk(world(), clock)) as url, httpx.AsyncClient(base_url=url) as http:
            reply = await http.get("/kitsu/api/edge/anime?page[limit]=20&include=episodes")
            truth = await http.get("/truth")
            bodies.append((reply.text.replace(url, ""), truth.text))
    assert bodies[0] == bodies[1]


async def test_it_stops_when_told_and_frees_its_port():
    stop = asyncio.Event()
    with listening_socket(0) as free:
        port = free.getsockname()[1]
    task = asyncio.create_task(run_world(world(), HandClock(), port=port, stop=stop))
    async with httpx.AsyncClient() as http:
        async with asyncio.timeout(30):
            while True:
                try:
                    assert (await http.get(f"http://127.0.0.1:{port}/healthz")).status_code == 200
                    break
                except httpx.ConnectError:
                    await asyncio.sleep(0.01)
        stop.set()
        await asyncio.wait_for(task, 30)
        with pytest.raises(httpx.ConnectError):
            await http.get(f"http://127.0.0.1:{port}/healthz")


async def test_a_taken_port_is_said_plainly():
    with listening_socket(0) as taken:
        taken.listen()
        with pytest.raises(Outage, match="is taken"):
            async with serving(Desk(world(), HandClock()), taken.getsockname()[1]):
                pass


async def test_a_body_that_is_too_large_is_refused(http):
    assert (await http.post("/anilist", content=b"x" * 300_000)).status_code == 413
