"""What may be wrong between a row and its point. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal
from uuid import UUID

from handlers.reconcile.ports import Document, Point

EntityType = Literal["anime", "character"]


class Fault(StrEnum):
    """One word per kind; a label of a metric, so the list is closed."""

    MISSING = "missing"
    ORPHANED = "orphaned"
    STALE = "stale"
    MODEL = "model"
    AHEAD = "ahead"
    UNANNOUNCED = "unannounced"


@dataclass(frozen=True, slots=True)
class Entity:
    """One row as far as it is compared. One that has a point but no row has the point's version."""

    id: UUID
    type: EntityType
    version: int
    is_living: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A fault and what is known of it. `point_version` is None where there is no point."""

    fault: Fault
    entity: Entity
    point_version: int | None = None


def fault(entity: Entity, document: Document | None, point: Point | None, model: str) -> Found | None:
    """What is wrong with the point of a row, None for nothing.

    The point was read before its row, so honest work in between makes it stale and never ahead.
    """
    if not entity.is_living or document is None:
        return Found(Fault.ORPHANED, entity, point.version) if point is not None else None
    if point is None:
        return Found(Fault.MISSING, entity)
    if point.version > document.version:
        # The database was brought back to an earlier state; the index would take its every word for an old one.
        return Found(Fault.AHEAD, entity, point.version)
    if point.model != model:
        return Found(Fault.MODEL, entity, point.version)
    is_current = (point.version, point.text_sha256, point.template) == (
        document.version,
        document.text_sha256,
        document.template,
    )
    return None if is_current else Found(Fault.STALE, entity, point.version)
