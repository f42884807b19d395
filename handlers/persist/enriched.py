"""anime.enriched: a whole record, or one part of it, becomes rows and links.

What a record says is never held. Only where something was held or judged before it takes its place in time among that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID

from contracts import subjects
from contracts.errors import Permanent, Refused
from contracts.events import AnimeEnrichedEvent, Event
from contracts.ids import episode_id
from handlers.persist import rows, saying, sync
from handlers.persist.batch import Outcome, awaited
from handlers.persist.characters import resolve_characters, write_characters
from handlers.persist.columns import ANIME, CHARACTER, EPISODE
from handlers.persist.episodes import keep_episode_counts, raise_episode_count, write_episodes
from handlers.persist.guard import Guard, read_guard, read_least_totals
from handlers.persist.links import write_anime_links
from handlers.persist.merge import JSON, merge
from handlers.persist.references import Owners, read_owners, write_references
from handlers.persist.rows import Entity, EpisodeKey, new_entity
from handlers.persist.sql import query
from handlers.persist.words import Word
from handlers.postgres import Connection

_ANIME_IDENTITY = frozenset({"id"})
_EPISODE_IDENTITY = frozenset({"id", "anime_id", "episode_number"})
_CHARACTER_IDENTITY = frozenset({"id"})
# Each record adds the anime that it is of to these, so no record's word is the whole value.
_JOINED = frozenset({"anime_ids", "roles"})


@dataclass(slots=True)
class Work:
    """Everything that a batch of records touches, read under lock and written back at the end."""

    anime: dict[UUID, Entity]
    episodes: dict[EpisodeKey, Entity]
    characters: dict[UUID, Entity]
    character_ids: dict[UUID, UUID]
    owners: Owners
    anime_guard: Guard
    character_guard: Guard
    causes: dict[UUID, AnimeEnrichedEvent] = field(default_factory=dict)
    roles: dict[tuple[UUID, UUID], str | None] = field(default_factory=dict)


async def apply(connection: Connection, events: Sequence[Event]) -> list[Outcome]:
    """Apply a batch of anime.enriched."""
    records = cast("Sequence[AnimeEnrichedEvent]", events)
    work = await _read(connection, records)
    before = {event.event_id: _fingerprint(work, event) for event in records}
    outcomes = [_merge_record(work, event) for event in records]
    await keep_episode_counts(connection, work.anime.values())
    applied = [event for event, outcome in zip(records, outcomes, strict=True) if outcome is None]
    verdicts = {event.event_id: _verdict(work, event, before[event.event_id]) for event in applied}
    await _write(connection, work)
    await _record(connection, applied, verdicts)
    return outcomes


async def record_refusals(connection: Connection, refused: dict[UUID, str]) -> None:
    """Tell whoever waits for the verdict of these events why they were given up."""
    await connection.execute(
        query("record_verdicts"), list(refused), ["refused"] * len(refused), list(refused.values())
    )


# --- reading -----------------------------------------------------------------------------------------------------


async def _read(connection: Connection, records: Sequence[AnimeEnrichedEvent]) -> Work:
    anime = await rows.read(connection, ANIME, (event.anime_id for event in records), ANIME.fields)
    character_ids = await resolve_characters(connection, records)
    characters = await rows.read(connection, CHARACTER, character_ids.values(), CHARACTER.fields)
    keys = [(event.anime_id, episode.episode_number) for event in records for episode in event.episodes]
    episodes = await rows.read_episodes(connection, keys, EPISODE.fields)
    owners = await read_owners(connection, (pair for event in records for pair in _external_ids(event).items()))
    anime_guard = await read_guard(connection, ANIME, anime, ANIME.fields)
    counted = [one for one in anime if anime_guard.remembered(one, {"episode_count"})]
    await read_least_totals(connection, anime_guard, counted)
    character_guard = await read_guard(connection, CHARACTER, characters, CHARACTER.fields - _JOINED)
    return Work(anime, episodes, characters, character_ids, owners, anime_guard, character_guard)


def _external_ids(event: AnimeEnrichedEvent) -> dict[str, str]:
    return (event.anime.external_ids or {}) if event.anime else {}


# --- deciding ----------------------------------------------------------------------------------------------------


def _merge_record(work: Work, event: AnimeEnrichedEvent) -> Outcome:
    anime = work.anime.get(event.anime_id)
    if anime is None and event.anime is None:
        return awaited(event, f"anime {event.anime_id}")
    if anime is not None and anime.deleted:
        return Permanent(f"anime {event.anime_id} was deleted, and deletion stays; ingest it under another id")
    try:
        _check(work, event, anime)
    except Refused as refused:
        return refused
    if anime is None:
        anime = work.anime[event.anime_id] = new_entity(event.anime_id)
    if event.anime is not None:
        _merge_fields(work.anime_guard, anime, saying.given(event.anime, without=_ANIME_IDENTITY), event)
        work.owners.claim(event.anime_id, _external_ids(event))
    work.causes[anime.id] = event
    _merge_episodes(work, event, anime)
    _merge_characters(work, event)
    return None


def _merge_fields(guard: Guard, entity: Entity, values: dict[str, JSON], event: AnimeEnrichedEvent) -> None:
    said = saying.of_enriched(event)
    judged = guard.remembered(entity.id, values)
    rest = {name: value for name, value in values.items() if name not in judged}
    merge(entity.held, rest, said, whole_record=True)
    for name in judged:
        guard.hear(entity, name, Word(values[name], said, event.timestamp, is_judged=False))


def _check(work: Work, event: AnimeEnrichedEvent, anime: Entity | None) -> None:
    label = _label(event)
    if anime is None and (event.anime is None or not event.anime.title):
        raise Refused(label, "anime.title", "is missing; an anime needs a title")
    work.owners.check(label, "anime.external_ids", event.anime_id, _external_ids(event))
    counts = Counter(episode.episode_number for episode in event.episodes)
    twice = [number for number, count in counts.items() if count > 1]
    if twice:
        raise Refused(label, "episodes.episode_number", f"{twice[0]} occurs more than once; keep one")


def _label(event: AnimeEnrichedEvent) -> str:
    title = event.anime.title if event.anime else None
    return f"{title or 'anime'} ({event.anime_id})"


def _merge_episodes(work: Work, event: AnimeEnrichedEvent, anime: Entity) -> None:
    said = saying.of_enriched(event)
    for episode in event.episodes:
        key = (event.anime_id, episode.episode_number)
        entity = work.episodes.get(key)
        if entity is None:
            entity = work.episodes[key] = new_entity(episode.id or episode_id(*key))
        merge(entity.held, saying.given(episode, without=_EPISODE_IDENTITY), said, whole_record=True)
        work.causes[entity.id] = event
        raise_episode_count(anime, episode.episode_number)


def _merge_characters(work: Work, event: AnimeEnrichedEvent) -> None:
    for character in event.characters:
        entity_id = work.character_ids[character.id]
        entity = work.characters.get(entity_id)
        if entity is None:
            entity = work.characters[entity_id] = new_entity(entity_id)
        _merge_fields(work.character_guard, entity, saying.given(character, without=_CHARACTER_IDENTITY), event)
        _appears_in(entity, event.anime_id)
        work.causes[entity.id] = event
        work.roles[event.anime_id, entity_id] = character.roles[0].value if character.roles else None


def _appears_in(character: Entity, anime_id: UUID) -> None:
    """Records are enriched one by one, so each adds the anime that it is of; none takes another's away."""
    stored = character.held.before.get("anime_ids", character.held.values.get("anime_ids")) or []
    named = character.held.values.get("anime_ids") or []
    character.held.assign("anime_ids", sorted({*stored, *named, str(anime_id)}))


