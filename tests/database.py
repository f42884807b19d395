"""Databases with the program's schema, made once and copied for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from streams.database.migrate import migrate
from streams.database.pool import PoolLimits, open_pool
from streams.embedded import PostgresServer
from tests.servers import NewDatabase

_SCHEMA = "migrated"


@pytest.fixture(scope="session")
async def migrated_template(postgres_server: PostgresServer) -> str:
    """The name of a database that holds the schema and no rows."""
    connection = await asyncpg.connect(postgres_server.dsn, timeout=10)
    try:
        await connection.execute(f'CREATE DATABASE "{_SCHEMA}" TEMPLATE template0')
    finally:
        await connection.close()
    await migrate(postgres_server.dsn.replace("/postgres?", f"/{_SCHEMA}?", 1))
    return _SCHEMA


@pytest.fixture
async def database(new_database: NewDatabase, migrated_template: str) -> str:
    """The URL of a database of this test alone, with the schema and no rows."""
    return await new_database(migrated_template)


@pytest.fixture
async def pool(database: str) -> AsyncIterator[asyncpg.Pool]:
    """Connections to `database`."""
    opened = await open_pool(database, PoolLimits())
    yield opened
    opened.terminate()


@pytest.fixture
async def other_pool(database: str) -> AsyncIterator[asyncpg.Pool]:
    """Connections to the same database, as another process would hold them."""
    opened = await open_pool(database, PoolLimits())
    yield opened
    opened.terminate()
