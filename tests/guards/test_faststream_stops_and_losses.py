"""The library's defaults when something is gone or takes long, and ours beside them; see test_faststream_defaults."""

from __future__ import annotations

import ast
import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from inspect import signature
from time import monotonic

import nats
import pytest
from faststream.nats import JStream, NatsBroker, PullSub
from nats.aio.client import DEFAULT_MAX_RECONNECT_ATTEMPTS
from nats.errors import ConnectionClosedError
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig
from nats.js.errors import TooManyStalledMsgsError

from contracts import codec, subjects
from contracts.errors import EchoraError
from contracts.events import Event
from streams import topology
from streams.broker import build_broker
from streams.broker import connection as connection_of
from streams.embedded import NatsServer
from streams.provision import provision
from tests.architecture.source import trees
from tests.events import updated
from tests.guards.conftest import GRACE_S, Ours
from tests.guards.test_faststream_defaults import STREAM, SUBJECT, THEIRS, is_settled, well
from tests.waiting import eventually

PLAIN = JStream(STREAM, declare=False)
ACK_WAIT_S = 0.6
LONG_ACK_WAIT_S = 2.0


def event_bytes(name: str = "Ring") -> bytes:
    return codec.encode(updated(name, status="ONGOING"))


# --- F6: a consumer that was deleted -----------------------------------------------------------------------------


async def test_f6_by_default_a_deleted_consumer_stays_away_and_nobody_hears_of_it(
    jetstream: JetStreamContext, default_broker: NatsBroker
) -> None:
    seen: list[bytes] = []

    @default_broker.subscriber(SUBJECT, stream=PLAIN, durable=THEIRS, pull_sub=PullSub(timeout=0.2))
    async def handle(body: bytes) -> None:
        seen.append(body)

    await default_broker.start()
    headers = {"content-type": "text/plain"}
    await jetstream.publish(SUBJECT, b"before", headers=headers)
    await eventually(lambda: len(seen) == 1)
    await jetstream.delete_consumer(STREAM, THEIRS)
    await jetstream.publish(SUBJECT, b"after", headers=headers)
    # Longer than any of its requests lives.
    await asyncio.sleep(1.0)
    assert await default_broker.ping(1.0), "it calls itself well"
    assert len(seen) == 1
    assert THEIRS not in [info.name for info in await jetstream.consumers_info(STREAM)]


async def test_f6_with_us_it_is_made_again(jetstream: JetStreamContext, ours: Ours) -> None:
    await ours.start(well)
    await jetstream.delete_consumer(STREAM, topology.UPDATED.name)
    await jetstream.publish(SUBJECT, event_bytes("after"))
    await eventually(lambda: len(ours.events) == 1)


# --- F7: reconnecting ends ---------------------------------------------------------------------------------------


async def test_f7_by_default_reconnecting_ends_for_good(own_nats: NatsServer) -> None:
    assert DEFAULT_MAX_RECONNECT_ATTEMPTS == 60, "two minutes at its two seconds"
    impatient = NatsBroker(own_nats.url, logger=None, max_reconnect_attempts=1, reconnect_time_wait=0.01)
    await impatient.connect()
    client = connection_of(impatient)
    await asyncio.to_thread(own_nats.stop)
    await eventually(lambda: client.is_closed)
    await asyncio.to_thread(own_nats.start)
    try:
        await client.publish("any", b"")
    except ConnectionClosedError:
        return
    raise AssertionError("the library goes on by itself now")


async def test_f7_with_us_it_does_not(jetstream: JetStreamContext, own_nats: NatsServer, ours: Ours) -> None:
    assert connection_options(build_broker(own_nats.url, shutdown_grace_s=1, name="x"))["max_reconnect_attempts"] == -1
    await ours.start(well)
    await asyncio.to_thread(own_nats.stop)
    await asyncio.to_thread(own_nats.start)
    await eventually(lambda: connection_of(ours.broker).is_connected)
    await eventually(lambda: is_published(jetstream))
    await eventually(lambda: len(ours.events) == 1)


def connection_options(broker: NatsBroker) -> dict[str, object]:
    return dict(broker._connection_kwargs)


async def is_published(jetstream: JetStreamContext) -> bool:
    try:
        await jetstream.publish(SUBJECT, event_bytes(), headers={"Nats-Msg-Id": "once"}, timeout=0.5)
    except (ConnectionClosedError, TimeoutError, OSError):
        return False
    return True


# --- F8: work that takes longer than the ack wait ----------------------------------------------------------------


