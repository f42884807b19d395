"""What the tests of this room ask the database, and how they apply batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from contracts.errors import EchoraError
from contracts.events import (
    AnimeEnrichedEvent,
    AnimeUpdatedEvent,
    CharacterUpdatedEvent,
    EpisodeAiredEvent,
    Event,
)
from handlers.persist import Outcome, Step, aired, apply, enriched, updated
from tests.events import uid

STEPS: dict[type[Event], Step] = {
    AnimeEnrichedEvent: enriched.apply,
    AnimeUpdatedEvent: updated.apply_anime,
    EpisodeAiredEvent: aired.apply,
    CharacterUpdatedEvent: updated.apply_characters,
}

CHARACTERS = [{"id": uid("hero"), "name": "Hero", "roles": ["MAIN"], "external_ids": {"mal": "c1"}, "traits": ["shy"]}]


async def outcomes(pool: asyncpg.Pool, *events: Event) -> list[Outcome]:
    """Apply events of one type as one batch."""
    kind = type(events[0])
    return await apply(pool, f"test {kind.__name__}", events, STEPS[kind])


async def done(pool: asyncpg.Pool, *events: Event) -> None:
    """Apply them, each as its own batch, and expect every one to take effect."""
    for event in events:
        assert await outcomes(pool, event) == [None]


async def refused(pool: asyncpg.Pool, event: Event) -> EchoraError:
    """Apply it alone and give why it had no effect."""
    (outcome,) = await outcomes(pool, event)
    assert outcome is not None
    return outcome


async def anime(pool: asyncpg.Pool, name: str) -> dict[str, Any]:
    """The row of an anime, JSON columns read."""
    return await _row(pool, "SELECT * FROM anime WHERE id = $1", uid(name))


async def character(pool: asyncpg.Pool, name: str) -> dict[str, Any]:
    """The row of a character."""
    return await _row(pool, "SELECT * FROM character WHERE id = $1", uid(name))


async def episode(pool: asyncpg.Pool, name: str, number: int) -> dict[str, Any]:
    """The row of an episode."""
    return await _row(pool, "SELECT * FROM episode WHERE anime_id = $1 AND episode_number = $2", uid(name), number)


async def _row(pool: asyncpg.Pool, sql: str, *values: object) -> dict[str, Any]:
    row = await pool.fetchrow(sql, *values)
    assert row is not None, f"no row for {values}"
    json = {"genres", "tags", "themes", "demographics", "statistics", "meta", "provenance", "traits"}
    return {key: orjson.loads(value) if key in json and value is not None else value for key, value in row.items()}


async def count(pool: asyncpg.Pool, table: str) -> int:
    """How many rows a table has."""
    return int(await pool.fetchval(f"SELECT count(*) FROM {table}"))


async def outbox(pool: asyncpg.Pool, entity: UUID | None = None) -> list[tuple[str, UUID, int, list[str]]]:
    """Subject, entity, version and changed fields of the rows of the outbox, in order."""
    rows = await pool.fetch(
        "SELECT subject, entity_id, version, changed_fields FROM outbox "
        "WHERE $1::uuid IS NULL OR entity_id = $1 ORDER BY id",
        entity,
    )
    return [tuple(row) for row in rows]


async def tables(pool: asyncpg.Pool, names: Sequence[str]) -> dict[str, list[Any]]:
    """Everything in these tables, to compare before and after."""
    return {name: await pool.fetch(f"SELECT * FROM {name} AS row ORDER BY row::text") for name in names}
