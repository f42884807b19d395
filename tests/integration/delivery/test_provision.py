"""Streams and consumers become what the table says, and nothing that is there is lost by it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig, RetentionPolicy, StorageType, StreamConfig

from contracts.errors import Permanent
from streams import topology
from streams.embedded import NatsServer
from streams.provision import consumer_config, plan_consumer, plan_stream, provision, stream_config
from tests.integration.delivery.lane import Lane, open_lane


async def apply(lane: Lane, **changes: object) -> list[str]:
    steps = await provision(lane.jetstream, (replace(lane.stream, **changes),), ())  # type: ignore[arg-type]
    return [step.action for step in steps]


async def config(lane: Lane) -> StreamConfig:
    return (await lane.jetstream.stream_info(lane.stream.name)).config


async def test_the_whole_topology_is_made_once_and_left_alone_afterwards(own_nats: NatsServer) -> None:
    import nats

    client = await nats.connect(own_nats.url)
    try:
        jetstream = client.jetstream()
        first = await provision(jetstream, topology.STREAMS, topology.CONSUMERS)
        assert {step.action for step in first} == {"create"}
        created = {name: (await jetstream.stream_info(name)).config for name in (s.name for s in topology.STREAMS)}
        second = await provision(jetstream, topology.STREAMS, topology.CONSUMERS)
        assert {step.action for step in second} == {"keep"}
        for name, before in created.items():
            assert (await jetstream.stream_info(name)).config == before
        for spec in topology.STREAMS:
            made = created[spec.name]
            assert (made.storage, made.retention) == (StorageType.FILE, RetentionPolicy.LIMITS)
            assert sorted(made.subjects or []) == sorted(spec.subjects)
            assert (made.max_age or 0) == (spec.max_age_s or 0)
            assert made.max_msg_size == spec.message_bytes_max
        for consumer in topology.CONSUMERS:
            info = (await jetstream.consumer_info(consumer.stream, consumer.name)).config
            assert (info.ack_policy, info.ack_wait, info.max_deliver) == (
                AckPolicy.EXPLICIT,
                consumer.ack_wait_s,
                consumer.max_deliver,
            )
            assert sorted(info.filter_subjects or [info.filter_subject]) == sorted(consumer.subjects)  # type: ignore[type-var]
            assert info.deliver_subject is None
    finally:
        await client.close()


async def test_a_store_that_cannot_be_made_is_said_with_what_to_do(own_nats: NatsServer) -> None:
    import nats

    client = await nats.connect(own_nats.url)
    try:
        streams = own_nats.home.path / "nats" / "jetstream" / "$G" / "streams"
        streams.mkdir(parents=True, exist_ok=True)
        (streams / topology.EVENTS.name).write_text("where its folder would be")
        said = f"cannot keep stream {topology.EVENTS.name} on its disk .*: make room on the disk"
        with pytest.raises(Permanent, match=said):
            await provision(client.jetstream(), (topology.EVENTS,), ())
    finally:
        await client.close()


async def test_an_operators_longer_age_stays_and_is_said(lane: Lane) -> None:
    await lane.jetstream.update_stream(config=replace(await config(lane), max_age=999_999))
    (step,) = await provision(lane.jetstream, (lane.stream,), ())
    assert step.action == "refuse"
    assert "999999 s and stays" in " ".join(step.notes)
    assert (await config(lane)).max_age == 999_999


async def test_unlimited_age_stays_unlimited(lane: Lane) -> None:
    await lane.jetstream.update_stream(config=replace(await config(lane), max_age=0))
    assert await apply(lane, max_age_s=60) == ["refuse"]
    assert not (await config(lane)).max_age


async def test_a_longer_age_of_ours_and_a_new_subject_are_applied_and_messages_stay(lane: Lane) -> None:
    await lane.publish(b"one")
    more = (*lane.stream.subjects, f"{lane.stream.subjects[0]}.more")
    assert await apply(lane, max_age_s=7_200, subjects=more) == ["update"]
    info = await lane.jetstream.stream_info(lane.stream.name)
    assert (info.config.max_age, info.state.messages) == (7_200, 1)
    await lane.jetstream.publish(more[-1], b"two")


async def test_an_operators_subject_and_larger_messages_stay(lane: Lane) -> None:
    own = f"{lane.stream.subjects[0]}.own"
    before = await config(lane)
    await lane.jetstream.update_stream(
        config=replace(before, subjects=[*(before.subjects or []), own], max_msg_size=2_000_000)
    )
    assert await apply(lane) == ["keep"]
    after = await config(lane)
    assert own in (after.subjects or [])
    assert after.max_msg_size == 2_000_000


def test_fewer_replicas_are_refused_and_more_are_applied() -> None:
    existing = stream_config(topology.EVENTS, 3)
    step = plan_stream(topology.EVENTS, existing, 1)
    assert step.action == "refuse"
    assert "3 replicas stay" in " ".join(step.notes)
    assert step.stream is not None
    assert step.stream.num_replicas == 3
    raised = plan_stream(topology.EVENTS, stream_config(topology.EVENTS, 1), 3)
    assert raised.action == "update"
    assert raised.stream is not None
    assert raised.stream.num_replicas == 3


@pytest.mark.parametrize(
    "changes", [{"storage": StorageType.MEMORY}, {"retention": RetentionPolicy.WORK_QUEUE}], ids=str
)
async def test_a_stream_that_would_lose_messages_is_refused(client: Client, changes: dict[str, object]) -> None:
    lane = await open_lane(client)
    await lane.jetstream.delete_stream(lane.stream.name)
    await lane.jetstream.add_stream(config=replace(stream_config(lane.stream, 1), **changes))  # type: ignore[arg-type]
    with pytest.raises(Permanent, match=f"stream {lane.stream.name} exists with"):
        await provision(lane.jetstream, (lane.stream,), ())


async def test_a_subject_that_another_stream_holds_is_refused_in_one_line(client: Client) -> None:
    first, second = await open_lane(client), await open_lane(client)
    both = replace(second.stream, subjects=(*second.stream.subjects, *first.stream.subjects))
    with pytest.raises(Permanent, match="subjects overlap"):
        await provision(client.jetstream(), (both,), ())


async def test_a_consumers_ack_wait_is_updated_and_its_position_stays(lane: Lane) -> None:
    await lane.publish(b"one", b"two")
    subscription = await lane.jetstream.pull_subscribe_bind(lane.consumer.name, lane.stream.name)
    (message,) = await subscription.fetch(1)
    await message.ack_sync()
    (step,) = await provision(lane.jetstream, (), (replace(lane.consumer, ack_wait_s=77, max_deliver=60),))
    assert step.action == "update"
    info = await lane.info()
    assert (info.config.ack_wait, info.config.max_deliver, info.num_pending) == (77, 60, 1)
    (again,) = await provision(lane.jetstream, (), (replace(lane.consumer, ack_wait_s=77, max_deliver=60),))
    assert again.action == "keep"


async def test_a_consumers_subjects_are_updated(lane: Lane) -> None:
    other = f"{lane.stream.subjects[0]}.more"
    await apply(lane, subjects=(*lane.stream.subjects, other))
    both = (*lane.consumer.subjects, other)
    (step,) = await provision(lane.jetstream, (), (replace(lane.consumer, subjects=both),))
    assert step.action == "update"
    assert sorted((await lane.info()).config.filter_subjects or []) == sorted(both)


def test_a_push_consumer_and_one_without_explicit_acks_are_refused() -> None:
    for wrong in (
        ConsumerConfig(ack_policy=AckPolicy.NONE),
        ConsumerConfig(ack_policy=AckPolicy.EXPLICIT, deliver_subject="push"),
    ):
        with pytest.raises(Permanent, match="delete it"):
            plan_consumer(topology.ENRICHED, wrong)


def test_an_operators_longer_limits_of_a_consumer_stay_and_shorter_ones_grow() -> None:
    spec = topology.UPDATED
    longer = replace(consumer_config(spec), ack_wait=600, max_deliver=-1, max_ack_pending=50_000)
    assert plan_consumer(spec, longer).action == "keep"
    shorter = plan_consumer(spec, replace(longer, ack_wait=5, max_ack_pending=10))
    assert shorter.action == "update"
    assert shorter.consumer is not None
    assert (shorter.consumer.ack_wait, shorter.consumer.max_deliver) == (spec.ack_wait_s, -1)
    assert shorter.consumer.max_ack_pending == spec.ack_pending_max
