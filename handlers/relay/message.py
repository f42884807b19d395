"""From a row of the outbox to the message that is sent. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from contracts import codec, subjects
from contracts.events import (
    AnimeCreatedEvent,
    AnimeDeletedEvent,
    AnimeSyncedEvent,
    CharacterSyncedEvent,
    EpisodeSyncedEvent,
    Event,
    SyncUpdateType,
)

MESSAGE_ID: Final = "Nats-Msg-Id"
# The embedded text is made of these (data-model.md, "What changes in the index"; the English title belongs to it).
VECTOR_FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "anime": frozenset({"title", "title_english", "synopsis", "genres", "tags", "themes", "demographics"}),
    "character": frozenset({"name", "description", "traits"}),
    "episode": frozenset(),
}


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message ready to be published; `row_id` is the outbox row that it settles."""

    row_id: int
    subject: str
    payload: bytes
    headers: dict[str, str]


def outgoing(row: Mapping[str, Any]) -> Outgoing:
    """The message of a row: its own payload, or the event that its columns describe."""
    headers = {MESSAGE_ID: str(row["event_id"]), "content-type": codec.CONTENT_TYPE}
    if row["correlation_id"]:
        headers["correlation_id"] = str(row["correlation_id"])
    payload = row["payload"]
    if payload is None:
        payload = codec.encode(_event(row))
    elif row["headers"]:
        headers |= orjson.loads(row["headers"])
    if row["sendings"] > 1:
        # The server knows the first one's id and would drop what bears it; the event inside keeps its own.
        headers[MESSAGE_ID] += f".{row['sendings']}"
    return Outgoing(row["id"], row["subject"], payload, headers)


def update_type(entity_type: str, changed_fields: list[str]) -> SyncUpdateType:
    """Whether the vector may have to follow a change of these fields."""
    touched = VECTOR_FIELDS[entity_type].intersection(changed_fields)
    return SyncUpdateType.PAYLOAD_AND_VECTOR if touched else SyncUpdateType.PAYLOAD_ONLY


def _event(row: Mapping[str, Any]) -> Event:
    common: dict[str, Any] = {
        "event_id": row["event_id"],
        "timestamp": row["queued_at"],
        "entity_version": row["version"],
        "causation_id": row["causation_id"],
        "correlation_id": row["correlation_id"],
    }
    subject, entity_id, changed = row["subject"], row["entity_id"], row["changed_fields"]
    # The columns are typed and constrained, so nothing has to be validated again on the way out.
    if subject == subjects.ANIME_CREATED:
        return AnimeCreatedEvent.model_construct(anime_id=entity_id, **common)
    if subject == subjects.ANIME_DELETED:
        return AnimeDeletedEvent.model_construct(anime_id=entity_id, **common)
    kind = update_type(row["entity_type"], changed)
    common |= {"changed_fields": changed, "update_type": kind}
    if subject == subjects.ANIME_SYNCED:
        return AnimeSyncedEvent.model_construct(anime_id=entity_id, **common)
    if subject == subjects.CHARACTER_SYNCED:
        return CharacterSyncedEvent.model_construct(character_id=entity_id, **common)
    if subject == subjects.EPISODE_SYNCED:
        return EpisodeSyncedEvent.model_construct(episode_id=entity_id, anime_id=row["parent_id"], **common)
    raise ValueError(f"outbox row {row['id']} has no payload, and {subject} is no event that the relay builds itself")
