"""The books of ingest in PostgreSQL: runs, what was handed in, and what persist decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson

from contracts import subjects
from contracts.ids import outbox_bucket
from handlers.ingest.books import Decision, Entry, HandedIn, Payload
from handlers.ingest.split import run_correlation_id
from handlers.ingest.sql import query
from handlers.ingest.verdict import Kind
from handlers.postgres import ACQUIRE_TIMEOUT_S, outage

# An event that is undecided for longer is taken for lost, and its record is sent again.
UNDECIDED_AGE_MAX_S: Final = 900.0


class IngestStore:
    """Reads and writes the books. Raises Outage while PostgreSQL is away."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def begin(self, artifact_uri: str) -> int:
        """Start a run; its number."""
        rows = await self._fetch("begin_run", artifact_uri)
        return int(rows[0]["id"])

    async def finish(self, run_id: int, error: str | None) -> None:
        """End a run, as failed when there is an error."""
        await self._fetch("finish_run", run_id, error)

    async def handed_in(self, payloads: Sequence[Payload]) -> Mapping[Payload, HandedIn]:
        """What is known of these payloads."""
        wanted = sorted(set(payloads))
        rows = await self._fetch(
            "handed_in", [anime for anime, _ in wanted], [sha for _, sha in wanted], UNDECIDED_AGE_MAX_S
        )
        return {(row["anime_id"], row["sha256"]): HandedIn(row["known"], frozenset(row["waiting"])) for row in rows}

    async def enter(self, run_id: int, entries: Sequence[Entry]) -> None:
        """Enter the events and queue their messages, all or none of them."""
        await self._fetch(
            "enter",
            run_id,
            [entry.event_id for entry in entries],
            [entry.payload[0] for entry in entries],
            [entry.label for entry in entries],
            [entry.payload[1] for entry in entries],
            [entry.message for entry in entries],
            [outbox_bucket(entry.payload[0]) for entry in entries],
            run_correlation_id(run_id),
            subjects.ANIME_ENRICHED,
            orjson.dumps({"Echora-Ingestion-Run": str(run_id)}).decode(),
        )

    async def decided(self, event_ids: Sequence[UUID]) -> Mapping[UUID, Decision]:
        """What persist has decided of these events so far."""
        rows = await self._fetch("decided", event_ids)
        return {row["event_id"]: Decision(Kind(row["verdict"]), row["reason"]) for row in rows}

    async def _fetch(self, name: str, *values: Any) -> list[asyncpg.Record]:
        with outage():
            async with self._pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection:
                rows: list[asyncpg.Record] = await connection.fetch(query(name), *values)
        return rows
