"""Every event as a pydantic type, the twin of proto/echora/events/v1/events.proto."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts import limits
from contracts.model.anime import AnimeFields
from contracts.model.anime_parts import Score, Statistics
from contracts.model.character import Character, CharacterFields
from contracts.model.enums import AnimeStatus
from contracts.model.episode import Episode
from contracts.model.scalars import Brief, Count, Instant, Name, Ordinal, Short, Text, Version

_MANY = limits.LIST_ITEMS_MAX
FieldNames = Annotated[list[Short], Field(max_length=limits.MAP_ITEMS_MAX)]


class SyncUpdateType(StrEnum):
    """What the index has to do after a change."""

    PAYLOAD_ONLY = "PAYLOAD_ONLY"
    PAYLOAD_AND_VECTOR = "PAYLOAD_AND_VECTOR"


class EntityType(StrEnum):
    """The kinds of entity that have rows and versions of their own."""

    ANIME = "ANIME"
    CHARACTER = "CHARACTER"
    EPISODE = "EPISODE"


class Message(BaseModel):
    """Base of everything that is sent; immutable, unknown keys are refused since we write both ends."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Event(Message):
    """What every event carries."""

    event_id: UUID = Field(description="UUID of the event; its effect takes place once.")
    timestamp: Instant = Field(description="When the event was made.")


class CausedEvent(Event):
    """An event that belongs to a chain of causes."""

    correlation_id: UUID | None = Field(None, description="Shared by everything that one cause set off.")
    causation_id: UUID | None = Field(None, description="The event or tick that caused this one.")


class EnrichmentMetadata(Message):
    """Where an enriched record came from."""

    source: Short | None = Field(None, description="Who enriched it.")
    enriched_at: Instant | None = Field(None, description="When it was enriched.")
    success: bool | None = Field(None, description="Whether every stage succeeded.")
    payload_sha256: Short | None = Field(None, description="Hash of the record as it was handed in.")
    run_id: Version | None = Field(None, description="The ingestion run that sent it.")


class RiskFlag(Message):
    """Why a changed field should wait for a person."""

    field: Name = Field(description="The field at risk.")
    rule: Name = Field(description="Name of the rule that flagged it.")
    reason: Name = Field(description="The reason in words.")


class Belief(Message):
    """Why the word on a field was believed: by which rule, and what other sources said of it at the same time."""

    rule: Brief = Field(description="Name of the rule that decided.")
    dissents: Annotated[dict[Brief, Brief], Field(max_length=limits.DISSENTS_MAX)] = Field(
        default_factory=dict, description="Who said otherwise, and what, in short."
    )


class AnimeValues(AnimeFields):
    """The anime of an event: its id may be left out, since the event names it already."""

    id: UUID | None = Field(None, description="UUID of the anime.")


class AnimeEnrichedEvent(CausedEvent):
    """A whole record after enrichment, or one part of a record that is larger than a message may be."""

    anime_id: UUID = Field(description="UUID of the anime.")
    anime: AnimeValues | None = Field(None, description="The anime; absent in the later parts of a split record.")
    characters: Annotated[list[Character], Field(max_length=_MANY)] = Field(
        default_factory=list, description="Its characters."
    )
    episodes: Annotated[list[Episode], Field(max_length=_MANY)] = Field(
        default_factory=list, description="Its episodes."
    )
    enrichment_metadata: EnrichmentMetadata | None = Field(None, description="Where the record came from.")
    observed_at: Instant | None = Field(None, description="When the values were observed.")
    part: Ordinal | None = Field(None, description="Number of this part, from 1.")
    parts: Ordinal | None = Field(None, description="How many parts the record was split into.")


class AnimeCreatedEvent(CausedEvent):
    """An anime was committed for the first time."""

    anime_id: UUID = Field(description="UUID of the anime.")
    entity_version: Version | None = Field(None, description="Version of the row that was committed.")


class AnimeUpdatedEvent(CausedEvent):
    """Fields of an anime changed at a source. A name in changed_fields without a value means: removed; of a year and
    other facts that cannot come to be none, and of figures and ids, only a person's removal counts.
    """

    anime_id: UUID = Field(description="UUID of the anime.")
    source: Short = Field("", description="Who said it: mal, anilist, kitsu, ….")
    changed_fields: FieldNames = Field(default_factory=list, description="Names of the fields that changed.")
    status: AnimeStatus | None = Field(None, description="The new status, if it changed.")
    score: Score | None = Field(None, description="The new means, if they changed.")
    statistics: Annotated[dict[Short, Statistics], Field(max_length=limits.MAP_ITEMS_MAX)] = Field(
        default_factory=dict, description="The new figures of each platform that changed."
    )
    values: AnimeValues | None = Field(None, description="The new values of every other changed field.")
    observed_at: Instant | None = Field(None, description="When the values were observed.")
    base_version: Version | None = Field(None, description="Version of the row that the change was computed against.")
    risks: Annotated[list[RiskFlag], Field(max_length=_MANY)] = Field(
        default_factory=list, description="Fields that should wait for a person, and why."
    )
    beliefs: Annotated[dict[Short, Belief], Field(max_length=limits.MAP_ITEMS_MAX)] = Field(
        default_factory=dict,
        description="Why each change was believed, by field, and by key of a map such as statistics.mal.",
    )


