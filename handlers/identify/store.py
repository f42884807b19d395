"""Anime without all their ids, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import orjson

from contracts import codec
from contracts.events import AnimeUpdatedEvent
from contracts.ids import outbox_bucket
from handlers.identify.search import Unidentified
from handlers.identify.sql import query
from handlers.postgres import ACQUIRE_TIMEOUT_S, outage


class IdentifyStore:
    """Reads what lacks an id on one of `platforms`, and queues what was learned."""

    def __init__(self, pool: asyncpg.Pool, platforms: Sequence[str]) -> None:
        self._pool = pool
        self._platforms = sorted(platforms)

    async def unidentified(self, since: datetime, anime_max: int) -> list[Unidentified]:
        """At most `anime_max` anime that were not searched for since then."""
        with outage():
            async with self._pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection:
                rows = await connection.fetch(query("unidentified"), self._platforms, since, anime_max)
        return [Unidentified(row["id"], orjson.loads(row["ids"])) for row in rows]

    async def record(self, events: Sequence[AnimeUpdatedEvent], searched: Sequence[UUID], now: datetime) -> None:
        """Queue the events and remember the search, in one transaction."""
        with outage():
            async with self._pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection, connection.transaction():
                if events:
                    await connection.execute(
                        query("queue"),
                        [event.event_id for event in events],
                        [event.anime_id for event in events],
                        [outbox_bucket(event.anime_id) for event in events],
                        [codec.encode(event) for event in events],
                    )
                await connection.execute(query("remember"), list(searched), now)
