"""The folder of JetStream deleted in the middle of a run, and that of the index: equal again, without a person."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

from streams.tasks import end_tasks
from tests.faults.conftest import NewLane, chosen
from tests.faults.harness.judge import judge
from tests.faults.harness.lane import Lane
from tests.faults.harness.ledger import Sums
from tests.faults.harness.load import load
from tests.faults.harness.traffic import hand_in, remove

EQUAL_WITHIN_S = 60.0


@asynccontextmanager
async def records_coming_in(lane: Lane) -> AsyncIterator[None]:
    """Only what this program itself answers for: an event of another publisher counts once it is persisted."""

    async def forever() -> None:
        number = 0
        while True:
            await hand_in(lane, f"steady {number % 10}", f"fresh {number}")
            number += 1
            await asyncio.sleep(0.05)

    task = asyncio.create_task(forever())
    try:
        yield
        assert not task.done(), task.exception()
    finally:
        await end_tasks(task)


async def test_jetstream_deleted_in_a_run(new_lane: NewLane, sums: Sums) -> None:
    async with new_lane() as lane:
        await lane.start()
        async with records_coming_in(lane):
            await asyncio.sleep(2)
            for _ in range(chosen(1, 20)):
                await asyncio.to_thread(lane.nats.stop)
                shutil.rmtree(lane.nats.home.path / "nats")
                await asyncio.to_thread(lane.nats.start)
                sums.kills += 1
                await asyncio.sleep(1)
        begun = monotonic()
        said = await judge(lane, drain_s=EQUAL_WITHIN_S, second_looks_s=EQUAL_WITHIN_S, told_again=True)
        sums.add(said)
        sums.figures["equal again after s"] = round(monotonic() - begun, 1)
        assert said.faults == []


async def _there(folder: Path) -> None:
    """Wait until the program has noticed and begun anew: what is gone cannot be deleted."""
    async with asyncio.timeout(EQUAL_WITHIN_S):
        while not folder.exists():
            await asyncio.sleep(0.1)


async def test_index_deleted_in_a_run(new_lane: NewLane, sums: Sums) -> None:
    async with new_lane() as lane:
        await lane.start()
        async with load(lane):
            await hand_in(lane, "to be gone")
            await remove(lane, "to be gone")
            await asyncio.sleep(2)
            for _ in range(chosen(1, 20)):
                await _there(lane.folder / "home" / "index")
                shutil.rmtree(lane.folder / "home" / "index", ignore_errors=True)
                sums.kills += 1
                await asyncio.sleep(2)
        begun = monotonic()
        said = await judge(lane, drain_s=EQUAL_WITHIN_S, second_looks_s=EQUAL_WITHIN_S, told_again=True)
        sums.add(said)
        sums.figures["equal again after s"] = round(monotonic() - begun, 1)
        assert said.faults == []
        assert said.dead_letters == 0
