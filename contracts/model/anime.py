"""The anime of the canonical record.

Every field but id and title may be absent. Absent means that nobody said anything, never that a value was removed.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from contracts import limits
from contracts.model.anime_parts import (
    AiredDates,
    Broadcast,
    CompanyRef,
    Hiatus,
    Images,
    RelatedWork,
    Score,
    StaffMember,
    Statistics,
    StreamingSource,
    Theme,
    ThemeSong,
    Trailer,
)
from contracts.model.enums import AnimeStatus, AnimeType, Rating, Relation, Season, SourceMaterial
from contracts.model.scalars import (
    Count,
    DurationS,
    ExternalIds,
    Part,
    Short,
    ShortList,
    ShortMap,
    Text,
    Title,
    UrlList,
    Year,
)

_MANY = limits.LIST_ITEMS_MAX


class AnimeFields(Part):
    """What can be said of an anime, all of it optional: the body of a partial update."""

    title: Title | None = Field(None, description="Main title, usually romanised.")
    title_english: Short | None = Field(None, description="Official English title.")
    title_japanese: Short | None = Field(None, description="Title in Japanese script.")
    synonyms: ShortList | None = Field(None, description="Other titles.")
    sources: UrlList | None = Field(None, description="Pages that describe the anime.")
    external_ids: ExternalIds | None = Field(None, description="Id on each source, e.g. mal → 1.")
    type: AnimeType | None = Field(None, description="Format.")
    status: AnimeStatus | None = Field(None, description="Broadcast status.")
    season: Season | None = Field(None, description="Season of the premiere.")
    year: Year | None = Field(None, description="Year of the premiere.")
    month: Short | None = Field(None, description="Month of the premiere, in English.")
    rating: Rating | None = Field(None, description="Age rating.")
    nsfw: bool | None = Field(None, description="Not safe for work.")
    source_material: SourceMaterial | None = Field(None, description="What it was adapted from.")
    country_of_origin: Short | None = Field(None, description="ISO 3166 code of the country.")
    synopsis: Text | None = Field(None, description="What happens.")
    background: Text | None = Field(None, description="How it came to be.")
    genres: ShortList | None = Field(None, description="Genres in English.")
    tags: ShortList | None = Field(None, description="Finer labels.")
    themes: Annotated[list[Theme], Field(max_length=_MANY)] | None = Field(None, description="Themes.")
    demographics: ShortList | None = Field(None, description="Who it was made for.")
    content_warnings: ShortList | None = Field(None, description="What may disturb.")
    episode_count: Count | None = Field(None, description="Announced total; absent when unknown.")
    duration: DurationS | None = Field(None, description="Length of an episode in seconds.")
    aired_dates: AiredDates | None = Field(None, description="First and last air date.")
    broadcast: Broadcast | None = Field(None, description="Weekly slot and next episode.")
    hiatus: Hiatus | None = Field(None, description="A break, when one is on.")
    score: Score | None = Field(None, description="Means across platforms, 0 to 10.")
    statistics: Annotated[dict[Short, Statistics], Field(max_length=limits.MAP_ITEMS_MAX)] | None = Field(
        None, description="Figures per platform."
    )
    staff_data: (
        Annotated[
            dict[Short, Annotated[list[StaffMember], Field(max_length=_MANY)]], Field(max_length=limits.MAP_ITEMS_MAX)
        ]
        | None
    ) = Field(None, description="Staff per role.")
    studios: Annotated[list[CompanyRef], Field(max_length=_MANY)] | None = Field(None, description="Studios.")
    producers: Annotated[list[CompanyRef], Field(max_length=_MANY)] | None = Field(None, description="Producers.")
    licensors: Annotated[list[CompanyRef], Field(max_length=_MANY)] | None = Field(None, description="Licensors.")
    related_anime: dict[Relation, Annotated[list[RelatedWork], Field(max_length=_MANY)]] | None = Field(
        None, description="Other anime per relation."
    )
    related_source_material: dict[Relation, Annotated[list[RelatedWork], Field(max_length=_MANY)]] | None = Field(
        None, description="Manga, novels and the like per relation."
    )
    streaming_sources: Annotated[list[StreamingSource], Field(max_length=_MANY)] | None = Field(
        None, description="Where it can be watched."
    )
    external_sources: ShortMap | None = Field(None, description="Other pages by name.")
    trailers: Annotated[list[Trailer], Field(max_length=_MANY)] | None = Field(None, description="Trailers.")
    images: Images | None = Field(None, description="Pictures by kind.")
    opening_themes: Annotated[list[ThemeSong], Field(max_length=_MANY)] | None = Field(
        None, description="Opening songs."
    )
    ending_themes: Annotated[list[ThemeSong], Field(max_length=_MANY)] | None = Field(None, description="Ending songs.")


class Anime(AnimeFields):
    """A whole anime: identity and title are there, everything else as known."""

    id: UUID = Field(description="UUID of the anime.")
    title: Title = Field(description="Main title, usually romanised.")
