"""Reads from Qdrant Edge. They run in the thread that reads, and they block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import numpy as np
import qdrant_edge as engine
from numpy.typing import NDArray

from handlers.index.batching import slices
from handlers.index.filters import AnyOf, Condition, SearchFilters, conditions
from handlers.index.payload import STORED_KEYS, stored_from
from handlers.index.port import Hit, Stored
from handlers.index.space import first_after

IDS_PER_READ_MAX: Final = 500


def stored(shard: engine.EdgeShard, ids: Sequence[UUID]) -> dict[UUID, Stored]:
    """What is known of those ids."""
    found: dict[UUID, Stored] = {}
    for part in slices(ids, IDS_PER_READ_MAX):
        for one in shard.retrieve(list(part), list(STORED_KEYS), False):
            point_id = point_uuid(one.id)
            found[point_id] = stored_from(point_id, one.payload)
    return found


def search(
    shard: engine.EdgeShard, using: str, vector: NDArray[np.float32], filters: SearchFilters, limit: int, offset: int
) -> list[Hit]:
    """The nearest points that pass the filters."""
    request = engine.SearchRequest(
        query=engine.Query.Nearest(vector.tolist(), using=using),
        limit=limit,
        offset=offset,
        filter=engine.Filter(must=[_condition(one) for one in conditions(filters)]),
        with_payload=True,
    )
    return [Hit(point_uuid(one.id), one.score, one.payload or {}) for one in shard.search(request)]


def count(shard: engine.EdgeShard) -> int:
    """How many points there are."""
    return shard.count(engine.CountRequest(exact=True))


def scroll(shard: engine.EdgeShard, after: UUID | None, limit: int) -> list[Stored]:
    """The next points in the order of their ids."""
    first = first_after(after)
    if first is None:
        return []
    found, _ = shard.scroll(engine.ScrollRequest(offset=first, limit=limit, with_payload=list(STORED_KEYS)))
    return [stored_from(point_uuid(one.id), one.payload) for one in found]


def _condition(condition: Condition) -> engine.ConditionType:
    if isinstance(condition, AnyOf):
        return engine.FieldCondition(condition.field, match=engine.MatchAny(list(condition.values)))
    return engine.FieldCondition(condition.field, range=engine.RangeFloat(gte=condition.low, lte=condition.high))


def point_uuid(point_id: engine.PointId) -> UUID:
    """The id of a point; ours are all UUIDs."""
    return point_id if isinstance(point_id, UUID) else UUID(str(point_id))
