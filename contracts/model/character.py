"""The character of the canonical record."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from contracts import limits
from contracts.model.enums import CharacterRole
from contracts.model.scalars import Count, ExternalIds, Part, Short, ShortList, ShortMap, Text, TextMap, Title, UrlList

_MANY = limits.LIST_ITEMS_MAX


class VoiceActor(Part):
    """A person who speaks a character."""

    id: Short | None = Field(None, description="Id on the source that named the person.")
    name: Short = Field(description="Name.")
    native_name: Short | None = Field(None, description="Name in the person's script.")
    language: Short | None = Field(None, description="Language spoken.")
    image: Short | None = Field(None, description="Portrait.")
    biography: Text | None = Field(None, description="Life and work.")
    birth_date: Short | None = Field(None, description="Date of birth as the source prints it.")
    blood_type: Short | None = Field(None, description="Blood type.")
    sources: UrlList | None = Field(None, description="Pages that describe the person.")


class Appearance(Part):
    """A work in which a character appears."""

    title: Short = Field(description="Title of the work.")
    role: CharacterRole | None = Field(None, description="Role in it.")
    external_ids: ExternalIds | None = Field(None, description="Id of the work on each source.")


class CharacterFields(Part):
    """What can be said of a character, all of it optional: the body of a partial update."""

    name: Title | None = Field(None, description="Name.")
    name_native: Short | None = Field(None, description="Name in its own script.")
    name_variations: ShortList | None = Field(None, description="Other spellings.")
    nicknames: ShortList | None = Field(None, description="Nicknames.")
    description: Text | None = Field(None, description="Who the character is.")
    favorites: Count | None = Field(None, description="People who marked the character as a favourite.")
    roles: Annotated[list[CharacterRole], Field(max_length=_MANY)] | None = Field(None, description="Roles played.")
    anime_ids: Annotated[list[UUID], Field(max_length=_MANY)] | None = Field(None, description="Anime appeared in.")
    animeography: Annotated[list[Appearance], Field(max_length=_MANY)] | None = Field(None, description="Anime.")
    mangaography: Annotated[list[Appearance], Field(max_length=_MANY)] | None = Field(None, description="Manga.")
    traits: ShortList | None = Field(None, description="Character traits.")
    attributes: ShortMap | None = Field(None, description="Facts by name, e.g. height.")
    spoilers: TextMap | None = Field(None, description="Facts that give something away.")
    images: UrlList | None = Field(None, description="Pictures.")
    sources: UrlList | None = Field(None, description="Pages that describe the character.")
    external_ids: ExternalIds | None = Field(None, description="Id on each source.")
    voice_actors: Annotated[list[VoiceActor], Field(max_length=_MANY)] | None = Field(None, description="Voices.")


class Character(CharacterFields):
    """A whole character."""

    id: UUID = Field(description="UUID of the character.")
    name: Title = Field(description="Name.")
