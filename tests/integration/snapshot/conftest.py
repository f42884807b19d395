from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from streams.database.pool import PoolLimits, open_pool
from tests.servers import NewDatabase


@pytest.fixture
async def empty(new_database: NewDatabase, migrated_template: str) -> AsyncIterator[asyncpg.Pool]:
    """Connections to a second database, which nothing is in."""
    opened = await open_pool(await new_database(migrated_template), PoolLimits())
    yield opened
    opened.terminate()
