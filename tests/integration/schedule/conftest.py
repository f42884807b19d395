"""A schedule on a real database, with a relay and a NATS of the test's own that holds ANIME_SCHEDULE."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import nats
import pytest
from nats.aio.client import Client

from handlers.schedule.desk import Desk
from handlers.schedule.store import ScheduleStore
from streams.clock import SystemClock
from streams.delivery.publish import Publisher
from streams.embedded import NatsServer
from streams.provision import provision
from streams.relay import Relay
from streams.timers import NatsTimers
from streams.topology import SCHEDULE
from tests.integration.schedule.clockwork import TABLE, Ticks, consumer_of


@pytest.fixture
async def client(own_nats: NatsServer) -> AsyncIterator[Client]:
    """A connection to a server of this test alone, which holds ANIME_SCHEDULE."""
    opened = await nats.connect(own_nats.url, max_reconnect_attempts=-1, reconnect_time_wait=0.1)
    await provision(opened.jetstream(), (SCHEDULE,), ())
    yield opened
    await opened.close()


@pytest.fixture
def store() -> ScheduleStore:
    """A schedule of test workflows with a day's horizon."""
    return ScheduleStore(TABLE, horizon_s=86_400)


@pytest.fixture
def timers(client: Client) -> NatsTimers:
    """The timers of the stream."""
    return NatsTimers(lambda: client, consumer_of)


@pytest.fixture
def desk(pool: asyncpg.Pool, store: ScheduleStore, timers: NatsTimers) -> Desk:
    """What a person acts through."""
    return Desk(pool, store, timers)


@pytest.fixture
async def relay(client: Client, database: str) -> AsyncIterator[Relay]:
    """The relay, at work."""

    async def connect() -> asyncpg.Connection[asyncpg.Record]:
        return await asyncpg.connect(database, timeout=5, command_timeout=10)

    made = Relay(connect, Publisher(lambda: client), SystemClock(), lambda: 0.0, 1_000, 0.05, timedelta(days=7))
    made.start()
    yield made
    await made.stop()


@pytest.fixture
async def ticks(client: Client) -> Ticks:
    """The fired ticks, read from their consumer."""
    return await Ticks.open(client)
