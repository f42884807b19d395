"""A database with an outbox, and a server to relay to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import nats
import pytest
from nats.aio.client import Client

from streams.clock import SystemClock
from streams.delivery.publish import Publisher
from streams.embedded import NatsServer
from streams.provision import provision
from streams.relay import Relay
from streams.topology import EVENTS

Connect = Callable[[], Awaitable[Any]]


@pytest.fixture
async def client(own_nats: NatsServer) -> AsyncIterator[Client]:
    """A connection to a server of this test alone, which holds ANIME_EVENTS."""
    opened = await nats.connect(own_nats.url, max_reconnect_attempts=-1, reconnect_time_wait=0.1)
    await provision(opened.jetstream(), (EVENTS,), ())
    yield opened
    await opened.close()


@pytest.fixture
def connect(database: str) -> Connect:
    """How a relay opens its own connection."""

    async def open_one() -> Any:
        return await asyncpg.connect(database, timeout=5, command_timeout=10)

    return open_one


@pytest.fixture
async def new_relay(client: Client, connect: Connect) -> AsyncIterator[Callable[..., Relay]]:
    """A function: a relay that is stopped at the end."""
    made: list[Relay] = []

    def create(**changes: Any) -> Relay:
        parts: dict[str, Any] = {
            "connect": connect,
            "publisher": Publisher(lambda: client),
            "clock": SystemClock(),
            "spread": lambda: 0.0,
            "rows_max": 100,
            "poll_s": 0.05,
            "retention": timedelta(days=7),
        }
        made.append(Relay(**parts | changes))
        return made[-1]

    yield create
    for relay in made:
        await relay.stop()
