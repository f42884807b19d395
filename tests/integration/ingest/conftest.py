from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from streams.database.migrate import migrate
from streams.database.pool import PoolLimits, open_pool


@pytest.fixture
async def pool(fresh_database: str) -> AsyncIterator[asyncpg.Pool]:
    await migrate(fresh_database)
    opened = await open_pool(fresh_database, PoolLimits(connections_max=6))
    try:
        yield opened
    finally:
        await opened.close()
