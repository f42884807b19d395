"""Ten times the steady load for a while: memory stays bounded, and everything drains."""

from __future__ import annotations

import asyncio
from time import monotonic

from tests.faults.conftest import NewLane, chosen
from tests.faults.harness.judge import judge
from tests.faults.harness.ledger import Sums
from tests.faults.harness.load import load

STEADY_PER_S = 30
MEMORY_BYTES_MAX = 128 * 1024 * 1024
DRAINED_WITHIN_S = 120.0


async def test_burst(new_lane: NewLane, sums: Sums) -> None:
    async with new_lane() as lane:
        await lane.start()
        async with load(lane, STEADY_PER_S):
            await asyncio.sleep(2)
        before = await lane.program.ask("memory")
        peak, begun = before, monotonic()
        async with load(lane, 10 * STEADY_PER_S, names=200, senders=40) as shares:
            while monotonic() - begun < chosen(12, 60):
                peak = max(peak, await lane.program.ask("memory"))
                await asyncio.sleep(0.2)
            sent, seconds = sum(share.sent for share in shares), monotonic() - begun
        begun = monotonic()
        assert await lane.drained(DRAINED_WITHIN_S) == []
        sums.figures["sent a second"] = round(sent / seconds)
        sums.figures["drained in s"] = round(monotonic() - begun, 1)
        sums.figures["memory grew MB"] = round((peak - before) / 1024**2, 1)
        said = await judge(lane)
        sums.add(said)
        assert said.faults == []
        assert peak - before < MEMORY_BYTES_MAX