# --- writing -----------------------------------------------------------------------------------------------------


async def _write(connection: Connection, work: Work) -> None:
    changed = [entity for entity in work.anime.values() if entity.held.changed or entity.is_new]
    for entity in changed:
        entity.raise_version()
    await rows.insert(connection, ANIME, changed, {})
    await rows.write(connection, ANIME, list(work.anime.values()))
    await write_references(connection, changed)
    await write_anime_links(connection, [(entity, None) for entity in changed])
    await sync.queue(connection, [_anime_sync(work, entity) for entity in changed])
    await write_characters(connection, work.characters, work.roles, work.causes)
    await work.anime_guard.write(connection, work.anime)
    await work.character_guard.write(connection, work.characters)
    await write_episodes(connection, work.episodes, work.causes)


def _anime_sync(work: Work, entity: Entity) -> sync.Sync:
    cause = work.causes.get(entity.id)
    return sync.Sync(
        subjects.ANIME_CREATED if entity.is_new else subjects.ANIME_SYNCED,
        "anime",
        entity.id,
        "upsert",
        tuple(sorted(entity.held.changed)),
        entity.version,
        cause.event_id if cause else None,
        cause.correlation_id if cause else None,
    )


# --- the verdict -------------------------------------------------------------------------------------------------


def _entities(work: Work, event: AnimeEnrichedEvent) -> list[Entity | None]:
    return [
        work.anime.get(event.anime_id),
        *(work.episodes.get((event.anime_id, episode.episode_number)) for episode in event.episodes),
        *(work.characters.get(work.character_ids[character.id]) for character in event.characters),
    ]


def _fingerprint(work: Work, event: AnimeEnrichedEvent) -> int:
    return sum(1 for entity in _entities(work, event) if entity is not None)


def _verdict(work: Work, event: AnimeEnrichedEvent, known_before: int) -> str:
    anime = work.anime[event.anime_id]
    if anime.is_new:
        return "new"
    entities = [entity for entity in _entities(work, event) if entity is not None]
    changed = len(entities) > known_before or any(entity.held.changed for entity in entities)
    return "changed" if changed else "unchanged"


async def _record(connection: Connection, applied: Sequence[AnimeEnrichedEvent], verdicts: dict[UUID, str]) -> None:
    if not applied:
        return
    reasons: list[str | None] = [None] * len(verdicts)
    await connection.execute(query("record_verdicts"), list(verdicts), list(verdicts.values()), reasons)
    whole = {event.anime_id: event for event in applied if event.anime is not None}
    await connection.execute(
        query("record_ingestion_state"),
        list(whole),
        [event.event_id for event in whole.values()],
        [saying.of_enriched(event).observed_at for event in whole.values()],
    )
