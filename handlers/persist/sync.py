"""What the index and other listeners have to hear of a commit, as rows of the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from contracts.ids import derived_id, outbox_bucket
from handlers.persist.sql import query
from handlers.postgres import Connection

EntityKind = Literal["anime", "character", "episode"]


@dataclass(frozen=True, slots=True)
class Sync:
    """One committed change. `parent_id` is the anime of an episode."""

    subject: str
    entity_type: EntityKind
    entity_id: UUID
    op: Literal["upsert", "delete"]
    changed_fields: tuple[str, ...]
    version: int
    causation_id: UUID | None
    correlation_id: UUID | None = None
    parent_id: UUID | None = None

    @property
    def event_id(self) -> UUID:
        """The same commit gives the same event, however often the relay sends it."""
        return derived_id("sync", self.entity_type, self.entity_id, self.version)

    @property
    def bucket(self) -> int:
        """Which relay bucket keeps its order; an episode goes with its anime."""
        return outbox_bucket(self.parent_id or self.entity_id)


async def queue(connection: Connection, syncs: Sequence[Sync]) -> None:
    """Insert the rows in the running transaction, in order, and notify the relay."""
    if not syncs:
        return
    await connection.execute(
        query("queue_sync"),
        [sync.event_id for sync in syncs],
        [sync.bucket for sync in syncs],
        [sync.subject for sync in syncs],
        [sync.entity_type for sync in syncs],
        [sync.entity_id for sync in syncs],
        [sync.parent_id for sync in syncs],
        [sync.op for sync in syncs],
        [",".join(sync.changed_fields) for sync in syncs],
        [sync.version for sync in syncs],
        [sync.causation_id for sync in syncs],
        [sync.correlation_id for sync in syncs],
    )
