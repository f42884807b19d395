"""From changes to the events that tell them. Pure; the same tick, entity and change give the same event id.

An event carries what one source said as of one time, since that is how the record keeps who said what. Ids of other
services travel in an event of their own: one that another anime has is refused, and must take nothing with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from contracts.events import AnimeUpdatedEvent, AnimeValues, CharacterUpdatedEvent, CharacterValues, EpisodeAiredEvent
from contracts.ids import derived_id
from contracts.model.episode import Episode
from contracts.risk import risks_of
from handlers.update.believed import belief_of
from handlers.update.change import JSON, FieldChange
from handlers.update.episodes import NewEpisode

_OWN_PLACE: Final = frozenset({"status", "score", "statistics"})


@dataclass(frozen=True, slots=True)
class Cause:
    """Why events are made: the tick that asked for the look, the time they are made, and what they belong to."""

    tick_id: UUID
    now: datetime
    correlation_id: UUID | None = None


def anime_events(
    anime_id: UUID, base_version: int, changes: Iterable[FieldChange], cause: Cause
) -> list[AnimeUpdatedEvent]:
    """The changes of an anime as events, with what is risky about them; in the same order for the same changes."""
    events = []
    for group in _groups(changes):
        values = _values(group)
        told: dict[str, Any] = {name: values[name] for name in _OWN_PLACE if values.get(name) is not None}
        rest = {name: value for name, value in values.items() if name not in _OWN_PLACE and value is not None}
        if rest:
            told["values"] = AnimeValues.model_validate(rest)
        body = _common("anime.updated", anime_id, base_version, group, cause) | told
        events.append(AnimeUpdatedEvent.model_validate({"anime_id": anime_id, **body}))
    return events


def character_events(
    character_id: UUID, base_version: int, changes: Iterable[FieldChange], cause: Cause
) -> list[CharacterUpdatedEvent]:
    """The changes of a character as events."""
    events = []
    for group in _groups(changes):
        values = CharacterValues.model_validate({k: v for k, v in _values(group).items() if v is not None})
        body = _common("character.updated", character_id, base_version, group, cause)
        events.append(CharacterUpdatedEvent.model_validate({"character_id": character_id, "values": values, **body}))
    return events


def episode_events(anime_id: UUID, episodes: Iterable[NewEpisode], cause: Cause) -> list[EpisodeAiredEvent]:
    """One event per episode that is new."""
    return [
        EpisodeAiredEvent(
            event_id=derived_id("anime.episode.aired", cause.tick_id, anime_id, one.number),
            timestamp=cause.now,
            correlation_id=cause.correlation_id,
            causation_id=cause.tick_id,
            anime_id=anime_id,
            source=one.source,
            aired_at=one.aired_at,
            episode=Episode.model_validate({**one.values, "anime_id": anime_id, "episode_number": one.number}),
            observed_at=one.observed_at,
        )
        for one in episodes
    ]


def _groups(changes: Iterable[FieldChange]) -> list[list[FieldChange]]:
    found: dict[tuple[str, datetime, bool], list[FieldChange]] = {}
    for one in changes:
        found.setdefault((one.source, one.observed_at, _outer(one) == "external_ids"), []).append(one)
    return [sorted(found[key], key=lambda one: one.field) for key in sorted(found)]


def _outer(change: FieldChange) -> str:
    return change.field.partition(".")[0]


def _values(group: Sequence[FieldChange]) -> dict[str, JSON]:
    values: dict[str, JSON] = {}
    for one in group:
        name, dot, key = one.field.partition(".")
        values[name] = {**values.get(name, {}), key: one.new} if dot else one.new
    return values


def _common(
    subject: str, entity_id: UUID, base_version: int, group: Sequence[FieldChange], cause: Cause
) -> dict[str, Any]:
    # What others said is no part of the change: the same change has the same id, whoever spoke against it.
    told = json.dumps([[one.field, one.new] for one in group], sort_keys=True, ensure_ascii=False)
    return {
        "event_id": derived_id(subject, cause.tick_id, entity_id, group[0].source, told),
        "timestamp": cause.now,
        "correlation_id": cause.correlation_id,
        "causation_id": cause.tick_id,
        "source": group[0].source,
        "changed_fields": sorted({_outer(one) for one in group}),
        "observed_at": group[0].observed_at,
        "base_version": base_version,
        "risks": [flag for one in group for flag in risks_of(one.field, one.old, one.new)],
        "beliefs": {one.field: belief_of(one) for one in group},
    }
