"""Fetching from services that throttle, fail, hang or are down: patience, breakers, deadlines."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from email.utils import format_datetime

import httpx
import pytest

from contracts.observation import Kind
from handlers.sources.fetch import Wish
from tests.integration.sources.conftest import SIXTY, Make
from tests.integration.sources.services import always, body, broken, first


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
