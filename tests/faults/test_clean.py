"""Without any fault: the ledger balances, so what it says elsewhere is said of the fault."""

from __future__ import annotations

from tests.faults.conftest import NewLane
from tests.faults.harness.judge import judge
from tests.faults.harness.ledger import Sums
from tests.faults.harness.traffic import first_wave, next_wave


async def test_a_clean_run(new_lane: NewLane, sums: Sums) -> None:
    async with new_lane() as lane:
        await lane.start()
        await first_wave(lane)
        for _ in range(3):
            await next_wave(lane)
        said = await judge(lane)
        sums.add(said)
        assert said.faults == []
        assert said.applied > 40
        assert await lane.program.stopped() == 0, lane.program.said
