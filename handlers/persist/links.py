"""The tables that join entities, kept equal to the fields of the record in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from contracts.ids import derived_id
from handlers.persist.rows import Entity
from handlers.persist.sql import query
from handlers.postgres import Connection

_COMPANY_ROLES = {"studios": "studio", "producers": "producer", "licensors": "licensor"}
TITLE_REFERENCE = "title"


async def write_anime_links(connection: Connection, changes: Sequence[tuple[Entity, Any]]) -> None:
    """Bring the link tables up to the changed fields of these anime."""
    entities = [entity for entity, _ in changes]
    await _relations(connection, _changed(entities, "related_anime"))
    await _source_materials(connection, _changed(entities, "related_source_material"))
    await _companies(connection, entities)
    await _slots(connection, "replace_broadcasts", "broadcast", _changed(entities, "broadcast"))
    await _slots(connection, "replace_hiatuses", "hiatus", _changed(entities, "hiatus"))


def _changed(entities: Iterable[Entity], field: str) -> list[Entity]:
    return [entity for entity in entities if field in entity.held.changed]


def references(work: dict[str, Any]) -> list[tuple[str, str]]:
    """The (source, external id) pairs that name a work; its title stands in where it has no id."""
    external: dict[str, str] = work.get("external_ids") or {}
    return sorted(external.items()) or [(TITLE_REFERENCE, work["title"].casefold())]


async def _relations(connection: Connection, entities: Sequence[Entity]) -> None:
    if not entities:
        return
    edges = {
        (entity.id, relation, source, external_id): work["title"]
        for entity in entities
        for relation, works in (entity.held.values.get("related_anime") or {}).items()
        for work in works
        for source, external_id in references(work)
    }
    await connection.execute(
        query("replace_relations"), *_columns(list(edges), 4), list(edges.values()), [entity.id for entity in entities]
    )


async def _source_materials(connection: Connection, entities: Sequence[Entity]) -> None:
    if not entities:
        return
    edges = [
        (entity.id, relation, source, external_id, work["title"], work.get("material") or work.get("type"))
        for entity in entities
        for relation, works in (entity.held.values.get("related_source_material") or {}).items()
        for work in works
        for source, external_id in references(work)[:1]
    ]
    anime, relations, sources, ids, titles, kinds = _columns(edges, 6)
    material_ids = [derived_id("source_material", source, ext) for source, ext in zip(sources, ids, strict=True)]
    owners = [entity.id for entity in entities]
    await connection.execute(query("replace_source_materials"), material_ids, sources, ids, titles, kinds, owners)
    await connection.execute(query("link_source_materials"), anime, relations, sources, ids)


async def _companies(connection: Connection, entities: Sequence[Entity]) -> None:
    changed = [entity for entity in entities if entity.held.changed & _COMPANY_ROLES.keys()]
    if not changed:
        return
    # Only the roles whose field is in hand may be replaced: an update that names studios says nothing of producers.
    for field, role in _COMPANY_ROLES.items():
        owners = _changed(changed, field)
        links = [
            (entity.id, role, firm["name"])
            for entity in owners
            for firm in entity.held.values.get(field) or []
            if firm["name"]
        ]
        if owners:
            names = sorted({name for _, _, name in links})
            company_ids = [derived_id("company", name) for name in names]
            await connection.execute(query("enter_companies"), company_ids, names)
            owner_ids = [entity.id for entity in owners]
            await connection.execute(query("replace_companies"), *_columns(links, 3), owner_ids, role)


async def _slots(connection: Connection, name: str, field: str, entities: Sequence[Entity]) -> None:
    if entities:
        values = [orjson.dumps(entity.held.values.get(field)).decode() for entity in entities]
        await connection.execute(query(name), [entity.id for entity in entities], values)


def _columns(table: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [[row[position] for row in table] for position in range(width)]
