"""The library's defaults when something is gone or takes long, and ours beside them; see test_faststream_defaults."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from faststream.nats import JStream, NatsBroker, PullSub
from nats.aio.client import DEFAULT_MAX_RECONNECT_ATTEMPTS
from nats.errors import ConnectionClosedError
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig

from contracts import codec, subjects
from contracts.errors import EchoraError
from contracts.events import Event
from streams import topology
from streams.broker import build_broker
from streams.broker import connection as connection_of
from streams.embedded import NatsServer
from streams.provision import provision
from tests.events import updated
from tests.guards.conftest import Ours
from tests.guards.test_faststream_defaults import STREAM, SUBJECT, THEIRS, is_settled, well
from tests.waiting import eventually

PLAIN = JStream(STREAM, declare=False)
ACK_WAIT_S = 0.6


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


# --- F21: what the server gave up --------------------------------------------------------------------------------


async def test_f21_the_ack_floor_does_not_pass_what_the_server_gave_up(jetstream: JetStreamContext) -> None:
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
