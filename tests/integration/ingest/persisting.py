"""The way from ingest to persist without NATS: what waits in the outbox is decoded and applied, as it would arrive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, nullcontext
from typing import Any
from uuid import UUID

import asyncpg

from contracts import codec, subjects
from contracts.clock import Clock
from contracts.errors import Permanent
from contracts.events import AnimeEnrichedEvent
from handlers import persist
from handlers.ingest import IngestStore, RawRecord, Verdict, ingest
from handlers.persist import enriched
from handlers.relay.message import outgoing
from streams.clock import SystemClock

WAITING = f"""
    SELECT * FROM outbox WHERE processed_at IS NULL AND subject = '{subjects.ANIME_ENRICHED}' ORDER BY id LIMIT 50"""


async def deliver(pool: asyncpg.Pool) -> list[AnimeEnrichedEvent]:
    """Apply what waits, refusals included, and mark it as sent; the events in their order."""
    rows = await pool.fetch(WAITING)
    events = []
    for row in rows:
        event = codec.decode(row["subject"], outgoing(dict(row)).payload)
        assert isinstance(event, AnimeEnrichedEvent)
        assert event.event_id == row["event_id"]
        events.append(event)
    if events:
        outcomes = await persist.apply(pool, "postgres-consumer", events, enriched.apply)
        refused = {
            event.event_id: str(outcome)
            for event, outcome in zip(events, outcomes, strict=True)
            if isinstance(outcome, Permanent)
        }
        async with pool.acquire() as connection:
            await enriched.record_refusals(connection, refused)
        await pool.execute("UPDATE outbox SET processed_at = now() WHERE id = ANY ($1)", [row["id"] for row in rows])
    return events


@asynccontextmanager
async def delivering(pool: asyncpg.Pool) -> AsyncIterator[None]:
    """Persist runs for as long as the block does. It ends between two passes: what it applied is marked as sent too."""
    over = asyncio.Event()

    async def keep_delivering() -> None:
        while not over.is_set():
            if not await deliver(pool):
                await asyncio.sleep(0.01)

    beside = asyncio.create_task(keep_delivering())
    try:
        yield
    finally:
        over.set()
        await beside


def arriving(values: Iterable[Any]) -> AsyncIterator[RawRecord]:
    """The values as raw records."""

    async def arrive() -> AsyncIterator[RawRecord]:
        for position, value in enumerate(values, start=1):
            yield RawRecord(position, value, size_bytes=1_000)

    return arrive()


async def hand_in(
    pool: asyncpg.Pool,
    values: Iterable[Any],
    *,
    timeout_s: float = 30.0,
    persisting: bool = True,
    clock: Clock | None = None,
) -> list[Verdict]:
    """Ingest the values while persist runs beside it, or does not; the verdicts in order of their positions."""
    async with delivering(pool) if persisting else nullcontext():
        records = arriving(values)
        found = ingest(
            records, IngestStore(pool), clock or SystemClock(), artifact_uri="test", inactivity_timeout_s=timeout_s
        )
        return sorted([verdict async for verdict in found], key=lambda verdict: verdict.position or 0)


async def version(pool: asyncpg.Pool, anime_id: UUID) -> int | None:
    """The version of an anime."""
    found: int | None = await pool.fetchval("SELECT version FROM anime WHERE id = $1", anime_id)
    return found
