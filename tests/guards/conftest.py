"""A server with the program's streams, and brokers on it: one with the library's defaults, one as we build it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

import nats
import pytest
from faststream.nats import NatsBroker
from nats.aio.client import Client
from nats.js import JetStreamContext

from contracts.codec import PoisonMessage
from contracts.events import AnimeUpdatedEvent
from streams import topology
from streams.broker import Pullers, build_broker
from streams.broker import connection as connection_of
from streams.clock import SystemClock
from streams.delivery.publish import Publisher
from streams.delivery.settle import Settler, Step
from streams.embedded import NatsServer
from streams.persist import Batch
from streams.provision import provision
from tests.integration.delivery.lane import CountedInMemory

GRACE_S = 3


@pytest.fixture
async def client(own_nats: NatsServer) -> AsyncIterator[Client]:
    """A plain connection, after the program's streams and consumers were provisioned."""
    opened = await nats.connect(own_nats.url)
    await provision(opened.jetstream(), topology.STREAMS, topology.CONSUMERS)
    yield opened
    await opened.close()


@pytest.fixture
def jetstream(client: Client) -> JetStreamContext:
    return client.jetstream()


@pytest.fixture
async def default_broker(own_nats: NatsServer, client: Client) -> AsyncIterator[NatsBroker]:
    """A broker as the library makes it."""
    broker = NatsBroker(own_nats.url, logger=None)
    yield broker
    with suppress(Exception):
        await broker.stop()


@dataclass
class Ours:
    """A broker as the program builds it, with one subscriber of anime.updated."""

    broker: NatsBroker
    pullers: Pullers
    settler: Settler
    events: list[AnimeUpdatedEvent] = field(default_factory=list)
    poison: list[PoisonMessage] = field(default_factory=list)

    async def start(self, step: Step, batch_max: int = 50) -> None:
        @self.pullers.subscriber(topology.UPDATED, batch_max)
        async def handle(events: list[AnimeUpdatedEvent | PoisonMessage], message: Batch) -> None:
            self.events += [event for event in events if isinstance(event, AnimeUpdatedEvent)]
            self.poison += [event for event in events if isinstance(event, PoisonMessage)]
            await self.settler.deliver(topology.UPDATED, message.raw_message, events, step)

        await self.broker.start()

    async def stop(self) -> None:
        self.settler.stopping.set()
        await self.pullers.stop()
        await self.broker.stop()


@pytest.fixture
async def new_ours(own_nats: NatsServer, client: Client) -> AsyncIterator[Callable[[], Ours]]:
    async with AsyncExitStack() as stack:

        def create() -> Ours:
            broker = build_broker(own_nats.url, shutdown_grace_s=GRACE_S, name="guard")
            settler = Settler(Publisher(lambda: connection_of(broker)), CountedInMemory(), SystemClock(), lambda: 0.0)
            made = Ours(broker, Pullers(broker, SystemClock()), settler)
            stack.push_async_callback(made.stop)
            return made

        yield create


@pytest.fixture
def ours(new_ours: Callable[[], Any]) -> Any:
    return new_ours()
