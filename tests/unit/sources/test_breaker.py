"""The breaker: opens after failures in a row, stays open for its time on our clock, lets one probe through."""

from __future__ import annotations

import asyncio
import contextlib

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


async def while_one_probes(breaker: Breaker, clock: JumpClock, found: BaseException | None) -> list[object]:
    """How five requests end that come while another one probes; `found` is the failure of the probe, if it is one."""
    await failing(breaker, 1)
    await clock.sleep(61)
    inside: list[int] = []

    async def later(number: int) -> None:
        async with breaker.guard():
            inside.append(number)

    with contextlib.suppress(Transient):
        async with breaker.guard():
            others = [asyncio.create_task(later(number)) for number in range(5)]
            _, waiting = await asyncio.wait(others, timeout=0.05)
            assert len(waiting) == 5, "they wait for the probe"
            assert inside == []
            if found is not None:
                raise found
    return await asyncio.wait_for(asyncio.gather(*others, return_exceptions=True), 5)


async def test_one_probes_and_the_others_follow_when_it_went_well() -> None:
    clock = JumpClock()
    breaker = Breaker("jikan", 1, 60.0, clock)
    assert await while_one_probes(breaker, clock, None) == [None] * 5
    assert breaker.state == "closed"


async def test_one_probes_and_the_others_are_refused_when_it_went_badly() -> None:
    clock = JumpClock()
    breaker = Breaker("jikan", 1, 60.0, clock)
    ended = await while_one_probes(breaker, clock, Transient("500"))
    assert [type(error) for error in ended] == [Outage] * 5
    assert breaker.opened


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
