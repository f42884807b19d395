"""What the index tests have in common: a small space, points in it, and what a place to open is."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from urllib.parse import urlsplit
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


def docker_answers() -> bool:
    """Whether somebody listens where Docker should. The docker package leaks a socket when nobody does."""
    address = urlsplit(os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock"))
    try:
        if address.scheme == "unix":
            with socket.socket(socket.AF_UNIX) as door:
                door.settimeout(5)
                door.connect(address.path)
        else:
            socket.create_connection((address.hostname or "127.0.0.1", address.port or 2375), timeout=5).close()
    except OSError:
        return False
    return True
