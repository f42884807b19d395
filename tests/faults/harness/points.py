"""Dying at every point: which there are is found by a run without faults, then each gets a death of its own."""

from __future__ import annotations

import asyncio
import random
import signal
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from typing import Literal

from tests.faults.harness.judge import judge
from tests.faults.harness.lane import Lane
from tests.faults.harness.ledger import Judgement, Sums
from tests.faults.harness.processes import fault
from tests.faults.harness.traffic import first_wave, next_wave

Phase = Literal["start", "run", "stop"]
OpenLane = Callable[[], AbstractAsyncContextManager[Lane]]
SURVEY_WAVES = 4
DEATH_TIMEOUT_S = 15.0


@dataclass(frozen=True, slots=True)
class Death:
    """Where a program is to die. `occurrence` counts from when it was armed."""

    phase: Phase
    point: str
    when: str
    occurrence: int = 1

    def __str__(self) -> str:
        return f"{self.phase}: {self.when} {self.point} ({self.occurrence})"


@dataclass(slots=True)
class Outcome:
    """What came of a list of deaths."""

    died: int = 0
    unreached: list[Death] = field(default_factory=list)
    failed: dict[Death, list[str]] = field(default_factory=dict)


async def survey(lane: Lane) -> dict[Phase, dict[str, int]]:
    """Every point that a start, some waves and a stop pass, and how often one wave does."""
    await lane.empty()
    child = await lane.start()
    await lane.audit()
    await first_wave(lane)
    await child.ask("counts")
    for _ in range(SURVEY_WAVES):
        await next_wave(lane)
        await lane.drained()
    running = await child.ask("counts")
    wave = asyncio.create_task(next_wave(lane))
    await asyncio.sleep(0)
    await child.stopped()
    await lane.start()
    await wave
    assert (await judge(lane)).faults == []
    # What a start or a stop does like any other moment is a point of the run.
    return {
        "start": {point: 1 for point in child.start_counts if point not in running},
        "run": {point: max(1, count // SURVEY_WAVES) for point, count in running.items()},
        "stop": {point: 1 for point in child.stop_counts if point not in running},
    }


def deaths(found: dict[Phase, dict[str, int]], dice: random.Random) -> list[Death]:
    """One death before and one after each point, at an occurrence that chance picks among those of one wave."""
    made: list[Death] = []
    for phase, points in found.items():
        for point in sorted(points):
            for when in ("before", "after"):
                occurrence = 1 + dice.randrange(points[point]) if phase == "run" else 1
                made.append(Death(phase, point, when, occurrence))
    dice.shuffle(made)
    return made


async def die(lane: Lane, death: Death) -> Judgement | None:
    """One death in a lane, the start after it, and what the ledger says then; None when the point was not reached."""
    if death.phase == "start":
        return await _die_starting(lane, death)
    armed = death
    if not await _die_running(lane, armed):
        armed = Death("run", death.point, death.when)
        # What is passed once after a start, or seldom, is armed before the start.
        await lane.program.stopped()
        child = await lane.start(fault(armed.point, armed.when), expect_ready=False)
        if not await child.started():
            await lane.start()
            await next_wave(lane)
        elif not await _dies_in_a_wave(lane):
            return None
    return await judge(lane)


async def _die_starting(lane: Lane, death: Death) -> Judgement | None:
    if lane.child is not None:
        await lane.program.killed()
    await lane.empty()
    child = await lane.start(fault(death.point, death.when), expect_ready=False)
    if await child.started():
        with suppress(ConnectionError):  # It may die with its last step just now.
            await child.ask("disarm")
    died = child.gone.is_set()
    if died:
        await lane.start()
    await lane.audit()
    await first_wave(lane)
    await next_wave(lane)
    return await judge(lane) if died else None


async def _die_running(lane: Lane, death: Death) -> bool:
    await lane.program.arm(death.point, death.when, death.occurrence)
    if death.phase == "run":
        return await _dies_in_a_wave(lane)
    wave = asyncio.create_task(next_wave(lane))
    await asyncio.sleep(0.03)
    lane.program.signal(signal.SIGTERM)
    await lane.program.ended()
    died = lane.program.code is None
    await lane.start()
    await wave
    return died


async def _dies_in_a_wave(lane: Lane) -> bool:
    """Send a wave, start again when the program dies in it, and see the wave through."""
    wave = asyncio.create_task(next_wave(lane))
    idle = asyncio.create_task(_idle(lane, wave))
    gone = asyncio.create_task(lane.program.gone.wait())
    with suppress(TimeoutError):
        async with asyncio.timeout(DEATH_TIMEOUT_S):
            await asyncio.wait({idle, gone}, return_when=asyncio.FIRST_COMPLETED)
    died = lane.program.gone.is_set()
    for task in (idle, gone):
        task.cancel()
    if died:
        await lane.start()
    else:
        with suppress(ConnectionError):
            await lane.program.ask("disarm")
        if lane.program.gone.is_set():
            died = True
            await lane.start()
    await wave
    return died


async def _idle(lane: Lane, wave: asyncio.Task[None]) -> None:
    await asyncio.wait({wave})
    await lane.drained()


async def die_everywhere(lanes: Sequence[OpenLane], todo: Sequence[Death], sums: Sums) -> Outcome:
    """Share the deaths among lanes; a lane whose ledger does not balance is given up for a new one."""
    outcome, queue = Outcome(), list(reversed(todo))
    await asyncio.gather(*(_work(open_lane, queue, outcome, sums) for open_lane in lanes))
    return outcome


async def _work(open_lane: OpenLane, queue: list[Death], outcome: Outcome, sums: Sums) -> None:
    while queue:
        async with open_lane() as lane:
            await lane.start()
            await first_wave(lane)
            # A ledger grows from death to death, until a first start begins another; each is summed up once.
            last: Judgement | None = None
            while queue:
                death, ledger = queue.pop(), lane.ledger
                try:
                    said = await die(lane, death)
                except Exception as error:  # It belongs to this death, and the others go on.
                    outcome.failed[death] = ["".join(traceback.format_exception(error)), lane.program.said[-2_000:]]
                    break
                if last is not None and lane.ledger is not ledger:
                    sums.add(last)
                    last = None
                if said is None:
                    outcome.unreached.append(death)
                    continue
                outcome.died, sums.kills, last = outcome.died + 1, sums.kills + 1, said
                if said.faults:
                    outcome.failed[death] = [*said.faults, lane.program.said[-2_000:]]
                    break
            if last is not None:
                sums.add(last)
