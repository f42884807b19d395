"""The committed rows as the index reads them: one query per kind and batch, never the values of an event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from handlers.index.document import Document, anime_document, character_document
from handlers.index.sql import query
from handlers.postgres import ACQUIRE_TIMEOUT_S, outage


class CommittedRows:
    """Reads documents from PostgreSQL."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def read(self, anime: Sequence[UUID], characters: Sequence[UUID], now: datetime) -> dict[UUID, Document]:
        """The documents of those that have a row; what aired is judged by `now`."""
        documents: dict[UUID, Document] = {}
        with outage():
            async with self._pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection:
                if anime:
                    rows = await connection.fetch(query("committed_anime"), anime, now)
                    documents |= {row["id"]: anime_document(dict(row)) for row in rows}
                if characters:
                    rows = await connection.fetch(query("committed_characters"), characters)
                    documents |= {row["id"]: character_document(dict(row)) for row in rows}
        return documents

    async def deleted(self, anime: Sequence[UUID]) -> set[UUID]:
        """Those that are deleted by now."""
        with outage():
            async with self._pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection:
                return {row["id"] for row in await connection.fetch(query("deleted"), anime)}
