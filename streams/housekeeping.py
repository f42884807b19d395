"""What is forgotten when it is old enough, and edges that two transactions at once left unresolved."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import structlog

from contracts.clock import Clock
from handlers.postgres import ERRORS as POSTGRES_ERRORS
from handlers.review.expire import expire_once
from streams.runtime import Runtime
from streams.tasks import end_tasks

EVERY_S = 300.0
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
    """A slow loop; a pass that fails is repeated with the next."""

    runtime: Runtime
    clock: Clock
    _task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run(), name="housekeeping")

    async def stop(self) -> None:
        """End at once; nothing is half done."""
        await end_tasks(self._task)
        self._task = None

    async def _run(self) -> None:
        while True:
            try:
                await self.once()
            except POSTGRES_ERRORS as error:
                structlog.get_logger("housekeeping").warning("put off", error=str(error))
            await asyncio.sleep(EVERY_S)

    async def once(self) -> None:
        """One pass: at most ROWS_MAX rows of the inbox, so that it never holds up a batch."""
        before = self.clock.now() - timedelta(days=self.runtime.settings.inbox_retention_days)
        await self.runtime.pool.execute(_INBOX, before, ROWS_MAX)
        await self.runtime.pool.execute(_FAILURES, before)
        await self.runtime.pool.execute(_EDGES)
        if self.runtime.settings.runs("update"):
            days = self.runtime.settings.review_expiry_days
            await expire_once(self.runtime.pool, self.runtime.calendar.now(), days)
