"""What is forgotten when it is old enough, and edges that two transactions at once left unresolved.

Rows of the machine's time are looked at in the machine's time; reviews wait in the catalogue's, which may run faster.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from contracts.clock import Clock
from handlers.postgres import ERRORS as POSTGRES_ERRORS
from handlers.review.expire import expire_once
from streams.calendar import speed_of
from streams.runtime import Runtime
from streams.tasks import end_tasks

EVERY_S = 300.0
# Real seconds between two looks for what expired, however fast the catalogue's clock runs.
EXPIRY_MIN_S = 1.0
ROWS_MAX = 20_000
_INBOX = """
    DELETE FROM inbox WHERE ctid IN (
        SELECT ctid FROM inbox WHERE received_at < $1 LIMIT $2)"""
# An edge and its target that are committed by two transactions at once do not see each other.
_EDGES = """
    UPDATE anime_relation AS edge SET target_anime_id = known.anime_id FROM anime_reference AS known
    WHERE edge.target_anime_id IS NULL AND known.source = edge.target_source AND known.external_id = edge.target_id"""
_FAILURES = """
    DELETE FROM delivery_failure WHERE last_failed_at < $1"""


@dataclass(slots=True)
class Housekeeping:
    """Slow loops; a pass that fails is repeated with the next."""

    runtime: Runtime
    clock: Clock
    _tasks: Sequence[asyncio.Task[None]] = ()

    def start(self) -> None:
        """Begin."""
        tasks = [asyncio.create_task(self._repeat(self.prune, EVERY_S), name="housekeeping")]
        if self.runtime.settings.runs("update"):
            every_s = max(EXPIRY_MIN_S, EVERY_S / speed_of(self.runtime.calendar))
            tasks.append(asyncio.create_task(self._repeat(self.expire, every_s), name="expiry of reviews"))
        self._tasks = tasks

    async def stop(self) -> None:
        """End at once; nothing is half done."""
        await end_tasks(*self._tasks)
        self._tasks = ()

    async def _repeat(self, once: Callable[[], Awaitable[None]], every_s: float) -> None:
        is_failing = False
        while True:
            try:
                await once()
                is_failing = False
            except POSTGRES_ERRORS as error:
                if not is_failing:
                    structlog.get_logger("housekeeping").warning("put off", error=str(error))
                is_failing = True
            await asyncio.sleep(every_s)

    async def prune(self) -> None:
        """Forget: at most ROWS_MAX rows of the inbox, so that it never holds up a batch."""
        before = self.clock.now() - timedelta(days=self.runtime.settings.inbox_retention_days)
        await self.runtime.pool.execute(_INBOX, before, ROWS_MAX)
        await self.runtime.pool.execute(_FAILURES, before)
        await self.runtime.pool.execute(_EDGES)

    async def expire(self) -> None:
        """Let reviews expire that nobody decided for too long."""
        days = self.runtime.settings.review_expiry_days
        await expire_once(self.runtime.pool, self.runtime.calendar.now(), days)
