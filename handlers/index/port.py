"""The vector index as the room sees it: values that go in and out, and the laws that every adapter keeps.

The laws, checked by one conformance suite on each adapter:

- A point is (id, version, vector, payload). Of two writes to one id the higher version wins, whatever order they
  come in. An upsert also replaces an equal version, so that a new model can embed the same version again; a patch
  does not.
- A null at the top of a payload means absent: an upsert leaves the key out, a patch removes it, under the same
  version guard and in the same engine operation as the rest of the patch.
- A patch carries the whole payload of its version, nulls for what is absent. The index merges it into what it holds;
  if a patch named only what changed, an older one that is refused as stale would take its change with it.
- A patch of a missing point creates nothing. A deletion removes the point if its version is not newer, and leaves no
  trace: the caller reads the committed row before it writes, so that an older message cannot bring the point back.
- When a call returns, its writes are visible to every later call and survive the death of the process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from handlers.index.filters import SearchFilters
from handlers.index.space import VectorSpace

Vector = Sequence[float] | NDArray[np.floating[Any]]
Payload = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Point:
    """A full point. `payload` holds JSON values; its `version` key, if any, is replaced by `version`."""

    id: UUID
    version: int
    vector: Vector
    payload: Payload


@dataclass(frozen=True, slots=True)
class Patch:
    """The payload of a version whose embedded text did not change; the vector stays."""

    id: UUID
    version: int
    payload: Payload


@dataclass(frozen=True, slots=True)
class Deletion:
    """Remove the point unless what is stored is newer than `version`."""

    id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class Stored:
    """What the index knows of a point: enough to decide about embedding again and to reconcile. "" is unknown."""

    id: UUID
    version: int
    entity_type: str
    text_sha256: str
    model: str
    template: str


@dataclass(frozen=True, slots=True)
class Filling:
    """A vector of another model for a point whose embedded text is still the one with this hash."""

    id: UUID
    text_sha256: str
    vector: Vector


@dataclass(frozen=True, slots=True)
class Hit:
    """A point found by search; `score` is the cosine similarity, 1 is the same direction."""

    id: UUID
    score: float
    payload: Payload


class VectorIndex(Protocol):
    """Every call may raise Outage (the engine is away), Transient, or Permanent (the request can never succeed)."""

    async def prepare(self, *, add_vector: bool = False) -> None:
        """Make the collection and its payload indexes, or check what is there; safe to repeat at any time.

        A collection whose vector has other dimensions or another distance is refused (Permanent). One that lacks this
        model's vector is refused too, unless `add_vector`, which adds it beside the others.
        """

    async def stored(self, ids: Sequence[UUID]) -> dict[UUID, Stored]:
        """What is known of those ids; an id without a point is left out."""

    async def upsert(self, points: Sequence[Point]) -> None:
        """Insert or replace points; an older version than the stored one is ignored."""

    async def patch(self, patches: Sequence[Patch]) -> None:
        """Merge payloads into points whose stored version is older; ignore the others and missing points."""

    async def delete(self, deletions: Sequence[Deletion]) -> None:
        """Remove points whose stored version is not newer."""

    async def search(self, vector: Vector, filters: SearchFilters, limit: int, offset: int = 0) -> list[Hit]:
        """The points nearest to `vector` that pass the filters, best first."""

    async def count(self) -> int:
        """How many points there are, exactly."""

    async def scroll(self, after: UUID | None, limit: int) -> list[Stored]:
        """The next `limit` points in the order of their ids, beginning behind `after`; empty at the end."""

    def beside(self, space: VectorSpace) -> VectorIndex:
        """The same place by another model's vector, which `prepare(add_vector=True)` makes; closing one closes both."""

    async def lacking(self, after: UUID | None, limit: int) -> list[Stored]:
        """The next points, in the order of their ids, that have no vector of this model; empty at the end."""

    async def filled(self) -> int:
        """How many points have a vector of this model, exactly."""

    async def fill(self, fillings: Sequence[Filling]) -> None:
        """Give points a vector of this model beside those they have, unless their text is another by now.

        An upsert takes the vectors of other models away, so a vector that is there was made from the text that the
        point's hash names.
        """

    async def relabel(self) -> None:
        """Say of every point that has a vector of this model that this is its model."""

    async def forget_others(self) -> list[str]:
        """Remove the vectors of all other models; gives their names."""

    async def flush(self) -> None:
        """Bring what is acknowledged safely to disk, so that it survives a power failure too."""

    async def close(self) -> None:
        """Release the engine; a second close does nothing."""
