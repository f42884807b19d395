"""What the catalogue has to show for itself, read from its database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson

from contracts import codec, subjects
from contracts.events import AnimeUpdatedEvent, CharacterUpdatedEvent, EpisodeAiredEvent, Event
from contracts.model import AnimeRecord
from handlers.catalogue import StoredRecord, read_record
from handlers.verdict.evidence import Evidence, Held, Stored, Told
from streams.demo.meaning import same

JSON = Any
_CASTS: Final = frozenset({"mal", "anilist"})
_EVENTS: Final = """
    SELECT subject, payload FROM outbox
    WHERE subject = ANY ($1::text[]) AND payload IS NOT NULL ORDER BY id"""
_HELD: Final = """
    SELECT entity_id, field, new::text AS value, created_at, state,
           ARRAY(SELECT flag ->> 'reason' FROM jsonb_array_elements(reasons) AS flag) AS reasons
    FROM review ORDER BY created_at, id"""


async def read_evidence(pool: asyncpg.Pool, records: Iterable[AnimeRecord]) -> Evidence:
    """Everything at this moment; `records` are those that were handed in at the beginning."""
    handed_in = {one.anime.id: one for one in records}
    rows = [one["id"] for one in await pool.fetch("SELECT id FROM anime WHERE deleted_at IS NULL ORDER BY id")]
    stored: dict[str, Stored] = {}
    for anime_id in rows:
        record = await read_record(pool, anime_id)
        if record is not None:
            stored |= _stored(record, handed_in.get(anime_id))
    subjects_told = [subjects.ANIME_UPDATED, subjects.EPISODE_AIRED, subjects.CHARACTER_UPDATED]
    events = [codec.decode(one["subject"], one["payload"]) for one in await pool.fetch(_EVENTS, subjects_told)]
    told = [one for event in events if isinstance(event, Event) for one in told_by(event)]
    return Evidence(stored, told, [_held(one) for one in await pool.fetch(_HELD)], same)


def told_by(event: Event) -> list[Told]:
    """What one event told, field by field; a field that it names without a value became absent."""
    match event:
        case EpisodeAiredEvent():
            number = event.episode.episode_number
            return [_told(event, event.anime_id, "episodes", number)]
        case AnimeUpdatedEvent():
            values = _plain(event.values) | _plain(event)
            return [_told(event, event.anime_id, name, values.get(name)) for name in event.changed_fields]
        case CharacterUpdatedEvent():
            values = _plain(event.values)
            return [_told(event, event.character_id, name, values.get(name)) for name in event.changed_fields]
        case _:
            return []


def _told(
    event: EpisodeAiredEvent | AnimeUpdatedEvent | CharacterUpdatedEvent, entity_id: UUID, name: str, value: JSON
) -> Told:
    return Told(str(entity_id), name, value, event.source, event.observed_at or event.timestamp, event.timestamp)


def _stored(record: StoredRecord, handed_in: AnimeRecord | None) -> dict[str, Stored]:
    was = {one.id: _plain(one) for one in handed_in.characters} if handed_in else {}
    anime = _plain(record.anime)
    before = _plain(handed_in.anime) if handed_in else {}
    times = before.get("broadcast") or {}
    found = {
        str(record.id): Stored(
            title=record.anime.title,
            values=anime,
            was=before,
            episodes=frozenset(one.episode_number for one in record.episodes if one.aired is not None),
            platforms=_platforms(before),
            is_timed=bool(times.get("next_episode_at") or (times.get("day") and times.get("time"))),
        )
    }
    for one in record.characters:
        known = was.get(one.id, {})
        # Who has no id is looked for by name in the casts that MyAnimeList and AniList give.
        platforms = _platforms(known) or _platforms(before) & _CASTS
        found[str(one.id)] = Stored(one.name, _plain(one), known, platforms=platforms)
    return found


def _platforms(values: Mapping[str, JSON]) -> frozenset[str]:
    return frozenset(name for name, external_id in (values.get("external_ids") or {}).items() if external_id)


def _held(row: asyncpg.Record) -> Held:
    value, at = orjson.loads(row["value"]), row["created_at"]
    assert isinstance(at, datetime)
    return Held(str(row["entity_id"]), row["field"], value, at, tuple(row["reasons"]), row["state"])


def _plain(one: Any) -> dict[str, JSON]:
    values: dict[str, JSON] = one.model_dump(mode="json", exclude_none=True) if one is not None else {}
    return values
