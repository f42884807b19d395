"""The breaker: opens after failures in a row, stays open for its time on our clock, lets one probe through."""

from __future__ import annotations

import asyncio

import pytest

from contracts.errors import Outage, Permanent, Transient
from handlers.sources.breaker import Breaker
from handlers.sources.errors import NotFound, Throttled
from tests.unit.sources.clocks import JumpClock


async def one(breaker: Breaker, error: BaseException | None = None) -> None:
    async with breaker.guard():
        if error is not None:
            raise error


async def failing(breaker: Breaker, number: int) -> None:
    for _ in range(number):
        with pytest.raises(Transient):
            await one(breaker, Transient("500"))


async def test_it_opens_and_tells_when_to_come_back() -> None:
    clock = JumpClock()
    breaker = Breaker("jikan", 3, 60.0, clock)
    await failing(breaker, 3)
    with pytest.raises(Outage) as outage:
        breaker.check()
    assert outage.value.retry_after_s == 60
    await clock.sleep(20)
    with pytest.raises(Outage) as outage:
        await one(breaker)
    assert outage.value.retry_after_s == 40
    assert outage.value.dependency == "jikan"


async def test_a_good_probe_closes_it_and_a_bad_one_opens_it_again() -> None:
    clock = JumpClock()
    breaker = Breaker("jikan", 2, 60.0, clock)
    await failing(breaker, 2)
    await clock.sleep(61)
    await failing(breaker, 1)
    assert breaker.opened
    await clock.sleep(61)
    await one(breaker)
    assert (breaker.state, breaker.opened) == ("closed", False)


async def test_only_one_probe_at_a_time() -> None:
    clock = JumpClock()
    breaker = Breaker("jikan", 1, 60.0, clock)
    await failing(breaker, 1)
    await clock.sleep(61)
    async with breaker.guard():
        with pytest.raises(Outage):
            await one(breaker)
    assert breaker.state == "closed"


async def test_answers_of_a_healthy_service_are_no_failures() -> None:
    breaker = Breaker("jikan", 2, 60.0, JumpClock())
    for error in (NotFound("404"), Permanent("400"), Throttled("429")) * 3:
        with pytest.raises(type(error)):
            await one(breaker, error)
    assert breaker.state == "closed"


async def test_a_success_in_between_starts_the_count_anew() -> None:
    breaker = Breaker("jikan", 3, 60.0, JumpClock())
    for _ in range(5):
        await failing(breaker, 2)
        await one(breaker)
    assert breaker.state == "closed"


async def test_our_own_cancelling_says_nothing_of_the_source() -> None:
    clock = JumpClock()
    breaker = Breaker("jikan", 1, 60.0, clock)
    with pytest.raises(asyncio.CancelledError):
        await one(breaker, asyncio.CancelledError())
    assert breaker.state == "closed"
    await failing(breaker, 1)
    await clock.sleep(61)
    with pytest.raises(asyncio.CancelledError):
        await one(breaker, asyncio.CancelledError())
    await one(breaker)
    assert breaker.state == "closed", "a cancelled probe leaves room for the next"