async def test_f8_by_default_long_work_is_delivered_again_meanwhile(
    jetstream: JetStreamContext, default_broker: NatsBroker
) -> None:
    begun: list[bytes] = []
    await jetstream.add_consumer(STREAM, config=ConsumerConfig(durable_name=THEIRS, ack_wait=ACK_WAIT_S))

    @default_broker.subscriber(SUBJECT, stream=PLAIN, durable=THEIRS, pull_sub=PullSub(timeout=0.1), max_workers=2)
    async def handle(body: bytes) -> None:
        begun.append(body)
        await asyncio.sleep(3 * ACK_WAIT_S)

    await default_broker.start()
    await jetstream.publish(SUBJECT, b"long", headers={"content-type": "text/plain"})
    await eventually(lambda: len(begun) > 1)


async def test_f8_with_us_it_is_not(jetstream: JetStreamContext, ours: Ours) -> None:
    short = replace(topology.UPDATED, ack_wait_s=ACK_WAIT_S)
    await jetstream.delete_consumer(STREAM, topology.UPDATED.name)
    await provision(jetstream, (), (short,))
    ours.settler.tuning = replace(ours.settler.tuning, ack_wait_s=ACK_WAIT_S)
    begun: list[Sequence[Event]] = []

    async def long(events: Sequence[Event]) -> list[EchoraError | None]:
        begun.append(events)
        await asyncio.sleep(4 * ACK_WAIT_S)
        return [None for _ in events]

    await ours.start(long)
    await jetstream.publish(SUBJECT, event_bytes())
    await eventually(lambda: bool(begun))
    await eventually(lambda: is_settled(jetstream, topology.UPDATED.name))
    info = await jetstream.consumer_info(STREAM, topology.UPDATED.name)
    assert (len(begun), info.num_redelivered) == (1, 0)


# --- F9: a stop while something is in hand -----------------------------------------------------------------------


async def stopped_in_the_middle(
    jetstream: JetStreamContext, url: str, graceful_timeout: float | None
) -> dict[str, float]:
    """What became of a handler that was at work when the broker was stopped, and when."""
    broker = NatsBroker(url, logger=None, graceful_timeout=graceful_timeout)
    steps: dict[str, float] = {}
    config = ConsumerConfig(durable_name=THEIRS, ack_wait=LONG_ACK_WAIT_S, filter_subject=SUBJECT)
    await jetstream.add_consumer(STREAM, config=config)

    @broker.subscriber(SUBJECT, stream=PLAIN, durable=THEIRS, pull_sub=PullSub(timeout=0.2))
    async def handle(body: bytes) -> None:
        steps["begun"] = monotonic()
        try:
            await asyncio.sleep(60)
        finally:
            steps["cut off"] = monotonic()

    await broker.start()
    await jetstream.publish(SUBJECT, b"text", headers={"content-type": "text/plain"})
    await eventually(lambda: bool(steps))
    await broker.stop()
    return steps


@pytest.mark.parametrize("graceful_timeout", [None, 0.2])
async def test_f9_by_default_what_is_in_hand_at_a_stop_is_cut_off_and_comes_after_the_whole_ack_wait(
    jetstream: JetStreamContext, own_nats: NatsServer, graceful_timeout: float | None
) -> None:
    """None does not mean without end, it means not at all; the library's own default has become 15 s."""
    assert signature(NatsBroker).parameters["graceful_timeout"].default == 15.0
    steps = await stopped_in_the_middle(jetstream, own_nats.url, graceful_timeout)
    await eventually(lambda: "cut off" in steps)
    subscription = await jetstream.pull_subscribe_bind(THEIRS, STREAM)
    (again,) = await subscription.fetch(1, timeout=5 * LONG_ACK_WAIT_S)
    assert again.metadata.num_delivered == 2
    assert monotonic() - steps["begun"] > LONG_ACK_WAIT_S / 2, "nobody gave it back"


async def test_f9_with_us_it_is_finished(jetstream: JetStreamContext, new_ours: Callable[[], Ours]) -> None:
    ours, begun = new_ours(), asyncio.Event()

    async def slow(events: Sequence[Event]) -> list[EchoraError | None]:
        begun.set()
        await asyncio.sleep(0.5)
        return [None for _ in events]

    await ours.start(slow)
    await jetstream.publish(SUBJECT, event_bytes())
    await begun.wait()
    await ours.stop()
    assert await is_settled(jetstream, topology.UPDATED.name)


