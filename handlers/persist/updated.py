"""anime.updated and character.updated: changed fields of entities that are there already.

What the risk policy looks at goes through the guard, which holds a risky change for a person; the rest is merged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast
from uuid import UUID

from contracts import subjects
from contracts.errors import Refused
from contracts.events import AnimeUpdatedEvent, CharacterUpdatedEvent, Event
from contracts.risk import GUARDED, PERSON
from handlers.persist import rows, saying, sync
from handlers.persist.batch import Outcome, awaited
from handlers.persist.characters import write_character_references
from handlers.persist.columns import ANIME, CHARACTER, Table
from handlers.persist.episodes import keep_episode_counts
from handlers.persist.guard import Guard, read_guard, read_least_totals
from handlers.persist.links import write_anime_links
from handlers.persist.merge import JSON, NEVER_BLANKED, merge
from handlers.persist.references import Owners, read_owners, write_references
from handlers.persist.rows import Entity
from handlers.persist.words import Word
from handlers.postgres import Connection

Update = AnimeUpdatedEvent | CharacterUpdatedEvent


async def apply_anime(connection: Connection, events: Sequence[Event]) -> list[Outcome]:
    """Apply a batch of anime.updated."""
    updates = cast("Sequence[AnimeUpdatedEvent]", events)
    owners = await read_owners(connection, (pair for event in updates for pair in _external_ids(event).items()))
    named = [(event, event.anime_id) for event in updates]
    entities, outcomes = await _apply(connection, ANIME, named, owners)
    await write_references(connection, [entity for entity, _ in entities])
    await write_anime_links(connection, entities)
    await sync.queue(connection, [_synced(subjects.ANIME_SYNCED, "anime", entity, last) for entity, last in entities])
    return outcomes


async def apply_characters(connection: Connection, events: Sequence[Event]) -> list[Outcome]:
    """Apply a batch of character.updated."""
    updates = cast("Sequence[CharacterUpdatedEvent]", events)
    named = [(event, event.character_id) for event in updates]
    entities, outcomes = await _apply(connection, CHARACTER, named, Owners({}))
    await write_character_references(connection, [entity for entity, _ in entities])
    await sync.queue(
        connection, [_synced(subjects.CHARACTER_SYNCED, "character", entity, last) for entity, last in entities]
    )
    return outcomes


def _external_ids(event: AnimeUpdatedEvent) -> dict[str, str]:
    return (event.values.external_ids or {}) if event.values and "external_ids" in event.changed_fields else {}


async def _apply(
    connection: Connection, table: Table, updates: Sequence[tuple[Update, UUID]], owners: Owners
) -> tuple[list[tuple[Entity, Update]], list[Outcome]]:
    fields = frozenset(name for update, _ in updates for name in update.changed_fields if name in table.fields)
    held = await rows.read(connection, table, (entity_id for _, entity_id in updates), fields)
    guard = await _guard(connection, table, updates)
    outcomes: list[Outcome] = []
    last: dict[UUID, Update] = {}
    for update, entity_id in updates:
        entity = held.get(entity_id)
        outcome = _merge_one(guard, entity, update, entity_id, owners)
        outcomes.append(outcome)
        if outcome is None and entity is not None and entity.held.changed:
            last[entity_id] = update
    if table is ANIME:
        await keep_episode_counts(connection, held.values())
    changed = [held[entity_id] for entity_id in last if held[entity_id].held.changed]
    for entity in changed:
        entity.raise_version()
    await rows.write(connection, table, list(held.values()))
    await guard.write(connection, held)
    return [(entity, last[entity.id]) for entity in changed], outcomes


async def _guard(connection: Connection, table: Table, updates: Sequence[tuple[Update, UUID]]) -> Guard:
    named = [(entity_id, name) for update, entity_id in updates for name in update.changed_fields]
    guard = await read_guard(connection, table, (entity_id for entity_id, _ in named), (name for _, name in named))
    counted = {entity_id for entity_id, name in named if name == "episode_count" and table is ANIME}
    await read_least_totals(connection, guard, counted)
    return guard


def _merge_one(guard: Guard, entity: Entity | None, update: Update, entity_id: UUID, owners: Owners) -> Outcome:
    table = guard.table
    if entity is None:
        return awaited(update, f"{table.name} {entity_id}")
    if entity.deleted:
        return None  # Deletion stays deleted; a late update of it has nothing to say.
    try:
        incoming = _incoming(table, update)
        if isinstance(update, AnimeUpdatedEvent):
            owners.check(f"anime {entity_id}", "external_ids", entity_id, _external_ids(update))
            owners.claim(entity_id, _external_ids(update))
    except Refused as refused:
        return refused
    said = saying.of_update(update)
    by_person = PERSON in said.source.split("+")
    plain = {name: value for name, value in incoming.items() if name not in GUARDED}
    merge(entity.held, plain if by_person else _without_blanks(plain), said)
    flagged = {flag.field for flag in update.risks}
    for name in incoming.keys() & GUARDED:
        word = Word(incoming[name], said, update.timestamp, not by_person, name in flagged, update.correlation_id)
        guard.hear(entity, name, word)
    return None


def _without_blanks(values: Mapping[str, JSON]) -> dict[str, JSON]:
    return {name: value for name, value in values.items() if value is not None or name not in NEVER_BLANKED}


def _incoming(table: Table, update: Update) -> dict[str, JSON]:
    parts: dict[str, JSON] = update.values.model_dump(mode="json", exclude_none=True) if update.values else {}
    if isinstance(update, AnimeUpdatedEvent):
        if update.status is not None:
            parts["status"] = update.status.value
        if update.score is not None:
            parts["score"] = update.score.model_dump(mode="json", exclude_none=True)
        if update.statistics:
            parts["statistics"] = {
                platform: figures.model_dump(mode="json", exclude_none=True)
                for platform, figures in update.statistics.items()
            }
    incoming = saying.changes(table, list(update.changed_fields), parts, f"{type(update).__name__} {update.event_id}")
    required = "name" if table is CHARACTER else "title"
    if required in incoming and not incoming[required]:
        raise Refused(f"{table.name} {update.event_id}", required, "cannot be removed; send a value")
    return incoming


def _synced(subject: str, kind: sync.EntityKind, entity: Entity, last: Update) -> sync.Sync:
    changed = tuple(sorted(entity.held.changed))
    return sync.Sync(subject, kind, entity.id, "upsert", changed, entity.version, last.event_id, last.correlation_id)
