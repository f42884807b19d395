"""The points of the index as they are, and as the committed rows make them."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import asyncpg

from contracts.errors import Outage
from handlers.index.committed import CommittedRows

JSON = Any
_PAGE: Final = 500
_PAGES_MAX: Final = 100_000


async def rows_as_points(pool: asyncpg.Pool, model: str, now: datetime) -> dict[str, dict[str, JSON]]:
    """The payload that each living row makes, by id; texts are embedded by `model`."""
    anime = [one["id"] for one in await pool.fetch("SELECT id FROM anime")]
    people = [one["id"] for one in await pool.fetch("SELECT id FROM character")]
    documents = await CommittedRows(pool).read(anime, people, now)
    return {
        str(one.id): {
            **{key: value for key, value in one.full_payload(model).items() if value is not None},
            "version": one.version,
        }
        for one in documents.values()
        if not one.is_deleted
    }


async def points_in(folder: Path) -> dict[str, dict[str, JSON]]:
    """The payloads of all points in the folder of a Qdrant Edge that nobody has open. Raises Outage otherwise."""
    return await asyncio.to_thread(_points_in, folder)


def _points_in(folder: Path) -> dict[str, dict[str, JSON]]:
    import qdrant_edge as engine

    try:
        shard = engine.EdgeShard.load(str(folder))
    except Exception as error:
        raise Outage("the index", f"{folder} cannot be opened: {error}") from error
    found: dict[str, dict[str, JSON]] = {}
    try:
        after = None
        for _ in range(_PAGES_MAX):
            page, after = shard.scroll(engine.ScrollRequest(offset=after, limit=_PAGE, with_payload=True))
            found |= {str(one.id): dict(one.payload or {}) for one in page}
            if after is None:
                break
    finally:
        shard.close()
    return found
