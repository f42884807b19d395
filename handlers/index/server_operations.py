"""Requests to a Qdrant server, built from values. Pure: nothing here talks to anybody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from qdrant_client import models

from handlers.index.batching import by_version, newest, slices
from handlers.index.filters import AnyOf, Condition, SearchFilters, conditions
from handlers.index.payload import MODEL, TEXT_SHA256, VERSION, full_payload, merge_payload
from handlers.index.port import Deletion, Filling, Patch, Point
from handlers.index.space import VectorSpace, checked_vector

# A point of 384 dimensions is 4 to 8 kB of JSON, and the server takes 32 MB in one request.
POINTS_PER_OPERATION_MAX: Final = 250

# The quantised vectors choose twice as many candidates as are wanted, the exact ones decide among those.
RESCORED: Final = models.SearchParams(quantization=models.QuantizationSearchParams(rescore=True, oversampling=2.0))


def upserts(space: VectorSpace, points: Iterable[Point]) -> list[models.UpdateOperation]:
    """One operation for the points of one version, because a condition holds for a whole operation.

    A missing point is inserted; one that is there is replaced only if it is not newer. Needs server 1.16.
    """
    wanted = by_version(newest(points))
    return [
        models.UpsertOperation(
            upsert=models.PointsList(
                points=[_point(space, point) for point in part],
                update_filter=models.Filter(must=[_version(lte=version)]),
            )
        )
        for version, group in wanted.items()
        for part in slices(group, POINTS_PER_OPERATION_MAX)
    ]


def patches(wanted: Iterable[Patch]) -> list[models.UpdateOperation]:
    """One guarded merge per point; a null in it removes the key. An id alone would fail where the point is missing."""
    return [
        models.SetPayloadOperation(
            set_payload=models.SetPayload(
                payload=merge_payload(one.payload, one.version),
                filter=models.Filter(must=[_ids([one.id]), _version(lt=one.version)]),
            )
        )
        for one in newest(wanted)
    ]


def deletions(wanted: Iterable[Deletion]) -> list[models.UpdateOperation]:
    """One guarded deletion for the points of one version."""
    return [
        models.DeleteOperation(
            delete=models.FilterSelector(
                filter=models.Filter(must=[_ids([one.id for one in part]), _version(lte=version)])
            )
        )
        for version, group in by_version(newest(wanted)).items()
        for part in slices(group, POINTS_PER_OPERATION_MAX)
    ]


def having(space: VectorSpace) -> models.Filter:
    """Points that have a vector of this model."""
    return models.Filter(must=[models.HasVectorCondition(has_vector=space.vector_name)])


def lacking(space: VectorSpace) -> models.Filter:
    """Points that have none."""
    return models.Filter(must_not=[models.HasVectorCondition(has_vector=space.vector_name)])


def fillings(space: VectorSpace, wanted: Iterable[Filling]) -> list[models.UpdateOperation]:
    """One operation per point, because its condition is the point's own text."""
    return [
        models.UpdateVectorsOperation(
            update_vectors=models.UpdateVectors(
                points=[
                    models.PointVectors(
                        id=str(one.id),
                        vector={space.vector_name: checked_vector(one.id, one.vector, space.dimensions).tolist()},
                    )
                ],
                update_filter=models.Filter(
                    must=[models.FieldCondition(key=TEXT_SHA256, match=models.MatchValue(value=one.text_sha256))]
                ),
            )
        )
        for one in wanted
    ]


def label(space: VectorSpace) -> models.UpdateOperation:
    """The model of every point that has its vector."""
    return models.SetPayloadOperation(set_payload=models.SetPayload(payload={MODEL: space.model}, filter=having(space)))


def search_filter(filters: SearchFilters) -> models.Filter:
    """The filter of a search."""
    return models.Filter(must=[_condition(one) for one in conditions(filters)])


def _point(space: VectorSpace, point: Point) -> models.PointStruct:
    vector = checked_vector(point.id, point.vector, space.dimensions).tolist()
    payload = full_payload(point.payload, point.version)
    return models.PointStruct(id=str(point.id), vector={space.vector_name: vector}, payload=payload)


def _ids(ids: Sequence[UUID]) -> models.HasIdCondition:
    return models.HasIdCondition(has_id=[str(one) for one in ids])


def _version(*, lt: int | None = None, lte: int | None = None) -> models.FieldCondition:
    return models.FieldCondition(key=VERSION, range=models.Range(lt=lt, lte=lte))


def _condition(condition: Condition) -> models.FieldCondition:
    if isinstance(condition, AnyOf):
        return models.FieldCondition(key=condition.field, match=models.MatchAny(any=list(condition.values)))
    return models.FieldCondition(key=condition.field, range=models.Range(gte=condition.low, lte=condition.high))
