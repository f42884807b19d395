"""Reading reviews: lists by filter, and one with what the record holds now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson

from contracts.events import Belief
from contracts.sameness import same_value
from handlers.postgres import outage
from handlers.review.sql import query
from handlers.review.wanted import Wanted

JSON = Any
LIST_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Review:
    """A held change. `reasons` are rules with the reason in words; `was_edited` says whether `edited` counts."""

    id: UUID
    state: str
    entity_type: str
    entity_id: UUID
    title: str | None
    field: str
    old: JSON
    new: JSON
    edited: JSON
    was_edited: bool
    source: str
    observed_at: datetime
    event_id: UUID
    reasons: tuple[dict[str, str], ...]
    base_version: int
    created_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    decision_reason: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A review with the record as it is now, and everything that people did about it.

    `base_holds` says whether an approval would apply it, `can_undo` whether the decision can be taken back. `belief` is
    by which rule the proposed value was believed, and what others said; None where that was not kept.
    """

    review: Review
    current: JSON
    version: int | None
    said_by: str | None
    base_holds: bool
    can_undo: bool
    story: tuple[dict[str, str], ...]
    belief: Belief | None = None


async def listing(
    pool: asyncpg.Pool, wanted: Wanted, *, rows_max: int, after: UUID | None = None, oldest_first: bool = False
) -> list[Review]:
    """The reviews that are meant, newest first; `after` goes on behind that one."""
    name = "oldest" if oldest_first else "newest"
    with outage():
        rows = await pool.fetch(query(name), *conditions(wanted), after, min(rows_max, LIST_MAX))
    return [_review(row) for row in rows]


async def count(pool: asyncpg.Pool, wanted: Wanted) -> int:
    """How many reviews are meant."""
    with outage():
        found: int = await pool.fetchval(query("count"), *conditions(wanted))
    return found


async def show(pool: asyncpg.Pool, review_id: UUID) -> Shown | None:
    """One review, None when there is none of that id."""
    with outage():
        row = await pool.fetchrow(query("show"), review_id)
    if row is None:
        return None
    review, entry = _review(row), orjson.loads(row["entry"] or "null")
    is_there = row["version"] is not None and row["deleted_at"] is None
    current = orjson.loads(row["current"] or "null")
    holds = is_there and same_value(current, review.old)
    is_last_word = entry is not None and entry[2] == str(row["decision_event"])
    return Shown(
        review,
        current,
        row["version"],
        entry[0] if entry else None,
        holds,
        (review.state == "approved" and is_there and is_last_word) or (review.state == "rejected" and holds),
        tuple(orjson.loads(row["story"])),
        Belief.model_validate_json(row["belief"]) if row["belief"] else None,
    )


def conditions(wanted: Wanted) -> Sequence[Any]:
    """The filter as the queries take it."""
    title = wanted.title.lower() if wanted.title else None
    return wanted.state, wanted.source, wanted.rule, wanted.field, wanted.entity_id, title, wanted.before


def _review(row: asyncpg.Record) -> Review:
    return Review(
        **{name: row[name] for name in _PLAIN},
        old=orjson.loads(row["old"]),
        new=orjson.loads(row["new"]),
        edited=orjson.loads(row["edited"] or "null"),
        was_edited=row["edited"] is not None,
        reasons=tuple(orjson.loads(row["reasons"])),
    )


_PLAIN: Final = (
    *("id", "state", "entity_type", "entity_id", "title", "field", "source", "observed_at", "event_id"),
    *("base_version", "created_at", "decided_at", "decided_by", "decision_reason"),
)
