"""What the library does by default and what we do, side by side. When a default changes, the first half fails and the
guard may go; when we lose the guard, the second half fails. The numbers are those of the hazards that we know."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from time import monotonic
from typing import Any

import pytest
from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, PullSub
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, ConsumerInfo, StreamConfig

from contracts import codec, subjects
from contracts.errors import EchoraError, Outage, Transient
from contracts.events import Event
from streams import topology
from streams.delivery.delays import FIRST_S
from streams.delivery.publish import Publisher
from streams.delivery.settle import Letter
from streams.provision import provision
from tests.events import updated
from tests.guards.conftest import Ours
from tests.waiting import eventually

STREAM = topology.EVENTS.name
SUBJECT = subjects.ANIME_UPDATED
THEIRS = "their-consumer"
PLAIN = JStream(STREAM, declare=False)


def event_bytes(name: str = "Ring") -> bytes:
    return codec.encode(updated(name, status="ONGOING"))


async def well(events: Sequence[Event]) -> list[EchoraError | None]:
    return [None for _ in events]


async def consumer(jetstream: JetStreamContext, name: str) -> ConsumerInfo:
    return await jetstream.consumer_info(STREAM, name)


async def is_settled(jetstream: JetStreamContext, name: str) -> bool:
    info = await consumer(jetstream, name)
    return info.num_pending == 0 and info.num_ack_pending == 0


async def letters(jetstream: JetStreamContext) -> int:
    return (await jetstream.stream_info(topology.DEAD_LETTERS.name)).state.messages


async def advisories(jetstream: JetStreamContext) -> int:
    return (await jetstream.stream_info(topology.ADVISORIES.name)).state.messages


# --- F1: one exception ends a message ----------------------------------------------------------------------------


async def test_f1_by_default_a_message_is_gone_after_one_exception(
    jetstream: JetStreamContext, default_broker: NatsBroker
) -> None:
    calls: list[bytes] = []

    @default_broker.subscriber(SUBJECT, stream=PLAIN, durable=THEIRS, pull_sub=True)
    async def handle(body: bytes) -> None:
        calls.append(body)
        raise RuntimeError("the database was away for a moment")

    await default_broker.start()
    await jetstream.publish(SUBJECT, b"text", headers={"content-type": "text/plain"})
    await eventually(lambda: bool(calls))
    await eventually(lambda: is_settled(jetstream, THEIRS))
    assert len(calls) == 1
    await eventually(lambda: advisories(jetstream))
    assert await letters(jetstream) == 0, "nobody hears of it, but for an advisory"


async def test_f1_with_us_it_comes_again(jetstream: JetStreamContext, ours: Ours) -> None:
    tries: list[float] = []

    async def once_away(events: Sequence[Event]) -> list[EchoraError | None]:
        tries.append(monotonic())
        if len(tries) == 1:
            raise RuntimeError("the database was away for a moment")
        return [None for _ in events]

    await ours.start(once_away)
    await jetstream.publish(SUBJECT, event_bytes())
    await eventually(lambda: len(tries) == 2)
    await eventually(lambda: is_settled(jetstream, topology.UPDATED.name))
    assert await letters(jetstream) == 0


async def test_f1_with_us_what_has_its_letter_is_acknowledged_and_leaves_no_advisory(
    jetstream: JetStreamContext, ours: Ours
) -> None:
    """The advisory of a terminated message would make a second letter of it."""
    await ours.start(well)
    for body in (b"not an event", event_bytes()):
        await jetstream.publish(SUBJECT, body)
    await eventually(lambda: is_settled(jetstream, topology.UPDATED.name))
    assert (await letters(jetstream), await advisories(jetstream)) == (1, 0)


# --- F2: one bad item ends a batch -------------------------------------------------------------------------------


async def test_f2_by_default_one_bad_item_ends_its_whole_batch_unseen(
    jetstream: JetStreamContext, default_broker: NatsBroker
) -> None:
    calls: list[list[int]] = []

    @default_broker.subscriber(
        SUBJECT, stream=PLAIN, durable=THEIRS, pull_sub=PullSub(batch=True, batch_size=3, timeout=1)
    )
    async def handle(body: list[int]) -> None:
        calls.append(body)

    for item in (b"1", b"not a number", b"3"):
        await jetstream.publish(SUBJECT, item, headers={"content-type": "application/json"})
    await default_broker.start()
    await eventually(lambda: is_settled(jetstream, THEIRS))
    assert calls == []


async def test_f2_with_us_its_neighbours_go_through(jetstream: JetStreamContext, ours: Ours) -> None:
    for item in (event_bytes("a"), b"not an event", event_bytes("b")):
        await jetstream.publish(SUBJECT, item)
    await ours.start(well)
    await eventually(lambda: is_settled(jetstream, topology.UPDATED.name))
    assert (len(ours.events), len(ours.poison), await letters(jetstream)) == (2, 1, 1)


# --- F3: a nak without a delay -----------------------------------------------------------------------------------


async def test_f3_by_default_five_attempts_are_burned_before_our_first_delay_is_over(
    jetstream: JetStreamContext, default_broker: NatsBroker
) -> None:
    tries: list[float] = []

    @default_broker.subscriber(SUBJECT, stream=PLAIN, durable=THEIRS, pull_sub=True, ack_policy=AckPolicy.NACK_ON_ERROR)
    async def handle(body: bytes) -> None:
        tries.append(monotonic())
        if len(tries) < 20:
            raise RuntimeError("not yet")

    await default_broker.start()
    await jetstream.publish(SUBJECT, b"text", headers={"content-type": "text/plain"})
    await eventually(lambda: len(tries) == 20)
    assert tries[4] - tries[0] < FIRST_S


async def test_f3_by_default_the_backoff_of_a_consumer_says_nothing_of_naks(jetstream: JetStreamContext) -> None:
    config = ConsumerConfig(durable_name=THEIRS, backoff=[60.0], max_deliver=5, filter_subject=SUBJECT)
    await jetstream.add_consumer(STREAM, config=config)
    await jetstream.publish(SUBJECT, event_bytes())
    subscription = await jetstream.pull_subscribe_bind(THEIRS, STREAM)
    for attempt in (1, 2):
        # The second comes long before the minute is over.
        (message,) = await subscription.fetch(1, timeout=10)
        assert message.metadata.num_delivered == attempt
        await message.nak()


async def test_f3_with_us_each_attempt_waits_for_its_delay(jetstream: JetStreamContext, ours: Ours) -> None:
    tries: list[float] = []

    async def twice_busy(events: Sequence[Event]) -> list[EchoraError | None]:
        tries.append(monotonic())
        return [Transient("busy") if len(tries) < 3 else None for _ in events]

    await ours.start(twice_busy)
    await jetstream.publish(SUBJECT, event_bytes())
    await eventually(lambda: len(tries) == 3)
    assert tries[1] - tries[0] >= FIRST_S
    assert tries[2] - tries[1] >= 2 * FIRST_S


# --- F4: a changed consumer is ignored ---------------------------------------------------------------------------


async def test_f4_by_default_a_changed_ack_wait_of_a_durable_is_ignored(
    jetstream: JetStreamContext, default_broker: NatsBroker
) -> None:
    await jetstream.add_consumer(STREAM, config=ConsumerConfig(durable_name=THEIRS, ack_wait=30))
    default_broker.subscriber(SUBJECT, stream=PLAIN, durable=THEIRS, pull_sub=True, config=ConsumerConfig(ack_wait=77))(
        _ignore
    )
    await default_broker.start()
    assert (await consumer(jetstream, THEIRS)).config.ack_wait == 30


async def _ignore(body: bytes) -> None:
    """A handler that does nothing."""


async def test_f4_with_us_it_is_applied(jetstream: JetStreamContext) -> None:
    await provision(jetstream, (), (replace(topology.UPDATED, ack_wait_s=77),))
    assert (await consumer(jetstream, topology.UPDATED.name)).config.ack_wait == 77


# --- F5: declaring a stream overwrites the operator's limits -------------------------------------------------------


async def test_f5_by_default_declaring_a_stream_takes_the_operators_limit_away(
    jetstream: JetStreamContext, default_broker: NatsBroker
) -> None:
    await jetstream.add_stream(config=StreamConfig(name="THEIRS", subjects=["theirs.>"], max_age=3_600))
    default_broker.subscriber("theirs.one", stream=JStream("THEIRS"), durable=THEIRS, pull_sub=True)(_ignore)
    await default_broker.start()
    assert (await jetstream.stream_info("THEIRS")).config.max_age == 0


async def test_f5_with_us_it_stays(jetstream: JetStreamContext, ours: Ours) -> None:
    long = 30 * topology.DAY_S
    config = (await jetstream.stream_info(STREAM)).config
    await jetstream.update_stream(config=replace(config, max_age=long))
    await provision(jetstream, topology.STREAMS, topology.CONSUMERS)
    await ours.start(well)
    assert (await jetstream.stream_info(STREAM)).config.max_age == long


# --- F12: publishing without a confirmation ------------------------------------------------------------------------


async def test_f12_by_default_what_no_stream_takes_is_lost_without_a_word(
    jetstream: JetStreamContext, default_broker: NatsBroker
) -> None:
    await default_broker.start()
    assert await default_broker.publish(b"lost", "nobody.listens") is None
    for _ in range(2):
        await default_broker.publish(b"twice", SUBJECT, stream=STREAM, headers={"message_id": "the same"})
    assert (await jetstream.stream_info(STREAM)).state.messages == 2, "message_id is not what the server looks at"


async def test_f12_with_us_it_is_an_outage_and_a_repetition_is_one_message(
    jetstream: JetStreamContext, ours: Ours
) -> None:
    await ours.start(well)
    publisher = ours.settler.publisher
    assert isinstance(publisher, Publisher)
    with pytest.raises(Outage, match=r"nobody\.listens"):
        await publisher.publish(Letter("nobody.listens", b"kept by the caller", {"Nats-Msg-Id": "1"}))
    for _ in range(2):
        await publisher.publish(Letter(subjects.ANIME_CREATED, b"once", {"Nats-Msg-Id": "2"}))
    assert (await jetstream.stream_info(STREAM)).state.messages == 1


# --- F14: bytes without a content type are guessed -------------------------------------------------------------------


async def test_f14_by_default_a_zero_becomes_a_number(jetstream: JetStreamContext, default_broker: NatsBroker) -> None:
    seen: list[Any] = []

    @default_broker.subscriber(SUBJECT, stream=PLAIN, durable=THEIRS, pull_sub=True)
    async def handle(body: Any) -> None:
        seen.append(body)

    await default_broker.start()
    await jetstream.publish(SUBJECT, b"0")
    await eventually(lambda: bool(seen))
    assert seen == [0]


async def test_f14_with_us_it_is_poison_whatever_its_headers_say(jetstream: JetStreamContext, ours: Ours) -> None:
    await ours.start(well)
    await jetstream.publish(SUBJECT, b"0")
    await jetstream.publish(SUBJECT, b"0", headers={"content-type": "application/json", "reply_to": "x"})
    await eventually(lambda: is_settled(jetstream, topology.UPDATED.name))
    assert (len(ours.poison), ours.events, await letters(jetstream)) == (2, [], 2)


# --- F15: batches and workers --------------------------------------------------------------------------------------


async def test_f15_by_default_a_batch_with_workers_is_none(
    jetstream: JetStreamContext, default_broker: NatsBroker
) -> None:
    """What we do is asked in test_faststream_without_a_server."""
    seen: list[Any] = []
    with pytest.warns(RuntimeWarning, match="`batch` option of `PullSub` is ignored"):
        subscriber = default_broker.subscriber(
            SUBJECT, stream=PLAIN, durable=THEIRS, pull_sub=PullSub(batch=True, timeout=0.2), max_workers=2
        )

    @subscriber
    async def handle(body: Any) -> None:
        seen.append(body)

    await default_broker.start()
    for _ in range(2):
        await jetstream.publish(SUBJECT, b"text", headers={"content-type": "text/plain"})
    await eventually(lambda: len(seen) == 2)
    assert seen == ["text", "text"], "no list of either"


# --- F17: a batch is collected, and forgotten at a stop ---------------------------------------------------------------


async def test_f17_by_default_a_single_message_waits_for_a_full_batch_and_ours_is_handled_meanwhile(
    jetstream: JetStreamContext, default_broker: NatsBroker, ours: Ours
) -> None:
    collected: list[Any] = []

    @default_broker.subscriber(
        SUBJECT, stream=PLAIN, durable=THEIRS, pull_sub=PullSub(batch=True, batch_size=10, timeout=60)
    )
    async def handle(body: list[bytes]) -> None:
        collected.append(body)

    await default_broker.start()
    await ours.start(well)
    await jetstream.publish(SUBJECT, event_bytes())
    await eventually(lambda: len(ours.events) == 1)
    await eventually(lambda: has_in_hand(jetstream, THEIRS, 1))
    assert collected == []


async def has_in_hand(jetstream: JetStreamContext, name: str, number: int) -> bool:
    return (await consumer(jetstream, name)).num_ack_pending >= number


async def test_f17_by_default_what_was_collected_is_forgotten_at_a_stop(
    jetstream: JetStreamContext, default_broker: NatsBroker
) -> None:
    default_broker.subscriber(
        SUBJECT, stream=PLAIN, durable=THEIRS, pull_sub=PullSub(batch=True, batch_size=10, timeout=60)
    )(_ignore_many)
    await default_broker.start()
    for number in range(3):
        await jetstream.publish(SUBJECT, event_bytes(str(number)))
    await eventually(lambda: has_in_hand(jetstream, THEIRS, 3))
    await default_broker.stop()
    subscription = await jetstream.pull_subscribe_bind(THEIRS, STREAM)
    with pytest.raises(TimeoutError):
        await subscription.fetch(3, timeout=1)


async def _ignore_many(body: list[bytes]) -> None:
    """A handler of batches that does nothing."""


async def test_f17_with_us_it_comes_again_at_once(jetstream: JetStreamContext, new_ours: Callable[[], Ours]) -> None:
    first, second = new_ours(), new_ours()
    begun, release = asyncio.Event(), asyncio.Event()

    async def slow(events: Sequence[Event]) -> list[EchoraError | None]:
        begun.set()
        await release.wait()
        return [None for _ in events]

    for number in range(6):
        await jetstream.publish(SUBJECT, event_bytes(str(number)))
    await first.start(slow, batch_max=2)
    await begun.wait()
    await eventually(lambda: has_in_hand(jetstream, topology.UPDATED.name, 4))
    release.set()
    await first.stop()
    await second.start(well)
    # The ack wait of 30 s would be over long after this.
    await eventually(lambda: is_settled(jetstream, topology.UPDATED.name), within_s=10)
    seen = [event.event_id for event in first.events + second.events]
    assert len(seen) == len(set(seen)) == 6
