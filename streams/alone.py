"""Work that only one process may do at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import IntEnum
from typing import Final

import asyncpg

from contracts.errors import Permanent

ACQUIRE_TIMEOUT_S: Final = 5.0


class Work(IntEnum):
    """What is locked; any numbers would do."""

    RECONCILE = 0x0B0D
    REINDEX = 0x0B0E
    ENROL = 0x0B0F


class IsRunning(Permanent):
    """It is under way already, here or in another process."""


@asynccontextmanager
async def alone(pool: asyncpg.Pool, work: Work) -> AsyncIterator[None]:
    """Do it, or raise IsRunning; a connection is held meanwhile, and with it the lock goes back."""
    async with pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection:
        if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", int(work)):
            raise IsRunning(f"{work.name.lower()} is under way already; ask again after it")
        yield
