"""`echora delete`: an anime is deleted softly, and whoever listens hears of it."""

from __future__ import annotations

from uuid import UUID

import asyncpg

from contracts import subjects
from handlers.persist import sync
from handlers.persist.sql import query
from handlers.postgres import ACQUIRE_TIMEOUT_S, outage


async def delete_anime(pool: asyncpg.Pool, anime_id: UUID) -> int | None:
    """Mark the anime as deleted; the version that was committed, or None when there is no such living anime."""
    with outage():
        async with pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection, connection.transaction():
            version: int | None = await connection.fetchval(query("delete_anime"), anime_id)
            if version is not None:
                gone = sync.Sync(subjects.ANIME_DELETED, "anime", anime_id, "delete", ("deleted_at",), version, None)
                await sync.queue(connection, [gone])
            return version
