"""Rows that have done their work: parts of a day's work have names of that day, and are not needed for long."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import asyncpg

from handlers.postgres import outage
from handlers.schedule.sql import query

ROWS_MAX: Final = 10_000


async def forget_ended(pool: asyncpg.Pool, workflow: str, before: datetime, rows_max: int = ROWS_MAX) -> int:
    """Forget rows of a workflow with nothing due whose last look was before then; gives how many went."""
    with outage():
        status = await pool.execute(query("forget_ended"), workflow, before, rows_max)
    return int(status.rsplit(" ", 1)[1])
