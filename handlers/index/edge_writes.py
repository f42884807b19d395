"""Writes to Qdrant Edge under version guards. All of them run in the one thread that writes, and all of them block."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

import numpy as np
import qdrant_edge as engine
from numpy.typing import NDArray

from handlers.index.batching import newest, slices
from handlers.index.edge_reads import IDS_PER_READ_MAX, point_uuid
from handlers.index.payload import VERSION, changed_payload, full_payload, version_of
from handlers.index.port import Deletion, Patch, Payload, Point
from handlers.index.space import VectorSpace, checked_vector

# The engine turns points into its own form under the interpreter's lock, about 0.1 ms each.
POINTS_PER_CALL_MAX: Final = 100


def upsert(shard: engine.EdgeShard, space: VectorSpace, points: Sequence[Point]) -> int:
    """Write the points that are not older than what is stored; how many were written."""
    wanted = [(point, checked_vector(point.id, point.vector, space.dimensions)) for point in newest(points)]
    written = 0
    for part in slices(wanted, POINTS_PER_CALL_MAX):
        held = _versions(shard, [point.id for point, _ in part])
        fresh = [(point, vector) for point, vector in part if held.get(point.id, -1) <= point.version]
        if fresh:
            shard.update(engine.UpdateOperation.upsert_points([_point(space, *pair) for pair in fresh]))
        written += len(fresh)
    return written


def patch(shard: engine.EdgeShard, patches: Sequence[Patch]) -> int:
    """Merge the payloads that are newer than what is stored; how many were merged."""
    written = 0
    for part in slices(newest(patches), IDS_PER_READ_MAX):
        keys = {VERSION}.union(*(one.payload for one in part))
        held = _payloads(shard, [one.id for one in part], keys)
        for one in part:
            payload = held.get(one.id)
            if payload is None or version_of(payload) >= one.version:
                continue
            shard.update(
                engine.UpdateOperation.set_payload([one.id], changed_payload(payload, one.payload, one.version))
            )
            written += 1
    return written


def delete(shard: engine.EdgeShard, deletions: Sequence[Deletion]) -> int:
    """Remove the points that are not newer; how many were removed."""
    written = 0
    for part in slices(newest(deletions), IDS_PER_READ_MAX):
        held = _versions(shard, [one.id for one in part])
        gone: list[engine.PointId] = [one.id for one in part if held.get(one.id, one.version + 1) <= one.version]
        if gone:
            shard.update(engine.UpdateOperation.delete_points(gone))
        written += len(gone)
    return written


def _point(space: VectorSpace, point: Point, vector: NDArray[np.float32]) -> engine.Point:
    # The engine takes a numpy array though its types say list; a list of 384 floats costs a tenth of the speed.
    named: dict[str, engine.NamedVector] = {space.vector_name: vector}  # type: ignore[dict-item]
    return engine.Point(point.id, named, full_payload(point.payload, point.version))


def _versions(shard: engine.EdgeShard, ids: Sequence[UUID]) -> dict[UUID, int]:
    return {one: version_of(payload) for one, payload in _payloads(shard, ids, {VERSION}).items()}


def _payloads(shard: engine.EdgeShard, ids: Sequence[UUID], keys: Iterable[str]) -> dict[UUID, Payload]:
    """The named keys of the points that are there."""
    found = shard.retrieve(list(ids), list(keys), False)
    return {point_uuid(one.id): one.payload or {} for one in found}
