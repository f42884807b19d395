"""Which entities a person means: by id, by title, or all that a workflow has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg

from contracts.workflow import EntityKind
from handlers.postgres import outage
from handlers.schedule.sql import query

ENTITIES_MAX: Final = 100_000


def plain_id(text: str) -> str:
    """An id as rows have it: a UUID in its usual form, anything else as it is."""
    found = uuid_of(text)
    return text if found is None else str(found)


async def strangers(
    pool: asyncpg.Pool, workflow: str, entity_ids: Sequence[str], kind: EntityKind | None = None
) -> list[str]:
    """Those ids that the workflow has no row for; with a kind, only those that are no living entity of it either."""
    with outage():
        records = await pool.fetch(
            query("strangers"), workflow, list(entity_ids), [uuid_of(one) for one in entity_ids], kind
        )
    return [record["id"] for record in records]


async def titled(pool: asyncpg.Pool, kind: EntityKind, title: str) -> list[str]:
    """The living entities of a kind whose title or name contains this, in any case; at most ENTITIES_MAX."""
    with outage():
        records = await pool.fetch(query("titled"), kind, title, ENTITIES_MAX)
    return [record["id"] for record in records]


async def all_of(pool: asyncpg.Pool, workflow: str) -> list[str]:
    """The entities that a workflow has rows for; at most ENTITIES_MAX."""
    with outage():
        records = await pool.fetch(query("entities_of"), workflow, "", ENTITIES_MAX)
    return [record["entity_id"] for record in records]


async def paused_among(pool: asyncpg.Pool, workflow: str, entity_ids: Sequence[str]) -> int:
    """How many of these are paused, or would be with their first row."""
    with outage():
        return int(await pool.fetchval(query("paused_among"), workflow, list(entity_ids)))


def uuid_of(text: str) -> UUID | None:
    """The UUID that an id is, None when it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None
