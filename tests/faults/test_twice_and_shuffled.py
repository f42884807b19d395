"""Everything delivered twice and shuffled ends as the clean run does; the whole stream once more has no effect."""

from __future__ import annotations

import random
from typing import Any

from streams import topology
from tests.faults.conftest import NewLane, chosen
from tests.faults.harness.judge import dead_letters
from tests.faults.harness.lane import Lane
from tests.faults.harness.ledger import Sums
from tests.faults.harness.story import differences, end_of, story, tell


async def test_twice_and_shuffled(new_lane: NewLane, sums: Sums, dice: random.Random) -> None:
    told = story(dice, chosen(40, 400), chosen(300, 5_000))
    async with new_lane() as clean, new_lane() as rough:
        await clean.start()
        await tell(clean, told)
        assert await clean.drained() == []
        expected = await end_of(clean)
        assert (len(expected["anime"]), len(expected["points"])) == (chosen(40, 400), 2 * chosen(40, 400))

        # All of it is there before the program starts, so that chance alone decides what meets in a batch.
        await rough.start()
        await rough.program.stopped()
        twice = [(one, copy) for one in told for copy in (1, 2)]
        dice.shuffle(twice)
        for one, copy in twice:
            await tell(rough, [one], copy)
        await rough.start()
        assert await rough.drained(60) == []
        sums.sent, sums.acknowledged = 3 * len(told), 3 * len(told)
        assert differences(await end_of(rough), expected) == []
        assert await dead_letters(rough) == []

        before = await effects(rough)
        for consumer in topology.CONSUMERS:
            if consumer.stream == topology.EVENTS.name:
                await rough.jetstream.delete_consumer(consumer.stream, consumer.name)
        assert await rough.drained(60) == []
        assert await effects(rough) == before
        assert await reread(rough) >= 2 * len(told)
        assert differences(await end_of(rough), expected) == []
        sums.applied = before["versions"]
        sums.figures["messages replayed without effect"] = await reread(rough)


async def effects(lane: Lane) -> dict[str, Any]:
    """How often something took effect so far."""
    return {
        "versions": await lane.rows.fetchval("SELECT count(*) FROM fault_audit"),
        "outbox": await lane.rows.fetchval("SELECT count(*) FROM outbox"),
        "letters": len(await dead_letters(lane)),
    }


async def reread(lane: Lane) -> int:
    """How many messages the consumers have had since they were made anew."""
    infos = [
        await lane.jetstream.consumer_info(one.stream, one.name)
        for one in topology.CONSUMERS
        if one.stream == topology.EVENTS.name
    ]
    return sum(info.delivered.stream_seq and info.delivered.consumer_seq for info in infos)
