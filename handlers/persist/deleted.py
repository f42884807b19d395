"""`echora delete`: an anime is deleted softly, and whoever listens hears of it and of the characters that lose it."""

from __future__ import annotations

from uuid import UUID

import asyncpg

from contracts import subjects
from handlers.persist import sync
from handlers.persist.sql import query
from handlers.postgres import ACQUIRE_TIMEOUT_S, Connection, outage


async def delete_anime(pool: asyncpg.Pool, anime_id: UUID) -> int | None:
    """Mark the anime as deleted; the version that was committed, or None when there is no such living anime."""
    with outage():
        async with pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection, connection.transaction():
            version: int | None = await connection.fetchval(query("delete_anime"), anime_id)
            if version is not None:
                gone = sync.Sync(subjects.ANIME_DELETED, "anime", anime_id, "delete", ("deleted_at",), version, None)
                await sync.queue(connection, [gone, *await _left(connection, anime_id)])
            return version


async def _left(connection: Connection, anime_id: UUID) -> list[sync.Sync]:
    # What the index shows of a character names the anime that it appears in.
    left = await connection.fetch(query("leave_characters"), anime_id)
    return [
        sync.Sync(subjects.CHARACTER_SYNCED, "character", one["id"], "upsert", ("anime_ids",), one["version"], None)
        for one in left
    ]
