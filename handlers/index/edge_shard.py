"""Opening the folder of Qdrant Edge: made whole or not at all, checked before use. Everything here blocks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import qdrant_edge as engine

from contracts.errors import Outage, Permanent
from contracts.payload_index import FieldType, IndexedField
from handlers.index.space import VectorSpace

_CONFIG_FILE: Final = "edge_config.json"
_DISTANCE_NAME: Final = "Cosine"
_SCHEMA: Final[dict[FieldType, engine.PayloadSchemaType]] = {
    "keyword": engine.PayloadSchemaType.Keyword,
    "integer": engine.PayloadSchemaType.Integer,
    "float": engine.PayloadSchemaType.Float,
    "bool": engine.PayloadSchemaType.Bool,
    "datetime": engine.PayloadSchemaType.Datetime,
}


def is_there(folder: Path) -> bool:
    """Whether the folder holds a shard."""
    return (folder / _CONFIG_FILE).is_file()


def open_shard(folder: Path, space: VectorSpace) -> engine.EdgeShard:
    """The shard in the folder, made first if there is none; Outage when another process has it."""
    if not is_there(folder):
        _make(folder, space)
    try:
        return engine.EdgeShard.load(str(folder))
    except Exception as error:
        if "WouldBlock" in str(error):
            raise Outage("index", f"the folder {folder} is open already, and Qdrant Edge serves one opener") from error
        raise


def ensure_shard(
    shard: engine.EdgeShard, folder: Path, space: VectorSpace, fields: Sequence[IndexedField], *, add_vector: bool
) -> None:
    """Check the vector, add what payload indexes are missing, and reclaim the room of deleted points."""
    _ensure_vector(shard, folder, space, add_vector)
    present = shard.info().payload_schema
    for field in fields:
        schema = _SCHEMA[field.type]
        if field.name not in present or present[field.name].data_type != schema:
            shard.update(engine.UpdateOperation.create_field_index(field.name, schema))
    # Only now, because it stops the whole process for as long as it takes: 4 s for 24,000 points with a third deleted.
    shard.optimize()


def _make(folder: Path, space: VectorSpace) -> None:
    # Made beside and renamed, so that a process killed in between leaves no half of a shard under the real name.
    beside = folder.with_name(folder.name + ".new")
    shutil.rmtree(beside, ignore_errors=True)
    beside.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        if any(folder.iterdir()):
            raise Permanent(f"the folder {folder} holds files but no index: name another folder or empty it")
        folder.rmdir()
    engine.EdgeShard.create(str(beside), _config(space)).close()
    beside.rename(folder)


def _config(space: VectorSpace) -> engine.EdgeConfig:
    # A graph would be built under the interpreter's lock: 34 s for 36,000 points in which nothing else runs, and
    # patches were four times slower after it. A plain scan of as many takes about 5 ms. Zero turns the graph off.
    return engine.EdgeConfig(
        vectors={space.vector_name: engine.EdgeVectorParams(size=space.dimensions, distance=engine.Distance.Cosine)},
        optimizers=engine.EdgeOptimizersConfig(indexing_threshold=0),
        payload_memory=engine.Memory.Cold,
        wal_enabled=True,
    )


def _ensure_vector(shard: engine.EdgeShard, folder: Path, space: VectorSpace, add_vector: bool) -> None:
    vectors = _vectors(folder)
    held = vectors.get(space.vector_name)
    if held is None and add_vector:
        distance = engine.Distance.Cosine
        shard.update(engine.UpdateOperation.create_dense_vector(space.vector_name, space.dimensions, distance))
    elif held is None:
        raise Permanent(space.missing_from(str(folder), list(vectors)))
    elif (held["size"], held["distance"]) != (space.dimensions, _DISTANCE_NAME):
        raise Permanent(space.differs_from(str(folder), held["size"], held["distance"]))


def vector_names(folder: Path) -> list[str]:
    """The names of the vectors that the shard in this folder has."""
    return list(_vectors(folder))


def _vectors(folder: Path) -> dict[str, Any]:
    # The engine has no call that tells a shard's vectors; its own file does, and it checks that file when it loads.
    found: dict[str, Any] = json.loads((folder / _CONFIG_FILE).read_text(encoding="utf-8"))["vectors"]
    return found
