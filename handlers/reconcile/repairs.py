"""What is queued for a fault: an event that has the index look at the committed row again. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from contracts import subjects
from contracts.ids import derived_id, outbox_bucket
from handlers.reconcile.faults import Entity, EntityType, Fault, Found

# One of the fields that the embedded text is made of, so that the vector is looked at too.
_VECTOR_FIELD: Final[Mapping[EntityType, str]] = {"anime": "title", "character": "name"}


@dataclass(frozen=True, slots=True)
class Repair:
    """One row for the outbox. The same fault found again by the same pass is the same event."""

    event_id: UUID
    subject: str
    entity: Entity
    op: Literal["upsert", "delete"]
    changed_fields: tuple[str, ...]

    @property
    def bucket(self) -> int:
        """Which relay bucket keeps the order of its entity."""
        return outbox_bucket(self.entity.id)


def repair(found: Found, run_id: UUID) -> Repair:
    """The row that mends this.

    The index reads the committed row and decides by that, so a repair that was overtaken does no harm. Where there is
    no living row it removes the point.
    """
    entity = found.entity
    event_id = derived_id("reconcile", run_id, found.fault.value, entity.id)
    if found.fault is Fault.ORPHANED:
        subject = subjects.ANIME_DELETED if entity.type == "anime" else subjects.CHARACTER_SYNCED
        return Repair(event_id, subject, entity, "delete", ())
    subject = subjects.ANIME_SYNCED if entity.type == "anime" else subjects.CHARACTER_SYNCED
    return Repair(event_id, subject, entity, "upsert", (_VECTOR_FIELD[entity.type],))
