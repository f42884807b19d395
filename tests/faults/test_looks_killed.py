"""kill -9 before and after every step of a look, from its timer to its events; and two schedulers at once."""

from __future__ import annotations

import asyncio
import random
import traceback
from collections.abc import AsyncIterator

import pytest

from tests.faults.conftest import NewLane, chosen
from tests.faults.harness.lane import Lane
from tests.faults.harness.ledger import Sums
from tests.faults.harness.looking import balance, begin, living_world, look, settings
from tests.faults.test_processes_killed import programs

LANES = 3
SHOWS = 2
SURVEY_LOOKS = 3
DEATH_TIMEOUT_S = 20.0
# What belongs to a look; the rest of the way has its own deaths.
OF_A_LOOK = ("handlers/schedule", "handlers/update", "streams/looks", "schedule-", "anime.schedule", "http ")
KNOWN = ("nats message of schedule-metadata_refresh received", "nats ack schedule-metadata_refresh")


@pytest.fixture
async def world() -> AsyncIterator[str]:
    async with living_world() as url:
        yield url


async def test_kill_at_every_point_of_a_look(new_lane: NewLane, world: str, sums: Sums, dice: random.Random) -> None:
    async with new_lane(**settings(world)) as lane:
        child = await lane.start()
        ids = await begin(lane, SHOWS)
        await child.ask("counts")
        for _ in range(SURVEY_LOOKS):
            await look(lane, ids)
            assert await balance(lane) == []
        points = [point for point in await child.ask("counts") if any(part in point for part in OF_A_LOOK)]
    assert all(any(known in point for point in points) for known in KNOWN), sorted(points)
    failed: dict[str, str] = {}
    unreached: list[str] = []
    todo = 0
    for _ in range(chosen(1, 10)):
        queue = [(point, when) for point in points for when in ("before", "after")]
        dice.shuffle(queue)
        todo += len(queue)
        await asyncio.gather(*(_work(new_lane, world, queue, sums, failed, unreached) for _ in range(LANES)))
    sums.figures |= {"points": len(points), "not reached again": len(unreached)}
    assert not failed, "\n".join(f"{point}\n    {words}" for point, words in failed.items())
    assert sums.kills + len(unreached) == todo
    # Those are steps that a look takes by chance; that they are few shows that the rest was really killed.
    assert len(unreached) * 10 <= todo, unreached


async def _work(
    new_lane: NewLane,
    world: str,
    queue: list[tuple[str, str]],
    sums: Sums,
    failed: dict[str, str],
    unreached: list[str],
) -> None:
    while queue:
        async with new_lane(**settings(world)) as lane:
            await lane.start()
            ids = await begin(lane, SHOWS)
            while queue:
                point, when = queue.pop()
                try:
                    died = await _die(lane, ids, point, when)
                    faults = await balance(lane) if died else []
                except Exception as error:  # It belongs to this death, and the others go on.
                    died, faults = True, traceback.format_exception(error)
                if not died:
                    unreached.append(f"{when} {point}")
                sums.kills += died
                if faults:
                    failed[f"{when} {point}"] = "\n".join([*faults, lane.program.said[-1_500:]])
                    break


async def _die(lane: Lane, ids: list[str], point: str, when: str) -> bool:
    """One look in which the program dies at that point; it is seen through by the next program."""
    await lane.program.arm(point, when)
    looking = asyncio.create_task(look(lane, ids))
    gone = asyncio.create_task(lane.program.gone.wait())
    await asyncio.wait({looking, gone}, timeout=DEATH_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
    gone.cancel()
    died = lane.program.gone.is_set()
    if died:
        await lane.start()
    else:
        await lane.program.ask("disarm")
    await looking
    return died


async def test_two_schedulers(new_lane: NewLane, world: str, sums: Sums) -> None:
    """Both project, compare and look; each look is made once, and every timer stands for a row."""
    own = settings(world)
    roles = own["ECHORA_ROLES"]
    async with new_lane(**own) as lane, programs(lane, "update,persist,relay,ingest,letters", roles):
        ids = await begin(lane, 10)
        for _ in range(chosen(3, 30)):
            await look(lane, ids)
        left = await balance(lane)
        sums.doubled = len([words for words in left if words.startswith("doubled")])
        assert left == []
