"""A connection to the shared server, and a lane on it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import nats
import pytest
from nats.aio.client import Client

from streams.embedded import NatsServer
from tests.integration.delivery.lane import Lane, open_lane


@pytest.fixture
async def client(nats_server: NatsServer) -> AsyncIterator[Client]:
    """A connection of this test alone."""
    opened = await nats.connect(nats_server.url)
    yield opened
    await opened.close()


@pytest.fixture
async def lane(client: Client) -> Lane:
    """Streams and a consumer of this test alone."""
    return await open_lane(client)
