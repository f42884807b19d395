"""A dead letter for which there is no room: its message is held, and no delivery is used up by waiting."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import nats
import pytest
from nats.aio.client import Client
from nats.js.api import DiscardPolicy

from streams.clock import SystemClock
from streams.delivery.publish import Publisher
from streams.delivery.settle import Settler
from streams.embedded import NatsServer
from streams.provision import provision
from streams.topology import DEAD_LETTERS, LETTERS
from tests.events import updated
from tests.integration.delivery.lane import open_lane
from tests.integration.delivery.test_settle import Recorder
from tests.waiting import eventually

# Fewer than a message that came again each time would have used up while the test looks.
DELIVERIES_MAX = 2


@pytest.fixture
async def client(own_nats: NatsServer) -> AsyncIterator[Client]:
    opened = await nats.connect(own_nats.url)
    await provision(opened.jetstream(), (DEAD_LETTERS,), ())
    yield opened
    await opened.close()


async def room(client: Client, bytes_max: int) -> None:
    config = (await client.jetstream().stream_info(DEAD_LETTERS.name)).config
    await client.jetstream().update_stream(replace(config, max_bytes=bytes_max, discard=DiscardPolicy.NEW))


async def letters(client: Client) -> int:
    return (await client.jetstream().stream_info(DEAD_LETTERS.name)).state.messages


async def test_a_message_whose_letter_has_no_room_waits_and_its_neighbour_is_done(client: Client) -> None:
    lane = await open_lane(client, ack_wait_s=0.5)
    lane.consumer = replace(lane.consumer, dead_letters=f"{LETTERS.subjects[0][:-2]}.lane", max_deliver=DELIVERIES_MAX)
    await client.jetstream().delete_consumer(lane.stream.name, lane.consumer.name)
    await provision(client.jetstream(), (), (lane.consumer,))
    await room(client, 100)
    publisher = Publisher(lambda: client, SystemClock())
    settler = Settler(publisher, lane.failures, SystemClock(), lambda: 0.0)
    neighbour = updated("b", status="ONGOING")
    await lane.publish(b"\xff\xff no event", neighbour)
    step = Recorder()
    puller = lane.puller(settler, step)
    puller.start()
    try:
        await eventually(lambda: DEAD_LETTERS.name in publisher.intake.troubles)
        await eventually(lambda: publisher.intake.troubles[DEAD_LETTERS.name].failures >= 5)
        assert await letters(client) == 0
        info = await lane.info()
        assert info.delivered is not None
        assert info.delivered.consumer_seq == 2, "each was delivered once"
        assert info.num_ack_pending == 1
        assert step.tries(neighbour) == 1

        await room(client, -1)
        await eventually(lane.is_settled)
    finally:
        await puller.stop()
    assert await letters(client) == 1
    assert {story.count for story in lane.failures.stories.values()} <= {1}
