"""The index away, slow, and failing in the middle of a batch, under load: it catches up, and nothing is given up."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from time import monotonic

from streams import topology
from tests.faults.conftest import NewLane, chosen
from tests.faults.harness.judge import judge
from tests.faults.harness.lane import Lane
from tests.faults.harness.ledger import Sums
from tests.faults.harness.load import load, probe

FAILS_WITHIN_S = 5.0
_ATTEMPTS = "SELECT count(*) FROM delivery_failure"


async def test_index_down(new_lane: NewLane, sums: Sums) -> None:
    """For a minute in the long form: longer than five attempts would take, and none may be counted."""
    async with new_lane() as lane:
        await lane.start()
        async with load(lane):
            await lane.program.arm("index *", "before", 1, "fail")
            begun = monotonic()
            while monotonic() - begun < chosen(12, 60):
                # The rows go on meanwhile.
                await probe(lane)
                await asyncio.sleep(0.5)
            assert lane.program.hit.is_set(), "the index was asked for nothing"
            assert await lane.rows.fetchval(_ATTEMPTS) == 0, "an outage counted as an attempt"
            await lane.program.ask("disarm")
        begun = monotonic()
        said = await judge(lane, drain_s=60)
        sums.add(said)
        sums.figures["caught up in s"] = round(monotonic() - begun, 1)
        assert said.faults == []
        assert said.dead_letters == 0


async def test_index_slow(new_lane: NewLane, sums: Sums) -> None:
    """Each of its calls takes longer than the ack wait: heartbeats keep the batch, and nothing comes twice."""
    async with new_lane() as lane:
        await lane.start()
        await lane.program.arm("index update*", "before", 1, "slow", 1.5)
        async with load(lane, names=4, senders=1):
            await asyncio.sleep(chosen(6, 60))
        assert lane.program.hit.is_set(), "the index was asked for nothing"
        await lane.program.ask("disarm")
        said = await judge(lane, drain_s=60)
        sums.add(said)
        assert said.faults == []
        assert said.dead_letters == 0
        assert await _again(lane) == 0, "a batch that was at work was delivered again"


async def test_index_failing_halfway(new_lane: NewLane, sums: Sums, dice: random.Random) -> None:
    rounds = chosen(12, 100)
    async with new_lane() as lane:
        await lane.start()
        async with load(lane):
            for _ in range(rounds):
                lane.program.hit.clear()
                await lane.program.arm(
                    "index update*", dice.choice(("before", "after")), dice.randrange(1, 8), "fail once"
                )
                with suppress(TimeoutError):
                    async with asyncio.timeout(FAILS_WITHIN_S):
                        await lane.program.hit.wait()
                sums.kills += lane.program.hit.is_set()
                await asyncio.sleep(dice.uniform(0.1, 0.4))
                await lane.program.ask("disarm")
        said = await judge(lane)
        sums.add(said)
        assert said.faults == []
        assert said.dead_letters == 0
        assert sums.kills * 10 >= rounds * 9, "the index failed seldom"


async def _again(lane: Lane) -> int:
    """How many deliveries to the index were of a message that it had before."""
    info = await lane.jetstream.consumer_info(topology.INDEX.stream, topology.INDEX.name)
    stream = await lane.jetstream.stream_info(topology.INDEX.stream, subjects_filter=">")
    subjects = stream.state.subjects or {}
    messages = sum(count for subject, count in subjects.items() if subject in topology.INDEX.subjects)
    assert info.delivered is not None
    return info.delivered.consumer_seq - messages
