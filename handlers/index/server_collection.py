"""The collection on a Qdrant server: made as the specification asks, or checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from qdrant_client import AsyncQdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from contracts.errors import Permanent
from contracts.payload_index import FieldType, IndexedField
from handlers.index.space import VectorSpace

# Conditional upserts came with 1.16; an older server ignores the condition, and a stale write would win silently.
SERVER_VERSION_MIN: Final = (1, 16)
_CONFLICT: Final = 409
_SCHEMA: Final[dict[FieldType, models.PayloadSchemaType]] = {
    "keyword": models.PayloadSchemaType.KEYWORD,
    "integer": models.PayloadSchemaType.INTEGER,
    "float": models.PayloadSchemaType.FLOAT,
    "bool": models.PayloadSchemaType.BOOL,
    "datetime": models.PayloadSchemaType.DATETIME,
}


async def prepare_collection(
    client: AsyncQdrantClient, name: str, space: VectorSpace, fields: Sequence[IndexedField], *, add_vector: bool
) -> None:
    """Make what is missing, refuse what does not fit."""
    check_version((await client.info()).version)
    if not await client.collection_exists(name):
        await _create(client, name, space)
    found = await client.get_collection(name)
    await _ensure_vector(client, name, space, found.config.params.vectors, add_vector)
    for field in missing_indexes(found.payload_schema, fields):
        await client.create_payload_index(name, field.name, field_schema=_SCHEMA[field.type], wait=True)


def check_version(version: str) -> None:
    """Permanent when a server of that version cannot guard writes."""
    parts = tuple(int(part) for part in version.split("-")[0].split(".")[:2])
    if parts < SERVER_VERSION_MIN:
        needed = ".".join(map(str, SERVER_VERSION_MIN))
        raise Permanent(f"the Qdrant server is {version}, which has no conditional upsert: use {needed} or newer")


def collection_request(space: VectorSpace) -> dict[str, Any]:
    """The arguments that make the collection: a named vector on disk, int8 copies in memory, the payload on disk.

    The int8 copies answer the search and the exact vectors only settle the order of the best, so those can stay on
    disk. The quantile leaves out the one value in a hundred that would stretch the int8 range for all others.
    """
    int8 = models.ScalarQuantizationConfig(type=models.ScalarType.INT8, quantile=0.99, always_ram=True)
    return {
        "vectors_config": {
            space.vector_name: models.VectorParams(size=space.dimensions, distance=models.Distance.COSINE, on_disk=True)
        },
        "quantization_config": models.ScalarQuantization(scalar=int8),
        "on_disk_payload": True,
    }


def missing_indexes(present: dict[str, models.PayloadIndexInfo], fields: Sequence[IndexedField]) -> list[IndexedField]:
    """The fields that have no index yet or one of another type, which a new one replaces."""
    return [
        field for field in fields if field.name not in present or present[field.name].data_type != _SCHEMA[field.type]
    ]


async def _create(client: AsyncQdrantClient, name: str, space: VectorSpace) -> None:
    try:
        await client.create_collection(name, **collection_request(space))
    except UnexpectedResponse as error:
        # Another process was first; what it made is checked like any other collection.
        if error.status_code != _CONFLICT:
            raise


async def _ensure_vector(
    client: AsyncQdrantClient, name: str, space: VectorSpace, present: object, add_vector: bool
) -> None:
    vectors: dict[str, models.VectorParams] = present if isinstance(present, dict) else {}
    held = vectors.get(space.vector_name)
    if held is None and add_vector:
        dense = models.DenseVectorConfig(size=space.dimensions, distance=models.Distance.COSINE)
        await client.create_vector_name(name, space.vector_name, models.DenseVectorNameConfig(dense=dense))
    elif held is None:
        raise Permanent(space.missing_from(f"the collection {name}", list(vectors)))
    elif (held.size, held.distance) != (space.dimensions, models.Distance.COSINE):
        raise Permanent(space.differs_from(f"the collection {name}", held.size, held.distance.value))
