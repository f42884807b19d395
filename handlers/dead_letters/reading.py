"""Reading dead letters: one by one, by kind of failure, and one with its bytes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
import orjson

from handlers.dead_letters.choice import Choice, State
from handlers.dead_letters.sql import query
from handlers.postgres import outage

LIST_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Listed:
    """A letter without its bytes."""

    id: UUID
    stream: str
    consumer: str
    stream_sequence: int
    subject: str
    payload_bytes: int
    is_whole: bool
    error_class: str
    error: str
    fingerprint: str
    attempts: int
    first_failed_at: datetime | None
    last_failed_at: datetime
    replays: int
    replay_of: UUID | None
    state: State
    decided_at: datetime | None
    decided_by: str | None
    drop_reason: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A letter with its bytes and headers."""

    letter: Listed
    payload: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Group:
    """Failures of one kind, and the words of the last one."""

    fingerprint: str
    consumer: str
    error_class: str
    waiting: int
    replayed: int
    dropped: int
    first_failed_at: datetime
    last_failed_at: datetime
    replays_max: int
    sample_id: UUID
    sample_subject: str
    sample_error: str


async def listed(pool: asyncpg.Pool, choice: Choice, states: Collection[State], rows_max: int) -> list[Listed]:
    """The latest letters of a choice."""
    with outage():
        rows = await pool.fetch(query("list"), *choice.parameters, list(states), min(rows_max, LIST_MAX))
    return [_listed(row) for row in rows]


async def groups(pool: asyncpg.Pool, choice: Choice, states: Collection[State], rows_max: int) -> list[Group]:
    """The letters of a choice by kind of failure."""
    with outage():
        rows = await pool.fetch(query("groups"), *choice.parameters, list(states), min(rows_max, LIST_MAX))
    return [Group(**row) for row in rows]


async def shown(pool: asyncpg.Pool, letter_id: UUID) -> Shown | None:
    """One letter, None when there is none of that id."""
    with outage():
        row = await pool.fetchrow(query("show"), letter_id)
    return None if row is None else Shown(_listed(row), row["payload"], orjson.loads(row["headers"]))


async def waiting(pool: asyncpg.Pool) -> tuple[int, int]:
    """How many letters wait for a person, and of how many kinds."""
    with outage():
        row = await pool.fetchrow(query("waiting"))
    assert row is not None
    return row["letters"], row["groups"]


_NAMES: Final = tuple(Listed.__dataclass_fields__)


def _listed(row: asyncpg.Record) -> Listed:
    return Listed(**{name: row[name] for name in _NAMES} | {"state": State(row["state"])})
