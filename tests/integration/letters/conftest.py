"""Parts of the program on real servers, and what a test needs to play the part that dies."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import nats
import pytest
from nats.aio.client import Client

from streams.embedded import NatsServer
from tests.integration.letters.parts import Parts, running_parts


@pytest.fixture
async def client(own_nats: NatsServer) -> AsyncIterator[Client]:
    """A connection of the test's own to a server of the test's own."""
    opened = await nats.connect(own_nats.url)
    yield opened
    await opened.close()


@pytest.fixture
async def parts(own_nats: NatsServer, database: str, pool: asyncpg.Pool, client: Client) -> AsyncIterator[Parts]:
    """`letters` and `relay` run; every other step is played by the test."""
    async with running_parts(own_nats.url, database, client, "letters,relay") as running:
        yield running


@pytest.fixture
async def with_persist(own_nats: NatsServer, database: str, pool: asyncpg.Pool, client: Client) -> AsyncIterator[Parts]:
    """The same, and `persist`."""
    async with running_parts(own_nats.url, database, client, "letters,relay,persist") as running:
        yield running
