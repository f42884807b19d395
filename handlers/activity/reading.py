"""Reading the activity from PostgreSQL: counters, and the latest happenings."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import asyncpg

from contracts import codec
from handlers.activity.happening import TOLD, Happening, happening
from handlers.activity.sql import query
from handlers.postgres import outage

ACQUIRE_TIMEOUT_S: Final = 5.0
HAPPENINGS_MAX: Final = 200
OUTCOMES_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class WorkflowActivity:
    """One workflow: its rows by what they do, the timers that were set, how looks ended and which slots were missed."""

    name: str
    rows: int
    timed: int
    running: int
    paused: int
    retrying: int
    looked_at: int
    next_due_at: datetime | None
    timers_set: int = 0
    timers_repeated: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    misses: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Activity:
    """Everything, as it was committed. `told` counts events by subject, `held` reviews by state and rule.

    `after` is where to go on reading: the number of the last happening.
    """

    workflows: tuple[WorkflowActivity, ...]
    told: dict[str, int]
    outbox_pending: int
    held: dict[str, dict[str, int]]
    happenings: tuple[Happening, ...]
    after: int


async def read_activity(pool: asyncpg.Pool, after: int | None, happenings_max: int = 20) -> Activity:
    """The counters, and the happenings behind `after`, or the newest ones without it. Raises Outage.

    Numbers are given out before transactions commit, so one that commits late may be passed over by `after`; counters
    count it.
    """
    bound = min(happenings_max, HAPPENINGS_MAX)
    with outage():
        async with (
            pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            rows = await connection.fetch(query("workflows"))
            timers = await connection.fetch(query("timers"))
            outcomes = await connection.fetch(query("outcomes"), OUTCOMES_MAX)
            misses = await connection.fetch(query("misses"))
            told = await connection.fetch(query("told"))
            held = await connection.fetch(query("reviews"))
            start = after if after is not None else await connection.fetchval(query("newest"), list(TOLD), bound)
            latest = await connection.fetch(query("latest"), start, list(TOLD), bound)
            pending = await connection.fetchval("SELECT count(*) FROM outbox WHERE processed_at IS NULL")
    found = [happening(one["id"], one["title"], codec.decode(one["subject"], one["payload"])) for one in latest]
    return Activity(
        workflows=_workflows(rows, timers, outcomes, misses),
        told={one["subject"]: one["events"] for one in told},
        outbox_pending=pending,
        held=_held(held),
        happenings=tuple(one for one in found if one is not None),
        after=latest[-1]["id"] if latest else start,
    )


def _workflows(
    rows: list[asyncpg.Record],
    timers: list[asyncpg.Record],
    outcomes: list[asyncpg.Record],
    misses: list[asyncpg.Record],
) -> tuple[WorkflowActivity, ...]:
    timed = {one["workflow"]: one for one in timers}
    return tuple(
        WorkflowActivity(
            name=row["workflow"],
            **{name: row[name] for name in ("rows", "timed", "running", "paused", "retrying", "looked_at")},
            next_due_at=row["next_due_at"],
            timers_set=timed[row["workflow"]]["timers"] if row["workflow"] in timed else 0,
            timers_repeated=timed[row["workflow"]]["repeated"] if row["workflow"] in timed else 0,
            outcomes={one["outcome"]: one["rows"] for one in outcomes if one["workflow"] == row["workflow"]},
            misses={one["reason"]: one["slots"] for one in misses if one["workflow"] == row["workflow"]},
        )
        for row in rows
    )


def _held(rows: list[asyncpg.Record]) -> dict[str, dict[str, int]]:
    states: dict[str, dict[str, int]] = {}
    for row in rows:
        states.setdefault(row["state"], {})[row["rule"]] = row["changes"]
    return states
