"""What nobody decided about in time waits no longer; a source that still says it proposes it anew."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import asyncpg

from handlers.review.sql import query

ROWS_MAX: Final = 5_000


async def expire_once(pool: asyncpg.Pool, now: datetime, days: float) -> int:
    """Let the reviews that have waited longer than `days` expire, a bounded number at once; gives how many did."""
    reason = f"nobody decided within {days:g} days"
    status = await pool.execute(query("expire"), now, now - timedelta(days=days), reason, ROWS_MAX)
    return int(status.rsplit(" ", 1)[1])
