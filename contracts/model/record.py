"""The record as it is exchanged: an anime with its characters and episodes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from contracts import limits
from contracts.model.anime import Anime
from contracts.model.character import Character
from contracts.model.episode import Episode
from contracts.model.scalars import Part


class AnimeRecord(Part):
    """One anime and what belongs to it. A list that is absent says nothing about characters or episodes."""

    anime: Anime
    characters: Annotated[list[Character], Field(max_length=limits.LIST_ITEMS_MAX)] = Field(default_factory=list)
    episodes: Annotated[list[Episode], Field(max_length=limits.LIST_ITEMS_MAX)] = Field(default_factory=list)
