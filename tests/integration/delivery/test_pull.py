"""The pull loop hands over at once what is there, and gives back what it holds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import nats
import pytest
from nats.aio.msg import Msg

from contracts.errors import EchoraError, Outage
from contracts.events import Event
from streams.delivery import pull
from streams.embedded import NatsServer
from tests.integration.delivery.lane import Lane, open_lane
from tests.integration.delivery.pulling import Sink, fill, open_sink, puller
from tests.waiting import eventually


async def test_a_single_message_is_handed_over_without_waiting_for_others(lane: Lane) -> None:
    sink = open_sink()
    loop = puller(lane, sink, batch_max=100)
    loop.start()
    try:
        for turn in range(1, 6):
            await fill(lane, 1)
            # Nothing else comes; a loop that collected would hold this one back until its own time is over.
            await eventually(lambda turn=turn: len(sink.sequences) == turn)
        assert [len(batch) for batch in sink.batches] == [1] * 5
    finally:
        await loop.stop()


async def test_what_arrives_during_a_batch_is_the_next_batch_and_none_is_larger_than_allowed(lane: Lane) -> None:
    sink = Sink()
    loop = puller(lane, sink, batch_max=10)
    sequences = await fill(lane, 35)
    loop.start()
    try:
        await eventually(lambda: sink.begun == 1)
        sink.gate.set()
        await eventually(lambda: len(sink.sequences) == 35)
        assert sink.sequences == sequences, "in the order of the stream"
        assert max(len(batch) for batch in sink.batches) <= 10
        assert loop.progress.handled == 35
    finally:
        sink.gate.set()
        await loop.stop()


async def test_a_request_that_brought_all_it_asked_for_is_no_refusal(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pull, "HEARTBEAT_S", 0.1)
    restored = 0

    async def restore() -> None:
        nonlocal restored
        restored += 1

    sink = open_sink()
    loop = puller(lane, sink, batch_max=10, restore=restore)
    await fill(lane, 40)
    loop.start()
    try:
        await eventually(lambda: len(sink.sequences) == 40)
        seen: set[float | None] = set()

        def heard() -> bool:
            seen.add(loop.progress.pulled_at)
            return len(seen) > 5  # What the server said before these heartbeats has been acted on.

        await eventually(heard)
        assert restored == 0, "the consumer was there all along"
    finally:
        await loop.stop()


async def test_a_stop_finishes_the_batch_in_hand_and_gives_back_the_rest_at_once(lane: Lane) -> None:
    sink = Sink()
    loop = puller(lane, sink, batch_max=10)
    await fill(lane, 30)
    loop.start()
    await eventually(lambda: sink.begun == 1)
    await eventually(lambda: has_pending(lane, 20))
    stopping = asyncio.create_task(loop.stop())
    await asyncio.sleep(0)
    assert not stopping.done(), "the batch in hand is not cut off"
    sink.gate.set()
    await stopping
    in_hand = set(sink.sequences)
    assert in_hand
    # Of the 30 s that an unanswered message would wait, none is used up.
    next_sink = open_sink()
    follower = puller(lane, next_sink, batch_max=50)
    follower.start()
    try:
        await eventually(lambda: len(in_hand | set(next_sink.sequences)) == 30, within_s=10)
        assert not in_hand & set(next_sink.sequences)
    finally:
        await follower.stop()


async def test_a_stop_cuts_off_what_takes_longer_than_it_may_and_gives_it_back_at_once(lane: Lane) -> None:
    """What of the batch was settled by then stays settled."""
    cut_off: list[int] = []
    begun = asyncio.Event()

    async def endless(batch: list[Msg]) -> None:
        await batch[0].ack()
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cut_off.extend(message.metadata.sequence.stream for message in batch)

    loop = puller(lane, endless, batch_max=10)
    sequences = await fill(lane, 30)
    loop.start()
    await begun.wait()
    async with asyncio.timeout(10):
        await loop.stop(0.1)
    assert cut_off
    sink = open_sink()
    follower = puller(lane, sink, batch_max=50)
    follower.start()
    try:
        # Of the 30 s that an unanswered message would wait, none is used up.
        await eventually(lambda: len(sink.sequences) == 29, within_s=10)
        assert set(sink.sequences) == set(sequences) - {cut_off[0]}
    finally:
        await follower.stop()


async def has_pending(lane: Lane, least: int) -> bool:
    return (await lane.info()).num_ack_pending >= least


async def test_a_message_that_looks_like_a_status_is_a_message(lane: Lane) -> None:
    sink = open_sink()
    await lane.publish(b"", headers={"Status": "100", "Description": "Idle Heartbeat"})
    loop = puller(lane, sink)
    loop.start()
    try:
        await eventually(lambda: sink.sequences == [1])
    finally:
        await loop.stop()


async def test_a_handler_that_raises_does_not_silence_its_consumer(lane: Lane) -> None:
    taken: list[int] = []

    async def handle(batch: list[Msg]) -> None:
        taken.extend(message.metadata.sequence.stream for message in batch)
        if len(taken) == 1:
            raise KeyError("a defect")
        for message in batch:
            await message.ack()

    loop = puller(lane, handle)
    loop.start()
    try:
        await fill(lane, 1)
        await eventually(lambda: taken == [1])
        await fill(lane, 1)
        await eventually(lambda: taken == [1, 2])
    finally:
        await loop.stop()


async def test_what_waits_behind_a_held_batch_stays_ours(own_nats: NatsServer) -> None:
    client = await nats.connect(own_nats.url)
    try:
        lane = await open_lane(client, ack_wait_s=1)
        sequences = await fill(lane, 20)
        sink = Sink()

        async def handle(batch: list[Msg]) -> None:
            beats = asyncio.create_task(_beat(batch))
            await sink(batch)
            beats.cancel()

        loop = puller(lane, handle, batch_max=10)
        loop.start()
        # The first batch is held for several ack waits; the second lies fetched behind it.
        await eventually(lambda: sink.begun == 1)
        await asyncio.sleep(3.5)
        sink.gate.set()
        await eventually(lambda: len(sink.sequences) >= 20)
        info = await lane.info()
        await loop.stop()
        assert sorted(sink.sequences) == sequences
        assert info.num_redelivered == 0, "a message came twice though it had been ours all the time"
    finally:
        await client.close()


async def _beat(batch: list[Msg]) -> None:
    while True:
        for message in batch:
            await message.in_progress()
        await asyncio.sleep(0.3)


async def test_what_is_given_back_at_a_stop_does_not_come_round(lane: Lane) -> None:
    """A loop that went on pulling while a program ends would use up the deliveries of what its settler gives back."""
    settler, begun = lane.settler(), asyncio.Event()

    async def away(events: Sequence[Event]) -> list[EchoraError | None]:
        begun.set()
        raise Outage("PostgreSQL", "away")

    loop = lane.puller(settler, away)
    sequences = await fill(lane, 5)
    loop.start()
    await begun.wait()
    loop.halt()
    settler.stopping.set()
    # Other parts end meanwhile.
    await asyncio.sleep(0.3)
    await loop.stop()
    info = await lane.info()
    assert info.delivered is not None
    assert info.delivered.consumer_seq <= 3 * len(sequences)
