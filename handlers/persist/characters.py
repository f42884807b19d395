"""What brings characters: finding those that are known under an external id, and writing them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from contracts import subjects
from contracts.events import AnimeEnrichedEvent, CausedEvent
from handlers.persist import rows, sync
from handlers.persist.columns import CHARACTER
from handlers.persist.rows import Entity
from handlers.persist.sql import query
from handlers.postgres import Connection


async def resolve_characters(connection: Connection, records: Sequence[AnimeEnrichedEvent]) -> dict[UUID, UUID]:
    """Which stored id each incoming character has: the owner of its external id, else its own.

    Records are enriched one by one, so one character of two shows arrives under two ids with one external id.
    """
    characters = [character for event in records for character in event.characters]
    wanted = {pair for character in characters for pair in (character.external_ids or {}).items()}
    found = await connection.fetch(
        query("character_reference_owners"), [source for source, _ in wanted], [external for _, external in wanted]
    )
    owners = {(row["source"], row["external_id"]): row["owner"] for row in found}
    resolved: dict[UUID, UUID] = {}
    for character in characters:
        pairs = list((character.external_ids or {}).items())
        owner = next((owners[pair] for pair in pairs if pair in owners), character.id)
        resolved[character.id] = owner
        owners.update({pair: owner for pair in pairs if pair not in owners})
    return resolved


async def write_characters(
    connection: Connection,
    characters: Mapping[UUID, Entity],
    roles: Mapping[tuple[UUID, UUID], str | None],
    causes: Mapping[UUID, CausedEvent],
) -> None:
    """Insert and update characters, link them to their anime, and queue what changed for the index."""
    if not characters:
        return
    links = list(roles.items())
    anime_ids, character_ids = [pair[0] for pair, _ in links], [pair[1] for pair, _ in links]
    # The index shows an appearance once its anime is there, also where the record had named it before.
    for row in await connection.fetch(query("new_links"), anime_ids, character_ids):
        characters[row["character_id"]].held.changed.add("anime_ids")
    changed = [entity for entity in characters.values() if entity.held.changed or entity.is_new]
    for entity in changed:
        entity.raise_version()
    await rows.insert(connection, CHARACTER, changed, {})
    await rows.write(connection, CHARACTER, list(characters.values()))
    await write_character_references(connection, changed)
    await connection.execute(query("link_characters"), anime_ids, character_ids, [role for _, role in links])
    await sync.queue(connection, [_synced(entity, causes) for entity in changed])


async def write_character_references(connection: Connection, changed: Sequence[Entity]) -> None:
    """Enter the external ids of these characters; one that another character has stays with it."""
    pairs = [
        (entity.id, source, external_id)
        for entity in changed
        if "external_ids" in entity.held.changed
        for source, external_id in (entity.held.values.get("external_ids") or {}).items()
    ]
    await connection.execute(
        query("enter_character_references"),
        [row[0] for row in pairs],
        [row[1] for row in pairs],
        [row[2] for row in pairs],
    )


def _synced(entity: Entity, causes: Mapping[UUID, CausedEvent]) -> sync.Sync:
    cause = causes.get(entity.id)
    return sync.Sync(
        subjects.CHARACTER_SYNCED,
        "character",
        entity.id,
        "upsert",
        tuple(sorted(entity.held.changed)),
        entity.version,
        cause.event_id if cause else None,
        cause.correlation_id if cause else None,
    )
