"""The disk under JetStream is full: publishing stops cleanly, and after room was made nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from nats.errors import Error as NatsError
from nats.js.errors import APIError

from contracts import subjects
from streams import topology
from tests.faults.conftest import NewLane
from tests.faults.harness.judge import judge
from tests.faults.harness.lane import Lane
from tests.faults.harness.ledger import Sums
from tests.faults.harness.traffic import hand_in

SMALL, LARGE = "size=24m", "size=256m"
BALLAST_BYTES = 400_000
BALLAST_MAX = 200
NOTICED_WITHIN_S = 20.0


def mounted(*words: str) -> bool:
    done = subprocess.run(["mount", "-t", "tmpfs", *words], capture_output=True, check=False)
    return done.returncode == 0


@asynccontextmanager
async def small_disk(lane: Lane) -> AsyncIterator[Path]:
    """The lane's NATS on a disk of its own that holds 24 MB."""
    store = lane.nats.home.path / "nats"
    await asyncio.to_thread(lane.nats.stop)
    if os.geteuid() != 0 or not mounted("-o", f"{SMALL},mode=700", "tmpfs", str(store)):
        await asyncio.to_thread(lane.nats.start)
        pytest.skip("a small disk has to be mounted, and this user may not")
    try:
        await asyncio.to_thread(lane.nats.start)
        yield store
    finally:
        if lane.child is not None:
            await lane.child.killed()
        await asyncio.to_thread(lane.nats.stop)
        subprocess.run(["umount", "--lazy", str(store)], check=True)


async def test_disk_full(new_lane: NewLane, sums: Sums) -> None:
    async with new_lane() as lane, small_disk(lane) as store:
        await lane.start()
        await hand_in(lane, "before")
        assert await lane.drained() == []
        kept = await _fill(lane)
        # Records are taken: they wait in PostgreSQL, where there is room.
        coming = asyncio.create_task(hand_in(lane, "a", "b", "c"))
        async with asyncio.timeout(NOTICED_WITHIN_S):
            while "NATS is not available" not in lane.program.said and "not confirmed" not in lane.program.said:
                await asyncio.sleep(0.1)
        assert not coming.done()
        assert not lane.program.gone.is_set()
        assert await lane.rows.fetchval("SELECT count(*) FROM outbox WHERE processed_at IS NULL") > 0

        assert mounted("-o", f"remount,{LARGE}", "tmpfs", str(store))
        await asyncio.to_thread(lane.nats.stop)
        await asyncio.to_thread(lane.nats.start)
        await coming
        said = await judge(lane, drain_s=60, second_looks_s=20)
        sums.add(said)
        assert said.faults == []
        there = {info.seq for info in [await lane.jetstream.get_msg(topology.EVENTS.name, seq) for seq in kept]}
        assert there == set(kept), "a message was confirmed and is gone"
        sums.figures["confirmed messages kept"] = len(kept)


async def _fill(lane: Lane) -> list[int]:
    """Publish what nobody reads until the server takes no more; the sequences of what it confirmed."""
    kept: list[int] = []
    for _ in range(BALLAST_MAX):
        with suppress(NatsError, APIError, TimeoutError):
            kept.append((await lane.jetstream.publish(subjects.REVIEW_READY, bytes(BALLAST_BYTES))).seq)
            continue
        break
    else:
        raise AssertionError("the disk was not filled")
    return kept
