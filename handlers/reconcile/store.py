"""What a pass reads and queues in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import asyncpg
import orjson

from handlers.postgres import outage
from handlers.reconcile.faults import Entity
from handlers.reconcile.repairs import Repair
from handlers.reconcile.sql import query

Cause = Literal["night", "asked", "start", "index lost"]
_FIRST: Final = UUID(int=0)


class ReconcileStore:
    """Every call is its own transaction. Raises Outage while PostgreSQL is away."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def page(self, after: UUID | None, limit: int) -> list[Entity]:
        """The next anime and characters in the order of their ids."""
        with outage():
            return [_entity(row) for row in await self._pool.fetch(query("page"), after or _FIRST, limit)]

    async def rows(self, ids: Collection[UUID]) -> dict[UUID, Entity]:
        """These as they are now, those that have a row."""
        with outage():
            found = await self._pool.fetch(query("rows"), list(ids))
        return {row["id"]: _entity(row) for row in found}

    async def under_way(self, ids: Collection[UUID], sent_after: datetime) -> set[UUID]:
        """Those that wait in the outbox, or left it a short while ago."""
        with outage():
            return {row["id"] for row in await self._pool.fetch(query("under_way"), list(ids), sent_after)}

    async def unannounced(self, changed_after: datetime, limit: int) -> list[Entity]:
        """Entities that changed and of which nothing was queued."""
        with outage():
            return [_entity(row) for row in await self._pool.fetch(query("unannounced"), changed_after, limit)]

    async def overdue(self, queued_before: datetime) -> int:
        """How many rows of the outbox wait for too long."""
        with outage():
            count: int = await self._pool.fetchval(query("overdue"), queued_before)
        return count

    async def living(self) -> int:
        """How many points there have to be."""
        with outage():
            count: int = await self._pool.fetchval(query("living"))
        return count

    async def queue(self, repairs: Sequence[Repair], causation_id: UUID) -> None:
        """Put these into the outbox."""
        with outage():
            await self._pool.execute(
                query("queue_repairs"),
                [one.event_id for one in repairs],
                [one.bucket for one in repairs],
                [one.subject for one in repairs],
                [one.entity.type for one in repairs],
                [one.entity.id for one in repairs],
                [one.op for one in repairs],
                [",".join(one.changed_fields) for one in repairs],
                causation_id,
                [one.entity.version for one in repairs],
            )

    async def begin(self, run_id: UUID, cause: Cause, *, is_dry: bool) -> None:
        """Note that a pass begins."""
        with outage():
            await self._pool.execute(query("begin_run"), run_id, cause, is_dry)

    async def end(self, run_id: UUID, report: Mapping[str, Any]) -> None:
        """Note what it came to."""
        with outage():
            await self._pool.execute(query("end_run"), run_id, orjson.dumps(report).decode())

    async def last_run(self) -> datetime | None:
        """When the last whole pass that repaired began."""
        with outage():
            began: datetime | None = await self._pool.fetchval(query("last_run"))
        return began


def _entity(row: asyncpg.Record) -> Entity:
    return Entity(row["id"], row["type"], row["version"], row["is_living"])
