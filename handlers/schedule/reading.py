"""Reading the schedule: what is due next, what was missed, and one entity's whole story."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from contracts.workflow import MissReason
from handlers.postgres import outage
from handlers.schedule.entities import uuid_of
from handlers.schedule.records import row_of
from handlers.schedule.row import Miss, Row
from handlers.schedule.sql import query

LIST_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Listed:
    """A row and the title or name of its entity, None where it is neither an anime nor a character."""

    row: Row
    state: str
    title: str | None


@dataclass(frozen=True, slots=True)
class ListedMiss:
    """A miss and the title or name of its entity."""

    miss: Miss
    title: str | None


@dataclass(frozen=True, slots=True)
class Pauses:
    """Rows of one workflow that are paused for one reason; `since` is when the first of them was.

    `is_whole` says that the workflow is paused as a whole, with what will be new in it.
    """

    workflow: str
    reason: str
    count: int
    since: datetime
    is_whole: bool = False


async def next_due(
    pool: asyncpg.Pool, *, workflow: str | None = None, title: str | None = None, rows_max: int = 20
) -> list[Listed]:
    """What is due next and not paused, earliest first; `title` is a part of a title or name, in any case."""
    with outage():
        records = await pool.fetch(query("next_due"), workflow, title, min(rows_max, LIST_MAX))
    return [_listed(record) for record in records]


async def paused(
    pool: asyncpg.Pool, *, workflow: str | None = None, title: str | None = None, rows_max: int = 20
) -> list[Listed]:
    """The paused rows, those that were paused last first."""
    with outage():
        records = await pool.fetch(query("paused"), workflow, title, min(rows_max, LIST_MAX))
    return [_listed(record) for record in records]


async def pauses(pool: asyncpg.Pool, *, workflow: str | None = None, rows_max: int = 20) -> list[Pauses]:
    """How much is paused, by workflow and reason, the largest groups first."""
    with outage():
        records = await pool.fetch(query("pauses"), workflow, rows_max)
    return [Pauses(**dict(record)) for record in records]


async def latest_misses(
    pool: asyncpg.Pool, *, workflow: str | None = None, title: str | None = None, rows_max: int = 20
) -> list[ListedMiss]:
    """The misses that were recorded last, latest first."""
    with outage():
        records = await pool.fetch(query("latest_misses"), workflow, title, min(rows_max, LIST_MAX))
    return [_listed_miss(record) for record in records]


async def show(pool: asyncpg.Pool, entity_id: str, workflow: str | None = None) -> list[Listed]:
    """The rows of one entity, of one workflow or of all."""
    with outage():
        return [_listed(record) for record in await pool.fetch(query("show"), entity_id, workflow)]


async def misses_of(
    pool: asyncpg.Pool, entity_id: str, workflow: str | None = None, rows_max: int = 20
) -> list[ListedMiss]:
    """The misses of one entity, the latest slot first."""
    with outage():
        records = await pool.fetch(query("misses_of"), entity_id, workflow, min(rows_max, LIST_MAX))
    return [_listed_miss(record) for record in records]


async def titles_of(pool: asyncpg.Pool, entity_ids: Iterable[str]) -> dict[str, str]:
    """The title or name of each of these that is an anime or a character."""
    uuids = [uuid for one in entity_ids if (uuid := uuid_of(one)) is not None]
    with outage():
        records = await pool.fetch(query("titles"), uuids)
    return {record["id"]: record["title"] for record in records}


async def forget_misses(pool: asyncpg.Pool, before: datetime, rows_max: int) -> int:
    """Forget old misses, a bounded number at once; gives how many went."""
    with outage():
        status = await pool.execute(query("forget_misses"), before, rows_max)
    return int(status.rsplit(" ", 1)[1])


def _listed(record: asyncpg.Record) -> Listed:
    return Listed(row_of(record), record["state"], record["title"])


def _listed_miss(record: asyncpg.Record) -> ListedMiss:
    reason = MissReason(record["reason"])
    miss = Miss(record["workflow"], record["entity_id"], record["due_at"], reason, record["at"])
    return ListedMiss(miss, record["title"])
