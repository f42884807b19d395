"""What the index tests have in common: a small space, points in it, and what a place to open is."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID, uuid4

from handlers.index.filters import SearchFilters
from handlers.index.port import Point, VectorIndex
from handlers.index.space import VectorSpace

DIMENSIONS = 8
SPACE = VectorSpace("tests/tiny", DIMENSIONS)
OTHER_SPACE = VectorSpace("tests/other", 4)

# Opens the same place again, in this space; the caller closes what it opened.
Opener = Callable[[VectorSpace], VectorIndex]


def unit(axis: int) -> list[float]:
    """The unit vector along one axis."""
    return [1.0 if at == axis % DIMENSIONS else 0.0 for at in range(DIMENSIONS)]


def point(version: int, *, id: UUID | None = None, axis: int = 0, **payload: object) -> Point:
    """A point along one axis, with the technical fields set."""
    technical = {"entity_type": "anime", "text_sha256": f"hash {axis}", "model": SPACE.model, "template": "t1"}
    return Point(id or uuid4(), version, unit(axis), technical | payload)


async def payload_of(index: VectorIndex, id: UUID, axis: int = 0) -> dict[str, object]:
    """The payload of one point as a search shows it."""
    found = await index.search(unit(axis), SearchFilters(), limit=100)
    return dict(next(hit.payload for hit in found if hit.id == id))
