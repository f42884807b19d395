"""A PostgreSQL whose connections are all taken: whoever starts now is told so in one line."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress

import asyncpg
import pytest

from contracts.errors import Outage
from streams.database.migrate import migrate
from streams.database.pool import PoolLimits, open_pool
from streams.embedded import PostgresServer
from tests.servers import temporary_home


@pytest.fixture
async def full() -> AsyncIterator[str]:
    """The URL of a server that has no connection left."""
    with temporary_home() as home:
        server = PostgresServer(home, settings={"max_connections": "8", "superuser_reserved_connections": "0"})
        server.start()
        held: list[asyncpg.Connection] = []
        try:
            with suppress(asyncpg.TooManyConnectionsError):
                while True:
                    held.append(await asyncpg.connect(server.dsn))
            yield server.dsn
        finally:
            for connection in held:
                connection.terminate()
            server.stop()


async def test_a_full_server_is_an_outage(full: str) -> None:
    with pytest.raises(Outage, match="too many clients"):
        await migrate(full)
    with pytest.raises(Outage, match="too many clients"):
        await open_pool(full, PoolLimits())
