"""Fetching through the whole machinery: batches, caches, single flight, patience, breakers, and the account."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from contracts.errors import Permanent
from contracts.observation import Kind
from handlers.sources.account import as_json
from handlers.sources.fetch import Wish
from handlers.sources.resolve import resolve_ids
from tests.integration.sources.conftest import House
from tests.integration.sources.services import always, body, broken, first

Make = Callable[..., House]
SIXTY = tuple(str(number) for number in range(1001, 1061))


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


async def test_a_429_waits_as_told_and_is_no_failure(house: Make) -> None:
    here = house()
    throttle = always(429, headers={"Retry-After": "60"}, json=body("anilist_429"))
    here.services.tricks["anilist"] = first(1, throttle, here.services.anilist)
    result = await here.sources.fetch("anilist", Kind.ANIME, ["801"])
    assert "801" in result.observations
    assert 60 <= here.clock.elapsed_s < 62
    assert here.met == [("anilist", "Throttled"), ("anilist", "ok")]


async def test_a_429_with_a_date_and_one_with_nothing(house: Make) -> None:
    here = house(throttle_default_s=17.0)
    when = format_datetime(here.clock.now() + timedelta(seconds=40), usegmt=True)
    dated = always(429, headers={"Retry-After": when}, json=body("jikan_429"))
    here.services.tricks["jikan"] = first(1, dated, first(1, always(429, json=body("jikan_429")), here.services.jikan))
    result = await here.sources.fetch("jikan", Kind.ANIME, ["901"])
    assert "901" in result.observations
    assert 57 <= here.clock.elapsed_s < 59, "40 s by the date, then 17 s by our own default"


async def test_endless_429_ends_with_the_wait(house: Make) -> None:
    here = house()
    here.services.tricks["jikan"] = always(429, headers={"Retry-After": "30"}, json=body("jikan_429"))
    result = await here.sources.fetch("jikan", Kind.ANIME, ["901"])
    failure = result.failures["901"]
    assert (failure.kind, failure.passes, failure.retry_after_s) == ("throttled", True, 30.0)
    assert here.services.counts()["jikan"] == 5
    assert here.sources.lines["jikan"]._sender.breaker.state == "closed"


@pytest.mark.parametrize(
    "trick",
    [
        always(504, json=body("jikan_504")),
        broken(httpx.ConnectError),
        broken(httpx.ReadTimeout),
        broken(httpx.RemoteProtocolError),
        always(200, text="<html><body>Back soon</body></html>"),
        always(200, content=json.dumps(body("jikan_anime")).encode()[:500]),
        always(200, json=["not", "an", "object"]),
    ],
    ids=["504", "connect", "timeout", "cut-off", "html", "half a body", "a list"],
)
async def test_what_may_pass_is_tried_again_with_backoff(house: Make, trick: object) -> None:
    here = house()
    here.services.tricks["jikan"] = first(2, trick, here.services.jikan)  # type: ignore[arg-type]
    result = await here.sources.fetch("jikan", Kind.ANIME, ["901"])
    assert "901" in result.observations, result.failures
    assert here.services.counts()["jikan"] == 3


async def test_what_cannot_help_is_not_tried_again(house: Make) -> None:
    here = house()
    here.services.tricks["mal"] = always(400, json={"message": "invalid fields", "error": "bad_request"})
    result = await here.sources.fetch("mal", Kind.ANIME, ["901"])
    assert result.failures["901"].kind == "refused"
    assert here.services.counts()["mal"] == 1


async def test_a_source_that_is_down_costs_nothing(house: Make) -> None:
    here = house()
    here.services.tricks["jikan"] = broken(httpx.ConnectError)
    result = await here.sources.fetch("jikan", Kind.ANIME, SIXTY)
    assert len(result.failures) == 60
    asked = here.services.counts()["jikan"]
    assert asked < 12
    assert here.clock.elapsed_s < 15, "the breaker opened, and whoever waited was told at once"
    await here.clock.sleep(3)  # The gate's last wait for the budget runs out.
    before_s = here.clock.elapsed_s
    result = await here.sources.fetch("jikan", Kind.ANIME, ["5"])
    assert result.failures["5"].kind == "outage"
    assert result.failures["5"].retry_after_s is not None
    assert (here.services.counts()["jikan"], here.clock.elapsed_s) == (asked, before_s)
    del here.services.tricks["jikan"]
    await here.clock.sleep(61)
    result = await here.sources.fetch("jikan", Kind.ANIME, ["5"])
    assert "5" in result.observations, "one probe, and the source is back"
    assert here.sources.lines["jikan"]._sender.breaker.state == "closed"


async def test_a_source_that_is_back_loses_nobodys_question(house: Make) -> None:
    here = house(rate_per_s=None, rate_per_min=None, concurrency=4)
    here.services.tricks["jikan"] = broken(httpx.ConnectError)
    await here.sources.fetch("jikan", Kind.ANIME, SIXTY)

    async def unhurried(request: httpx.Request) -> httpx.Response:
        for _ in range(50):  # Long enough for the other three to come while the first is still asking.
            await asyncio.sleep(0)
        return here.services.jikan(request)

    here.services.tricks["jikan"] = unhurried  # type: ignore[assignment]
    await here.clock.sleep(61)
    result = await here.sources.fetch("jikan", Kind.ANIME, SIXTY)
    assert (len(result.observations), result.failures) == (60, {})


async def test_one_down_one_throttling_one_sending_garbage(house: Make) -> None:
    here = house()
    here.services.tricks["jikan"] = broken(httpx.ConnectTimeout)
    here.services.tricks["anilist"] = always(429, headers={"Retry-After": "60"}, json=body("anilist_429"))
    here.services.tricks["kitsu"] = always(200, text="<html>maintenance</html>")
    wishes = [Wish(source, Kind.ANIME, SIXTY) for source in ("jikan", "anilist", "kitsu", "mal")]
    results = {result.source: result for result in await here.sources.fetch_all(wishes)}
    assert len(results["mal"].observations) == 60
    assert results["mal"].failures == {}
    for source, kinds in (
        ("jikan", {"failed", "outage"}),
        ("anilist", {"throttled"}),
        ("kitsu", {"unreadable", "outage"}),
    ):
        result = results[source]
        assert set(result.failures) == set(SIXTY), "every id is accounted for"
        assert {failure.kind for failure in result.failures.values()} <= kinds, result.summary()
        assert all(failure.passes and failure.reason for failure in result.failures.values())
    assert "60 observed" in results["mal"].summary()


async def test_a_deadline_ends_the_slow_ones_only(house: Make) -> None:
    here = house()
    here.services.tricks["anilist"] = always(429, headers={"Retry-After": "600"}, json=body("anilist_429"))
    wishes = [Wish("anilist", Kind.ANIME, ("801",)), Wish("kitsu", Kind.ANIME, ("701",))]
    slow, quick = await here.sources.fetch_all(wishes, deadline_s=30)
    assert "701" in quick.observations
    assert "had not answered after 30 s" in slow.failures["801"].reason


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


async def test_switched_off_unknown_and_not_offered(house: Make) -> None:
    here = house(enabled=False)
    assert (await here.sources.fetch("jikan", Kind.ANIME, ["1"])).failures["1"].kind == "not offered"
    here = house()
    assert (await here.sources.fetch("mal", Kind.EPISODES, ["1"])).failures["1"].kind == "not offered"
    assert (await here.sources.fetch("nobody", Kind.ANIME, ["1"])).failures["1"].kind == "not offered"
    assert here.services.counts() == {}


@pytest.mark.parametrize("external_id", ["../users", "1/../2", "", "1?x=1", "99999999999999", "\uff11"])
async def test_nothing_but_numbers_gets_into_an_address(house: Make, external_id: str) -> None:
    here = house()
    result = await here.sources.fetch("jikan", Kind.ANIME, [external_id, "901"])
    assert result.failures[external_id].kind == "refused"
    assert "901" in result.observations
    assert here.services.counts()["jikan"] == 1


async def test_too_many_ids_at_once_are_refused(house: Make) -> None:
    with pytest.raises(Permanent, match="split them"):
        await house().sources.fetch("jikan", Kind.ANIME, (str(number) for number in range(1001)))


async def test_new_values_are_counted_every_time_and_logged_once(house: Make) -> None:
    here = house()
    for _ in range(3):
        await here.sources.fetch("jikan", Kind.ANIME, ["901"], fresh=True)
    assert [surprise.value for surprise in here.counted] == ["dream of"] * 3
    assert [surprise.value for surprise in here.logged] == ["dream of"]


async def test_a_403_of_mal_shuts_the_door_at_once(house: Make) -> None:
    here = house()
    here.services.tricks["mal"] = always(403, json=body("mal_403"))
    result = await here.sources.fetch("mal", Kind.ANIME, SIXTY)
    assert {failure.kind for failure in result.failures.values()} == {"outage"}
    assert here.services.counts()["mal"] <= 2, "as many as were on their way, no more"


async def test_closing_leaves_nobody_waiting(house: Make) -> None:
    here = house()
    here.services.tricks["jikan"] = always(429, headers={"Retry-After": "3000"}, json=body("jikan_429"))
    waiting = [asyncio.create_task(here.sources.fetch("jikan", Kind.ANIME, [str(one)])) for one in range(1, 9)]
    await asyncio.sleep(0)
    await here.sources.close()
    async with asyncio.timeout(10):
        results = await asyncio.gather(*waiting)
    assert all(result.failures for result in results)


async def test_a_mistake_in_an_adapter_is_an_account_not_a_hang(house: Make) -> None:
    here = house()
    here.services.tricks["kitsu"] = always(200, json={"data": "nonsense", "links": [1]})
    here.services.tricks["jikan"] = always(200, json={"data": 7})
    for source in ("kitsu", "jikan"):
        async with asyncio.timeout(10):
            result = await here.sources.fetch(source, Kind.ANIME, ["1"])
        assert result.failures["1"].kind in ("unreadable", "not found")


async def test_an_answer_about_something_else_is_not_taken(house: Make) -> None:
    here = house()
    here.services.tricks["jikan"] = always(200, json=body("jikan_anime"))
    here.services.tricks["mal"] = always(200, json=body("mal_anime"))
    for source in ("jikan", "mal"):
        result = await here.sources.fetch(source, Kind.ANIME, ["902"])
        assert result.failures["902"].kind == "unreadable"
        assert result.observations == {}


async def test_an_account_is_plain_json(house: Make) -> None:
    here = house()
    plain = as_json(await here.sources.fetch("jikan", Kind.ANIME, ["901", "404"]))
    again = json.loads(json.dumps(plain))
    assert again == plain
    assert plain["observations"]["901"]["anime"]["title"] == "Toudai no Neko"
    assert plain["failures"]["404"]["kind"] == "not found"
