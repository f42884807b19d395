"""A message that its process does not survive takes no neighbour with it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import count
from uuid import UUID

import nats
import pytest
from nats.aio.client import Client

from contracts.errors import EchoraError
from contracts.events import Event
from streams.delivery.publish import Publisher
from streams.delivery.pull import Puller
from streams.delivery.settle import SUSPECT_FROM, apart
from streams.embedded import NatsServer
from streams.tasks import end_tasks
from tests.events import updated
from tests.integration.delivery.lane import Lane, open_lane
from tests.waiting import eventually

ACK_WAIT_S = 0.4


async def one_life(server: NatsServer, lane: Lane, deadly: set[UUID], handled: list[UUID]) -> bool:
    """A process: it handles until it meets what kills it (True), or until nothing is left."""
    own: Client = await nats.connect(server.url)
    dying = asyncio.Event()

    async def step(events: Sequence[Event]) -> list[EchoraError | None]:
        if deadly & {event.event_id for event in events}:
            dying.set()
            await asyncio.Event().wait()
        handled.extend(event.event_id for event in events)
        return [None for _ in events]

    settler = lane.settler(Publisher(lambda: own))
    puller: Puller = lane.puller(settler, step)
    puller.client = lambda: own
    puller.start()
    waits = [asyncio.create_task(dying.wait()), asyncio.create_task(eventually(lane.is_settled, within_s=60))]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    # It ends in the middle of things: nothing is given back, nobody goes on with a heartbeat, nobody starts it again.
    puller._task = None
    await end_tasks(*waits, *(task for task in asyncio.all_tasks() if lane.consumer.name in task.get_name()))
    await own.close()
    return dying.is_set()


@pytest.mark.parametrize("places", [(5,), (0,), (10,), (3, 7)])
async def test_neighbours_of_what_kills_its_process_go_through(
    nats_server: NatsServer, client: Client, places: tuple[int, ...]
) -> None:
    lane = await open_lane(client, ack_wait_s=ACK_WAIT_S)
    events = [updated(str(number), status="ONGOING") for number in range(11)]
    await lane.publish(*events)
    deadly = {events[place].event_id for place in places}
    innocent = {event.event_id for event in events} - deadly
    handled: list[UUID] = []
    for lives in count(1):
        assert await one_life(nats_server, lane, deadly, handled), "the deadly ones are still there"
        if innocent <= set(handled):
            break
        # Each life lets through who stands before the guilty: of two guilty ones that takes twenty lives once in a
        # hundred runs, and all the deliveries that there are once in ten million.
        assert lives < lane.consumer.max_deliver, "the server gives them up before they get their turn"
    assert (await lane.info()).num_ack_pending == len(deadly)
    assert await lane.letters() == []


def test_whoever_stands_behind_the_guilty_one_stands_before_it_soon() -> None:
    events = [updated(str(number), status="ONGOING") for number in range(200)]

    class Delivered:
        def __init__(self, deliveries: int) -> None:
            self.reply = f"$JS.ACK.S.c.{deliveries}.7.7.1700000000000000000.0"

    first = [(Delivered(SUSPECT_FROM - 1), event) for event in events]
    assert apart(first) == (first, [])  # type: ignore[arg-type, comparison-overlap]
    trapped = set(range(1, 200))
    for deliveries in range(SUSPECT_FROM, SUSPECT_FROM + 25):
        _, suspects = apart([(Delivered(deliveries), event) for event in events])  # type: ignore[misc]
        order = [events.index(event) for _, event in suspects]  # type: ignore[arg-type]
        assert sorted(order) == list(range(200))
        trapped &= set(order[order.index(0) :])
    assert trapped <= {0}
