"""Reading entities under lock, and writing what the rules made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson

from handlers.persist import statements
from handlers.persist.columns import EPISODE, Table
from handlers.persist.merge import Held, instant
from handlers.postgres import Connection

EpisodeKey = tuple[UUID, int]


@dataclass(slots=True)
class Entity:
    """One entity in work: what is held of it, and whether it has a row yet."""

    id: UUID
    version: int
    held: Held
    is_new: bool = False
    deleted: bool = False

    def raise_version(self) -> None:
        """The version under which its changes are committed; a new row begins at 1."""
        self.version += 1


def new_entity(entity_id: UUID) -> Entity:
    """An entity without a row."""
    return Entity(entity_id, 0, Held({}, {}), is_new=True)


async def read(connection: Connection, table: Table, ids: Iterable[UUID], fields: frozenset[str]) -> dict[UUID, Entity]:
    """Lock and read the entities that exist, with the given fields only."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    rows = await connection.fetch(statements.read(table, fields), wanted)
    return {row["id"]: _entity(row) for row in rows}


async def read_episodes(
    connection: Connection, keys: Iterable[EpisodeKey], fields: frozenset[str]
) -> dict[EpisodeKey, Entity]:
    """Lock and read the episodes that exist, by anime and number."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    rows = await connection.fetch(
        statements.read_episodes(EPISODE, fields), [key[0] for key in wanted], [key[1] for key in wanted]
    )
    return {(row["anime_id"], row["episode_number"]): _entity(row) for row in rows}


async def write(connection: Connection, table: Table, entities: Sequence[Entity]) -> None:
    """Update the rows whose values or attribution changed; versions are raised by whoever decided."""
    touched = [entity for entity in entities if not entity.is_new and entity.held.touched]
    if not touched:
        return
    fields = frozenset[str]().union(*(entity.held.changed for entity in touched))
    patches = [_patch(table, entity.held, entity.held.changed) for entity in touched]
    await connection.execute(statements.update(table, fields), *_arrays(touched, patches))


async def insert(
    connection: Connection, table: Table, entities: Sequence[Entity], keys: Mapping[UUID, Mapping[str, Any]]
) -> None:
    """Insert the entities that are new; `keys` gives further columns of each, by id."""
    fresh = [entity for entity in entities if entity.is_new]
    if not fresh:
        return
    names = tuple(sorted(keys[fresh[0].id])) if keys else ()
    patches = [_patch(table, entity.held, entity.held.values) | dict(keys.get(entity.id, {})) for entity in fresh]
    await connection.execute(statements.insert(table, names), *_arrays(fresh, patches))


def _arrays(entities: Sequence[Entity], patches: Sequence[Mapping[str, Any]]) -> tuple[list[Any], ...]:
    return (
        [entity.id for entity in entities],
        [entity.version for entity in entities],
        [orjson.dumps(patch).decode() for patch in patches],
        [orjson.dumps(entity.held.provenance).decode() for entity in entities],
    )


def _patch(table: Table, held: Held, fields: Iterable[str]) -> dict[str, Any]:
    stored = {column.field for column in table.columns}
    patch: dict[str, Any] = {name: held.values.get(name) for name in fields if name in stored}
    meta = {name: held.values.get(name) for name in fields if name not in stored}
    return patch | {"meta": meta} if meta else patch


def _entity(row: asyncpg.Record) -> Entity:
    values = {name: value for name, value in orjson.loads(row["held"]).items() if value is not None}
    for name in _DIFFERENT & values.keys():
        values[name] = canonical(name, values[name])
    held = Held({name: value for name, value in values.items() if value is not None}, orjson.loads(row["provenance"]))
    return Entity(row["id"], row["version"], held, deleted=row["deleted_at"] is not None)


# The fields that PostgreSQL gives in another form than the contracts write.
_DIFFERENT: Final = frozenset({"aired", "aired_dates", "score"})


def canonical(name: str, value: Any) -> Any:
    """The value as the contracts write it: instants end in Z, an object without values is no value."""
    if name == "aired" and value is not None:
        return _instant(value)
    if name in ("aired_dates", "score") and isinstance(value, dict):
        kept = {key: item for key, item in value.items() if item is not None}
        dates = name == "aired_dates"
        return {key: _instant(item) if dates else item for key, item in kept.items()} or None
    return value


def _instant(text: str) -> str:
    return instant(datetime.fromisoformat(text))