async def test_f9_with_us_what_was_not_begun_is_given_back_at_once(
    jetstream: JetStreamContext, new_ours: Callable[[], Ours]
) -> None:
    """The consumer's ack wait is 30 s; see also F17, where the same is asked of a batch."""
    ours, begun = new_ours(), asyncio.Event()
    assert ours.broker.config.graceful_timeout == GRACE_S

    async def slow(events: Sequence[Event]) -> list[EchoraError | None]:
        begun.set()
        await asyncio.sleep(0.3)
        return [None for _ in events]

    for number in range(4):
        await jetstream.publish(SUBJECT, event_bytes(str(number)))
    await ours.start(slow, batch_max=1)
    await begun.wait()
    await ours.stop()
    left = 4 - len(ours.events)
    assert left, "the stop came before the end"
    subscription = await jetstream.pull_subscribe_bind(topology.UPDATED.name, STREAM)
    assert len(await subscription.fetch(left, timeout=2)) == left


# --- F18: confirmations that never come --------------------------------------------------------------------------


async def test_f18_by_default_a_killed_server_leaves_debts_that_stall_every_later_publish(
    jetstream: JetStreamContext, own_nats: NatsServer
) -> None:
    """Ours beside it is in tests/integration/delivery/test_publish.py."""
    assert signature(JetStreamContext).parameters["publish_async_max_pending"].default == 4_000
    client = await nats.connect(own_nats.url, max_reconnect_attempts=-1, reconnect_time_wait=0.05)
    context = client.jetstream(publish_async_max_pending=50)
    assert own_nats.pid is not None
    # Suspended first, so that what is sent is surely never answered.
    os.kill(own_nats.pid, signal.SIGSTOP)
    sent = [await context.publish_async(SUBJECT, event_bytes()) for _ in range(50)]
    os.kill(own_nats.pid, signal.SIGKILL)
    await eventually(lambda: not own_nats.alive())
    await asyncio.to_thread(own_nats.start)
    await eventually(lambda: client.stats["reconnects"] == 1)
    await eventually(lambda: is_published(client.jetstream()))
    assert not [one for one in sent if one.done()], "nobody says that they failed"
    with pytest.raises(TooManyStalledMsgsError):
        await context.publish_async(SUBJECT, event_bytes(), wait_stall=0.2)
    await client.close()


# --- F21: what the server gave up --------------------------------------------------------------------------------


async def test_f21_by_default_the_ack_floor_does_not_pass_what_the_server_gave_up(jetstream: JetStreamContext) -> None:
    config = ConsumerConfig(durable_name=THEIRS, ack_wait=0.2, max_deliver=1, filter_subject=subjects.ANIME_UPDATED)
    await jetstream.add_consumer(STREAM, config=config)
    for name in ("given up", "handled"):
        await jetstream.publish(SUBJECT, event_bytes(name))
    subscription = await jetstream.pull_subscribe_bind(THEIRS, STREAM)
    await subscription.fetch(1, timeout=1)
    (handled,) = await subscription.fetch(1, timeout=1)
    await handled.ack()

    async def is_advised() -> bool:
        with suppress(TimeoutError):
            await subscription.fetch(1, timeout=0.2)
        return (await jetstream.stream_info(topology.ADVISORIES.name)).state.messages == 1

    await eventually(is_advised)
    info = await jetstream.consumer_info(STREAM, THEIRS)
    assert info.ack_floor is not None
    assert info.ack_floor.stream_seq == 0, "progress must not be read from it"


async def test_f21_by_default_what_is_given_up_is_told_without_a_pull(jetstream: JetStreamContext) -> None:
    """Older servers told it only while somebody pulled; this one tells it by itself. Should that come back, our loop
    is not touched, since it always has a request with the server, but what is said of it here would be wrong."""
    config = ConsumerConfig(durable_name=THEIRS, ack_wait=0.2, max_deliver=1, filter_subject=subjects.ANIME_UPDATED)
    await jetstream.add_consumer(STREAM, config=config)
    await jetstream.publish(SUBJECT, event_bytes("given up"))
    subscription = await jetstream.pull_subscribe_bind(THEIRS, STREAM)
    await subscription.fetch(1, timeout=1)

    async def is_advised() -> bool:
        return (await jetstream.stream_info(topology.ADVISORIES.name)).state.messages == 1

    await eventually(is_advised)


def test_f21_with_us_nothing_reads_the_ack_floor() -> None:
    reading = {
        path
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr == "ack_floor")
        or (isinstance(node, ast.Constant) and node.value == "ack_floor")
    }
    assert reading == set()
