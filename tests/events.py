"""Short ways to the events that many tests send."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from contracts.events import (
    AnimeEnrichedEvent,
    AnimeUpdatedEvent,
    AnimeValues,
    CharacterUpdatedEvent,
    CharacterValues,
    EpisodeAiredEvent,
)
from contracts.ids import derived_id

NOON = datetime(2026, 2, 17, 12, tzinfo=UTC)
_NUMBERS = count(1)


def uid(*parts: object) -> UUID:
    """The same id for the same parts."""
    return derived_id("test", *parts)


def at(minute: float) -> datetime:
    """That many minutes after noon."""
    return NOON + timedelta(minutes=minute)


def _common(minute: float, event_id: UUID | None) -> dict[str, Any]:
    return {"event_id": event_id or uid("event", next(_NUMBERS)), "timestamp": at(minute), "observed_at": at(minute)}


def enriched(name: str, /, *, minute: float = 0, event_id: UUID | None = None, **fields: Any) -> AnimeEnrichedEvent:
    """A record of the anime `name`; `characters` and `episodes` are its lists, the rest are fields of the anime."""
    lists = {key: fields.pop(key) for key in ("characters", "episodes") if key in fields}
    anime = {"title": name} | fields
    body = _common(minute, event_id) | {"anime_id": uid(name), "anime": anime} | lists
    return AnimeEnrichedEvent.model_validate(body)


def updated(
    name: str, /, *, minute: float = 1, event_id: UUID | None = None, source: str = "mal", **fields: Any
) -> AnimeUpdatedEvent:
    """Changed fields of the anime `name`; None removes one."""
    own = {key: fields[key] for key in ("status", "score", "statistics") if fields.get(key) is not None}
    values = {key: value for key, value in fields.items() if key not in own and value is not None}
    body = _common(minute, event_id) | own
    body |= {"anime_id": uid(name), "source": source, "changed_fields": list(fields)}
    if values:
        body["values"] = AnimeValues.model_validate(values)
    return AnimeUpdatedEvent.model_validate(body)


def aired(
    name: str, number: int, /, *, minute: float = 1, event_id: UUID | None = None, **fields: Any
) -> EpisodeAiredEvent:
    """Episode `number` of the anime `name` aired."""
    body = _common(minute, event_id) | {"anime_id": uid(name), "source": "jikan", "aired_at": at(minute)}
    return EpisodeAiredEvent.model_validate(body | {"episode": {"episode_number": number} | fields})


def character_updated(
    name: str, /, *, minute: float = 1, event_id: UUID | None = None, **fields: Any
) -> CharacterUpdatedEvent:
    """Changed fields of the character `name`."""
    body = _common(minute, event_id) | {"character_id": uid(name), "changed_fields": list(fields)}
    values = {key: value for key, value in fields.items() if value is not None}
    return CharacterUpdatedEvent.model_validate(body | {"values": CharacterValues.model_validate(values)})
