"""The episode of the canonical record; unique by anime and number."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from contracts.model.scalars import (
    Count,
    DurationS,
    EpisodeNumber,
    Instant,
    Part,
    Score10,
    Short,
    ShortMap,
    Text,
    UrlList,
)


class EpisodeFields(Part):
    """What can be said of an episode. Without an air date, or with one to come, it is announced, not aired."""

    season_number: Count | None = Field(None, description="Season within the show.")
    title: Short | None = Field(None, description="Title.")
    title_japanese: Short | None = Field(None, description="Title in Japanese script.")
    title_romaji: Short | None = Field(None, description="Title in Latin script.")
    titles: ShortMap | None = Field(None, description="Titles by language.")
    synopsis: Text | None = Field(None, description="What happens.")
    description: Text | None = Field(None, description="A longer text, where a source has both.")
    aired: Instant | None = Field(None, description="When it aired.")
    duration: DurationS | None = Field(None, description="Length in seconds.")
    filler: bool | None = Field(None, description="Not in the original story.")
    recap: bool | None = Field(None, description="Mostly known footage.")
    score: Score10 | None = Field(None, description="Score on 0 to 10.")
    thumbnails: UrlList | None = Field(None, description="Thumbnails.")
    images: UrlList | None = Field(None, description="Pictures.")
    streaming: ShortMap | None = Field(None, description="Where it can be watched, by service.")
    episode_pages: ShortMap | None = Field(None, description="Its page on each source.")
    sources: UrlList | None = Field(None, description="Pages that describe it.")


class Episode(EpisodeFields):
    """A whole episode."""

    id: UUID | None = Field(None, description="UUID of the episode; derived from anime and number when absent.")
    anime_id: UUID | None = Field(None, description="The anime it belongs to.")
    episode_number: EpisodeNumber = Field(description="Its number, from 0.")
