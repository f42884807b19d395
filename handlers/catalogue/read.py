"""Reading one record, all of it at one instant."""

from __future__ import annotations

from uuid import UUID

import asyncpg

from handlers.catalogue.assemble import anime_of, attributions, character_of, episode_of, row_of
from handlers.catalogue.sql import query
from handlers.catalogue.stored import StoredRecord, StoredRelation
from handlers.postgres import ACQUIRE_TIMEOUT_S, outage


async def read_record(pool: asyncpg.Pool, anime_id: UUID) -> StoredRecord | None:
    """The record of an anime, also of a deleted one; None when there never was one. Raises Outage."""
    with outage():
        async with (
            pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection,
            # One snapshot for all four queries, so that versions and rows belong together.
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            found = await connection.fetchval(query("anime"), anime_id)
            if found is None:
                return None
            characters = await connection.fetch(query("characters"), anime_id)
            episodes = await connection.fetch(query("episodes"), anime_id)
            relations = await connection.fetch(query("relations"), anime_id)
    row = row_of(found)
    anime = anime_of(row)
    return StoredRecord(
        id=row["id"],
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        deleted_at=row["deleted_at"],
        anime=anime,
        characters=[character_of(row_of(character["row"]), character["role"]) for character in characters],
        episodes=[episode_of(row_of(episode["row"])) for episode in episodes],
        relations=[StoredRelation.model_validate(dict(relation)) for relation in relations],
        provenance=attributions(row["provenance"], anime),
    )
