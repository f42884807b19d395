"""The pull loop: hands over at once what is there, outlives server and consumer, and gives back what it holds."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.errors import NotFoundError

from contracts.errors import EchoraError, Outage
from contracts.events import Event
from streams.clock import SystemClock
from streams.delivery import pull
from streams.delivery.pull import Puller
from streams.embedded import NatsServer
from streams.provision import provision
from tests.events import updated
from tests.integration.delivery.lane import Lane, open_lane
from tests.waiting import eventually


@dataclass
class Sink:
    """Acknowledges what it gets and notes it; while `gate` is closed it holds its batch."""

    batches: list[list[int]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    begun: int = 0

    async def __call__(self, batch: list[Msg]) -> None:
        self.begun += 1
        await self.gate.wait()
        self.batches.append([message.metadata.sequence.stream for message in batch])
        for message in batch:
            await message.ack()

    @property
    def sequences(self) -> list[int]:
        return [sequence for batch in self.batches for sequence in batch]


def puller(lane: Lane, handle: Any, batch_max: int = 10, **more: Any) -> Puller:
    return Puller(lambda: lane.client, lane.consumer, batch_max, handle, SystemClock(), **more)


def open_sink() -> Sink:
    sink = Sink()
    sink.gate.set()
    return sink


async def fill(lane: Lane, number: int) -> list[int]:
    return await lane.publish(*(updated(str(n), status="ONGOING") for n in range(number)))


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


async def test_an_idle_consumer_stays_alive_by_heartbeats(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull, "EXPIRES_S", 0.9)
    monkeypatch.setattr(pull, "HEARTBEAT_S", 0.1)
    monkeypatch.setattr(pull, "SILENCE_MAX_S", 3_600)  # The end of a request is noticed by its own word.
    sink = open_sink()
    loop = puller(lane, sink)
    loop.start()
    try:
        seen: set[float] = set()

        def heard() -> bool:
            if loop.progress.pulled_at is not None:
                seen.add(loop.progress.pulled_at)
            return len(seen) > 20  # More than two requests live through: they were asked for again.

        await eventually(heard)
        await fill(lane, 1)
        await eventually(lambda: len(sink.sequences) == 1)
    finally:
        await loop.stop()


async def test_a_request_that_got_lost_is_made_again(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull, "SILENCE_MAX_S", 0.2)
    real, lost = lane.client.publish, []

    async def forgetful(subject: str, *rest: Any, **more: Any) -> None:
        if "MSG.NEXT" in subject and not lost:
            lost.append(subject)
            return
        await real(subject, *rest, **more)

    monkeypatch.setattr(lane.client, "publish", forgetful)
    sink = open_sink()
    await fill(lane, 3)
    loop = puller(lane, sink)
    loop.start()
    try:
        await eventually(lambda: len(sink.sequences) == 3)
        assert lost
    finally:
        await loop.stop()


async def test_a_consumer_that_is_gone_is_asked_for_calmly_and_found_again(lane: Lane) -> None:
    asked = 0
    real = lane.client.publish

    async def counted(subject: str, *rest: Any, **more: Any) -> None:
        nonlocal asked
        asked += "MSG.NEXT" in subject
        await real(subject, *rest, **more)

    lane.client.publish = counted  # type: ignore[method-assign]
    sink = open_sink()
    loop = puller(lane, sink)
    loop.start()
    try:
        await fill(lane, 1)
        await eventually(lambda: len(sink.sequences) == 1)
        await lane.jetstream.delete_consumer(lane.stream.name, lane.consumer.name)
        before = asked
        await eventually(lambda: asked >= before + 2)
        # A loop that spins would have asked thousands of times in the pause before the second request.
        assert asked <= before + 4
        await provision(lane.jetstream, (), (lane.consumer,))
        await fill(lane, 1)
        await eventually(lambda: 2 in sink.sequences)
    finally:
        await loop.stop()


async def test_a_consumer_that_was_deleted_is_made_again(lane: Lane) -> None:
    async def restore() -> None:
        await provision(lane.jetstream, (), (lane.consumer,))

    sink = open_sink()
    loop = puller(lane, sink, restore=restore)
    loop.start()
    try:
        await fill(lane, 1)
        await eventually(lambda: len(sink.sequences) == 1)
        await lane.jetstream.delete_consumer(lane.stream.name, lane.consumer.name)
        await fill(lane, 1)
        await eventually(lambda: 2 in sink.sequences)
    finally:
        await loop.stop()
    with pytest.raises(NotFoundError):
        await lane.jetstream.consumer_info(lane.stream.name, "another")


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


@asynccontextmanager
async def killed(server: NatsServer) -> AsyncIterator[None]:
    """The server dies by SIGKILL; inside it is away."""
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    await eventually(lambda: not server.alive())
    yield
    server.start()


async def test_a_loop_that_ended_is_started_again(lane: Lane) -> None:
    sink = open_sink()
    loop = puller(lane, sink)
    loop.start()
    try:
        sequences = await fill(lane, 3)
        await eventually(lambda: sink.sequences == sequences)
        (task,) = [task for task in asyncio.all_tasks() if task.get_name() == f"pull {lane.consumer.name}"]
        task.cancel()
        await asyncio.wait([task])
        sequences += await fill(lane, 3)
        await eventually(lambda: sink.sequences == sequences)
    finally:
        await loop.stop()


async def test_it_survives_kill_9_of_the_server_and_loses_nothing(own_nats: NatsServer) -> None:
    client = await nats.connect(own_nats.url, max_reconnect_attempts=-1, reconnect_time_wait=0.1)
    try:
        await survive(client, own_nats)
    finally:
        await client.close()


async def survive(client: Client, server: NatsServer) -> None:
    lane = await open_lane(client, ack_wait_s=2)
    sink = open_sink()
    loop = puller(lane, sink)
    loop.start()
    try:
        expected: set[int] = set(await fill(lane, 5))
        for _ in range(2):
            async with killed(server):
                await eventually(lambda: not client.is_connected)
            await eventually(lambda: client.is_connected)
            expected |= set(await published(lane, 5))
            await eventually(lambda: len(expected - set(sink.sequences)) == 0, within_s=30)  # noqa: B023 - awaited here
        await eventually(lane.is_settled, within_s=30)
    finally:
        await loop.stop()


async def published(lane: Lane, number: int) -> Sequence[int]:
    """Published once JetStream answers again."""

    async def attempt() -> Sequence[int]:
        try:
            return await fill(lane, number)
        except (nats.errors.Error, TimeoutError):
            return []

    found: Sequence[int] = await eventually(attempt)
    return found


async def test_stopping_without_a_server_does_not_hang(own_nats: NatsServer) -> None:
    client = await nats.connect(own_nats.url, max_reconnect_attempts=-1, reconnect_time_wait=0.1)
    lane = await open_lane(client)
    sink = Sink()
    loop = puller(lane, sink)
    await fill(lane, 30)
    loop.start()
    await eventually(lambda: sink.begun == 1)
    own_nats.stop()
    sink.gate.set()
    async with asyncio.timeout(5):
        await loop.stop()
    with suppress(OSError):  # What the library's own close raises without a server.
        await client.close()


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


async def test_large_messages_come_in_bounded_bytes_and_all_of_them_come(lane: Lane) -> None:
    size, number = 256 * 1024, 120
    for _ in range(number):
        await lane.publish(os.urandom(size))
    seen: list[int] = []
    ahead: list[int] = []

    async def handle(batch: list[Msg]) -> None:
        ahead.append((await lane.info()).num_ack_pending or 0)
        for message in batch:
            await message.ack()
        seen.extend(len(message.data) for message in batch)

    puller = Puller(lambda: lane.client, lane.consumer, 200, handle, SystemClock())
    puller.start()
    try:
        await eventually(lambda: len(seen) == number)
        await eventually(lane.is_settled)
    finally:
        await puller.stop()
    assert set(seen) == {size}
    # What is in hand, what waits behind it, and what is on its way.
    assert max(ahead) * size <= 4 * pull.BYTES_MAX


async def test_a_message_that_is_larger_than_a_request_comes_all_the_same(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.delivery.pull.BYTES_MAX", 5_000)
    sizes = [100, 20_000, 100, 100, 30_000, 30_000, 100]
    await lane.publish(*[b"x" * size for size in sizes])
    seen: list[int] = []

    async def handle(batch: list[Msg]) -> None:
        for message in batch:
            seen.append(len(message.data))
            await message.ack()

    puller = Puller(lambda: lane.client, lane.consumer, 10, handle, SystemClock())
    puller.start()
    try:
        await eventually(lambda: len(seen) == len(sizes))
        assert seen == sizes
    finally:
        await puller.stop()


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
