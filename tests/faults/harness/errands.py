"""Dying on errands: what a person asks of the running program, killed before and after each step that it takes.

The steps are found by an errand that nothing happens to: whatever is passed on behalf of the errand's files, and what
no ordinary change passes. Each errand is patient, as a person is who asks again until there is a clear answer.
"""

from __future__ import annotations

import asyncio
import random
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tests.faults.harness.judge import judge
from tests.faults.harness.lane import Lane
from tests.faults.harness.ledger import Sums
from tests.faults.harness.processes import fault
from tests.faults.harness.traffic import change, hand_in

OpenLane = Callable[[], AbstractAsyncContextManager[Lane]]
DEATH_TIMEOUT_S: Final = 20.0
ORDINARY_S: Final = 1.0
AN_ANIME: Final = "bystander"


@dataclass(frozen=True, slots=True)
class Errand:
    """`within` are the files that act for it. `prepare` gives what `run` and `faults` get; `run` may be called anew.

    `run` takes faults that its command is to die of, where it is one; `faults` are sentences about what came of it.
    """

    name: str
    within: tuple[str, ...]
    prepare: Callable[[Lane], Awaitable[Any]]
    run: Callable[[Lane, Any, Sequence[Mapping[str, Any]]], Awaitable[dict[str, int]]]
    faults: Callable[[Lane, Any], Awaitable[list[str]]]
    # Whether the books of the spine are held against the end as well; a restored catalogue has no changes in them.
    is_judged: bool = True


@dataclass(frozen=True, slots=True)
class ErrandDeath:
    """Where one process dies; `of_the_command` says which."""

    errand: Errand
    point: str
    when: str
    occurrence: int
    of_the_command: bool = False
    is_within: bool = True

    def __str__(self) -> str:
        who = " of the command" if self.of_the_command else ""
        return f"{self.errand.name}: {self.when} {self.point}{who} ({self.occurrence})"


@dataclass(slots=True)
class ErrandOutcome:
    """What came of a list of deaths."""

    unreached: list[ErrandDeath] = field(default_factory=list)
    failed: dict[str, list[str]] = field(default_factory=dict)


async def begin(lane: Lane) -> None:
    """A program, and an anime that ordinary changes are of."""
    await lane.start()
    await hand_in(lane, AN_ANIME)


async def survey(lane: Lane, errand: Errand, dice: random.Random) -> list[ErrandDeath]:
    """Every death that this errand can die, in an order of chance."""
    await lane.program.ask("counts")
    await change(lane, AN_ANIME)
    await asyncio.sleep(ORDINARY_S)
    await lane.drained()
    ordinary = {**lane.program.start_counts, **await lane.program.ask("counts")}
    state = await errand.prepare(lane)
    child = lane.program
    await child.ask("counts")
    await child.ask("watch", files=errand.within)
    of_the_command = await errand.run(lane, state, ())
    within = await child.ask("watch", files=[])
    apart = {point: n for point, n in (await child.ask("counts")).items() if point not in {**ordinary, **within}}
    assert within, f"nothing is passed on behalf of {errand.within}"
    wrong = await _wrong(lane, errand, state)
    assert not wrong, f"{errand.name} without any fault: {wrong}"
    deaths = [
        ErrandDeath(errand, point, when, 1 + dice.randrange(count), is_command, is_within)
        for counts, is_command, is_within in (
            (within, False, True),
            (apart, False, False),
            (of_the_command, True, False),
        )
        for point, count in sorted(counts.items())
        for when in ("before", "after")
    ]
    dice.shuffle(deaths)
    return deaths


async def die_on_errands(open_lane: OpenLane, lanes: int, todo: Sequence[ErrandDeath], sums: Sums) -> ErrandOutcome:
    """Share the deaths among lanes; a lane in which something is wrong is given up for a new one."""
    outcome, queue = ErrandOutcome(), list(todo)
    await asyncio.gather(*(_work(open_lane, queue, outcome, sums) for _ in range(min(lanes, len(queue)))))
    return outcome


async def _work(open_lane: OpenLane, queue: list[ErrandDeath], outcome: ErrandOutcome, sums: Sums) -> None:
    while queue:
        async with open_lane() as lane:
            await begin(lane)
            while queue:
                death = queue.pop()
                try:
                    died, wrong = await _die(lane, death)
                except Exception as error:  # It belongs to this death, and the others go on.
                    died, wrong = True, traceback.format_exception(error)
                if not died and death.occurrence > 1:
                    # Another day the errand takes the step less often; its first time it takes whatever the pace.
                    queue.append(replace(death, occurrence=1))
                elif not died:
                    outcome.unreached.append(death)
                sums.kills += died
                if wrong:
                    outcome.failed[str(death)] = [*wrong, lane.program.said[-2_000:]]
                    break
            if not outcome.failed and death.errand.is_judged:
                said = await judge(lane)
                sums.add(said)
                if said.faults:
                    outcome.failed[f"the lane of {death}"] = said.faults


async def _die(lane: Lane, death: ErrandDeath) -> tuple[bool, list[str]]:
    """One errand on which a process dies; it is seen through by the next."""
    errand = death.errand
    state = await errand.prepare(lane)
    if death.of_the_command:
        reached = await errand.run(lane, state, [fault(death.point, death.when, death.occurrence)])
        return not reached, await _wrong(lane, errand, state)
    within = errand.within if death.is_within else ()
    await lane.program.arm(death.point, death.when, death.occurrence, within=within)
    running = asyncio.create_task(errand.run(lane, state, ()))
    gone = asyncio.create_task(lane.program.gone.wait())
    await asyncio.wait({running, gone}, timeout=DEATH_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
    gone.cancel()
    died = lane.program.gone.is_set()
    if not died:
        with suppress(ConnectionError):  # It may die with its last step just now.
            await lane.program.ask("disarm")
        died = lane.program.gone.is_set()
    if died:
        await lane.start()
    await running
    return died, await _wrong(lane, errand, state)


async def _wrong(lane: Lane, errand: Errand, state: Any) -> list[str]:
    found = await lane.drained()
    found = [f"stuck: {words}" for words in found] + await errand.faults(lane, state)
    return found + ((await judge(lane)).faults if errand.is_judged else [])
