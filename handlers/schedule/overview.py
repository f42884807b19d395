"""The schedule in a few figures, for whoever watches it: what is late, what is paused, what was missed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from contracts.workflow import MissReason
from handlers.postgres import outage
from handlers.schedule.reading import pauses
from handlers.schedule.sql import query

MISSES_OF: Final = timedelta(days=1)
_GROUPS_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Late:
    """Looks of one workflow whose time has come and that have not begun."""

    count: int
    earliest: datetime


@dataclass(frozen=True, slots=True)
class Overview:
    """All by workflow. `misses` are those recorded within MISSES_OF."""

    next_due_at: datetime | None
    late: Mapping[str, Late]
    paused: Mapping[str, int]
    misses: Mapping[tuple[str, MissReason], int]


async def overview(pool: asyncpg.Pool, now: datetime, slack_s: float) -> Overview:
    """The figures; a look that is less than `slack_s` late is on time."""
    on_time = now - timedelta(seconds=slack_s)
    with outage():
        late = await pool.fetch(query("overdue"), on_time)
        next_due_at = await pool.fetchval(query("first_due"), now)
        misses = await pool.fetch(query("miss_counts"), now - MISSES_OF)
    paused: dict[str, int] = {}
    for group in await pauses(pool, rows_max=_GROUPS_MAX):
        paused[group.workflow] = paused.get(group.workflow, 0) + group.count
    return Overview(
        next_due_at,
        {record["workflow"]: Late(record["count"], record["earliest"]) for record in late},
        paused,
        {(record["workflow"], MissReason(record["reason"])): record["count"] for record in misses},
    )
