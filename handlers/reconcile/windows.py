"""Rows and points side by side, a window of ids at a time, so that memory holds two pages of each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from handlers.reconcile.faults import Entity
from handlers.reconcile.ports import Point, Points
from handlers.reconcile.store import ReconcileStore

PAGE: Final = 500
WINDOWS_MAX: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class Window:
    """All rows and all points whose ids lie between two ids. Deleted rows are among them."""

    entities: dict[UUID, Entity]
    points: dict[UUID, Point]


async def windows(store: ReconcileStore, index: Points, page: int = PAGE) -> AsyncIterator[Window]:
    """Every row and every point once, in the order of their ids."""
    after: UUID | None = None
    for _ in range(WINDOWS_MAX):
        # Points first: what is committed in between makes a point look stale, which is looked at twice, never ahead.
        points = await index.scroll(after, page)
        entities = await store.page(after, page)
        if not points and not entities:
            return
        end = _end(points, entities, page)
        yield Window(
            {one.id: one for one in entities if end is None or one.id <= end},
            {one.id: one for one in points if end is None or one.id <= end},
        )
        if end is None:
            return
        after = end


def _end(points: Sequence[Point], entities: Sequence[Entity], page: int) -> UUID | None:
    """Up to which id both pages are complete; None when both are their last."""
    ends = [page_of[-1].id for page_of in (points, entities) if len(page_of) == page]
    return min(ends, default=None)