class EpisodeAiredEvent(CausedEvent):
    """An episode was confirmed as aired."""

    anime_id: UUID = Field(description="UUID of the anime.")
    source: Short = Field("", description="Who confirmed it.")
    aired_at: Instant | None = Field(None, description="When it aired, ISO 8601.")
    episode: Episode = Field(description="The episode.")
    observed_at: Instant | None = Field(None, description="When it was observed.")


class CharacterValues(CharacterFields):
    """The character of an event: its id may be left out, since the event names it already."""

    id: UUID | None = Field(None, description="UUID of the character.")


class CharacterUpdatedEvent(CausedEvent):
    """Fields of a character changed at a source."""

    character_id: UUID = Field(description="UUID of the character.")
    source: Short = Field("", description="Who said it.")
    changed_fields: FieldNames = Field(default_factory=list, description="Names of the fields that changed.")
    values: CharacterValues | None = Field(None, description="Their new values.")
    observed_at: Instant | None = Field(None, description="When the values were observed.")
    base_version: Version | None = Field(None, description="Version of the row that the change was computed against.")
    risks: Annotated[list[RiskFlag], Field(max_length=_MANY)] = Field(
        default_factory=list, description="Fields that should wait for a person, and why."
    )
    beliefs: Annotated[dict[Short, Belief], Field(max_length=limits.MAP_ITEMS_MAX)] = Field(
        default_factory=dict,
        description="Why each change was believed, by field, and by key of a map such as statistics.mal.",
    )


class AnimeSyncedEvent(CausedEvent):
    """A change of an anime was committed."""

    anime_id: UUID = Field(description="UUID of the anime.")
    changed_fields: FieldNames = Field(default_factory=list, description="Names of the fields that changed.")
    update_type: SyncUpdateType = Field(SyncUpdateType.PAYLOAD_ONLY, description="What the index has to do.")
    entity_version: Version | None = Field(None, description="Version of the row that was committed.")


class CharacterSyncedEvent(CausedEvent):
    """A change of a character was committed."""

    character_id: UUID = Field(description="UUID of the character.")
    changed_fields: FieldNames = Field(default_factory=list, description="Names of the fields that changed.")
    update_type: SyncUpdateType = Field(SyncUpdateType.PAYLOAD_ONLY, description="What the index has to do.")
    entity_version: Version | None = Field(None, description="Version of the row that was committed.")


class EpisodeSyncedEvent(CausedEvent):
    """A change of an episode was committed."""

    episode_id: UUID = Field(description="UUID of the episode.")
    anime_id: UUID = Field(description="UUID of its anime.")
    changed_fields: FieldNames = Field(default_factory=list, description="Names of the fields that changed.")
    update_type: SyncUpdateType = Field(SyncUpdateType.PAYLOAD_ONLY, description="What the index has to do.")
    entity_version: Version | None = Field(None, description="Version of the row that was committed.")


class AnimeDeletedEvent(CausedEvent):
    """An anime was deleted softly; its point leaves the index."""

    anime_id: UUID = Field(description="UUID of the anime.")
    entity_version: Version | None = Field(None, description="Version of the row that was committed.")


class ScheduleTickEvent(CausedEvent):
    """The clock of one schedule fired, or will: a timer holds it, the due subject delivers it."""

    workflow: Name = Field(description="Name of the workflow.")
    entity_id: Name = Field(description="What is to be looked at.")
    due_at: Instant = Field(description="When it was due.")
    attempt: Ordinal = Field(1, description="Which attempt this is, from 1.")
    plan_version: Version = Field(0, description="Version of the schedule row that set the timer.")
    reason: Short | None = Field(None, description="Why it is due.")


class DeadLetterEvent(Event):
    """A message that could not be handled, with everything needed to send it again."""

    subject: str = Field(min_length=1, description="Its original subject.")
    payload: bytes = Field(b"", description="Its original bytes.")
    headers: dict[str, str] = Field(default_factory=dict, description="Its original headers.")
    error_class: str = Field("", description="Class of the last error.")
    error: str = Field("", description="The last error in words.")
    fingerprint: str = Field("", description="Same for failures of the same kind.")
    stream: str = Field("", description="Stream it was read from.")
    consumer: str = Field("", description="Consumer that gave it up.")
    stream_sequence: Version = Field(0, description="Its sequence in that stream.")
    attempts: Count = Field(0, description="How often it failed.")
    first_failed_at: Instant | None = Field(None, description="When it failed first.")
    last_failed_at: Instant | None = Field(None, description="When it failed last.")


class ReviewReadyEvent(CausedEvent):
    """A risky change waits for a person."""

    review_id: UUID = Field(description="The review.")
    entity_type: EntityType = Field(description="Kind of entity.")
    entity_id: UUID = Field(description="The entity.")
    field: Name = Field(description="The field that is held.")
    source: Short = Field("", description="Who proposed the change.")
    reasons: Annotated[list[Text], Field(max_length=_MANY)] = Field(default_factory=list, description="Why it is held.")
    base_version: Version = Field(0, description="Version of the row that the proposal was made against.")
