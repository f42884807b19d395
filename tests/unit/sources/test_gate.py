"""Turns at the gate: priorities, fairness, pauses, limits, and what happens to those who give up."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from contracts.errors import Outage, Transient
from handlers.sources.budget import Budget
from handlers.sources.gate import Gate, Priority
from handlers.sources.policy import SourcePolicy
from handlers.sources.storage import limit_storage
from tests.unit.sources.clocks import JumpClock


class OnePerSecond:
    """A budget that lets one through each second of the clock."""

    def __init__(self, clock: JumpClock) -> None:
        self.clock = clock
        self.taken_at: list[float] = []

    async def take(self) -> None:
        await self.clock.sleep(1.0)
        self.taken_at.append(self.clock.elapsed_s)


def gate(clock: JumpClock, concurrency: int = 1, waiting_max: int = 100) -> Gate:
    return Gate("jikan", OnePerSecond(clock), concurrency, waiting_max, clock)


async def go(one: Gate, priority: Priority, name: str, order: list[str]) -> None:
    async with one.turn(priority):
        order.append(name)


async def test_what_is_airing_goes_first_then_stale_then_backfill() -> None:
    clock, order = JumpClock(), list[str]()
    one = gate(clock)
    waiting = [
        asyncio.create_task(go(one, priority, name, order))
        for name, priority in (
            ("backfill", Priority.BACKFILL),
            ("stale", Priority.STALE),
            ("airing", Priority.AIRING),
            ("airing too", Priority.AIRING),
        )
    ]
    await asyncio.gather(*waiting)
    assert order == ["airing", "airing too", "stale", "backfill"]


async def test_a_late_comer_overtakes_while_the_budget_is_being_waited_for() -> None:
    clock, order = JumpClock(), list[str]()
    one = gate(clock)
    slow = asyncio.create_task(go(one, Priority.BACKFILL, "backfill", order))
    await asyncio.sleep(0)
    quick = asyncio.create_task(go(one, Priority.AIRING, "airing", order))
    await asyncio.gather(slow, quick)
    assert order == ["airing", "backfill"]


async def test_the_backfill_is_never_starved() -> None:
    clock, order = JumpClock(), list[str]()
    one = gate(clock)
    tasks = [asyncio.create_task(go(one, Priority.BACKFILL, "backfill", order))]
    await asyncio.sleep(0)
    tasks += [asyncio.create_task(go(one, Priority.AIRING, f"airing {number}", order)) for number in range(30)]
    await asyncio.gather(*tasks)
    assert order.index("backfill") == 7, "every eighth turn is the oldest's"


async def test_no_more_at_once_than_allowed() -> None:
    clock = JumpClock()
    one = gate(clock, concurrency=2)
    inside, most = 0, 0

    async def stay() -> None:
        nonlocal inside, most
        async with one.turn(Priority.STALE):
            inside += 1
            most = max(most, inside)
            await clock.sleep(10)
            inside -= 1

    await asyncio.gather(*(stay() for _ in range(6)))
    assert most == 2


async def test_a_pause_holds_everybody_and_a_shorter_one_does_not_shorten_it() -> None:
    clock, order = JumpClock(), list[str]()
    one = gate(clock)
    one.pause(60)
    one.pause(5)
    await asyncio.gather(*(go(one, Priority.AIRING, str(number), order) for number in range(2)))
    assert clock.elapsed_s >= 60


async def test_what_was_taken_before_a_pause_does_not_go_out_on_top_after_it() -> None:
    clock = JumpClock()
    policy = SourcePolicy("https://jikan.example", rate_per_s=2)
    one = Gate("jikan", Budget("jikan", policy, limit_storage(clock, None), clock), 3, 100, clock)
    sent: list[float] = []

    async def ask() -> None:
        async with one.turn(Priority.STALE):
            sent.append(clock.elapsed_s)
            await clock.sleep(1.5)
            if len(sent) == 3:
                one.pause(10)  # By now the next turn has been taken from the budget, and waits for room to go.

    await asyncio.gather(*(ask() for _ in range(9)))
    assert max(later - sooner for sooner, later in pairwise(sent)) > 9
    assert all(third - first >= 1.0 for first, third in zip(sent, sent[2:], strict=False))


async def test_those_who_give_up_leave_no_trace() -> None:
    clock, order = JumpClock(), list[str]()
    one = gate(clock)
    quitter = asyncio.create_task(go(one, Priority.AIRING, "quitter", order))
    await asyncio.sleep(0)
    quitter.cancel()
    await asyncio.gather(quitter, return_exceptions=True)
    for number in range(3):
        await go(one, Priority.STALE, str(number), order)
    assert order == ["0", "1", "2"]


async def test_whoever_is_cancelled_with_the_turn_in_hand_gives_it_back() -> None:
    order = list[str]()

    class Spoiler:
        """Cancels the first in the moment between being given the turn and taking it."""

        takes = 0

        async def take(self) -> None:
            self.takes += 1
            if self.takes == 2:
                quitter.cancel()

    one = Gate("jikan", Spoiler(), 2, 100, JumpClock())
    quitter = asyncio.create_task(go(one, Priority.AIRING, "quitter", order))
    second = asyncio.create_task(go(one, Priority.STALE, "second", order))
    await asyncio.gather(quitter, second, return_exceptions=True)
    assert (quitter.cancelled(), order) == (True, ["second"])
    async with asyncio.timeout(5), one.turn(Priority.STALE), one.turn(Priority.STALE):
        pass  # Both turns are there: none was lost with the one who left.


async def test_when_the_source_is_down_those_who_wait_are_told_at_once() -> None:
    clock, order = JumpClock(), list[str]()
    one = gate(clock)
    waiting = [asyncio.create_task(go(one, Priority.STALE, str(number), order)) for number in range(5)]
    await asyncio.sleep(0)
    one.refuse(Outage("jikan", "it is down"))
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(end, Outage) for end in ended)
    assert order == []


async def test_a_budget_that_fails_fails_those_who_wait() -> None:
    class Broken:
        async def take(self) -> None:
            raise Outage("redis", "gone")

    one = Gate("jikan", Broken(), 1, 10, JumpClock())
    with pytest.raises(Outage, match="redis"):
        await go(one, Priority.STALE, "x", [])
    with pytest.raises(Outage, match="redis"):
        await go(one, Priority.STALE, "x", [])


async def test_the_queue_is_bounded() -> None:
    clock = JumpClock()
    one = gate(clock, waiting_max=2)
    waiting = [asyncio.create_task(go(one, Priority.STALE, "x", [])) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Transient, match="wait already"):
        await go(one, Priority.STALE, "x", [])
    await asyncio.gather(*waiting)


async def test_closing_ends_the_wait() -> None:
    clock = JumpClock()
    one = gate(clock)
    waiting = asyncio.create_task(go(one, Priority.STALE, "x", []))
    await asyncio.sleep(0)
    await one.close()
    with pytest.raises(Transient, match="stopping"):
        await waiting
