"""A record as it is stored: the record itself, and what only the store knows of it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.events import Belief
from contracts.model import Anime, Character, Episode
from contracts.model.enums import CharacterRole, Relation


class Attribution(BaseModel):
    """Who said the value of a field, when it was observed, and why that word was believed, where that was kept."""

    model_config = ConfigDict(frozen=True)

    source: str = Field(description="Who said it.")
    observed_at: datetime = Field(description="When it was observed, UTC.")
    event_id: UUID = Field(description="The event that brought it.")
    belief: Belief | None = Field(None, description="By which rule it was believed, and what others said.")


class StoredRelation(BaseModel):
    """An edge to another anime; `anime_id` is there once that anime is in the catalogue."""

    model_config = ConfigDict(frozen=True)

    relation: Relation = Field(description="How the other anime stands to this one.")
    title: str = Field(description="Title of the other anime.")
    source: str = Field(description="Source that names it; `title` when only its title is known.")
    external_id: str = Field(description="Its id there.")
    anime_id: UUID | None = Field(None, description="The other anime, when it is in the catalogue.")


class StoredCharacter(Character):
    """A character, its version, and its role in this anime."""

    version: int = Field(description="Rises by one at every change.")
    role: CharacterRole | None = Field(None, description="Role in this anime.")


class StoredEpisode(Episode):
    """An episode and its version."""

    version: int = Field(description="Rises by one at every change.")


class StoredRecord(BaseModel):
    """One anime with everything that belongs to it."""

    model_config = ConfigDict(frozen=True)

    id: UUID = Field(description="UUID of the anime.")
    version: int = Field(description="Rises by one at every change.")
    created_at: datetime = Field(description="When it came in, UTC.")
    updated_at: datetime = Field(description="When it changed last, UTC.")
    deleted_at: datetime | None = Field(None, description="When it was deleted; absent while it is alive.")
    anime: Anime = Field(description="The anime.")
    characters: list[StoredCharacter] = Field(description="Its characters, main ones first.")
    episodes: list[StoredEpisode] = Field(description="Its episodes by number.")
    relations: list[StoredRelation] = Field(description="Its relations, resolved where the other anime is here.")
    provenance: dict[str, Attribution] = Field(description="Per field (and per platform): who said it, and when.")
