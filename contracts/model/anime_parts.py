"""The nested parts of an anime."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from contracts import limits
from contracts.model.enums import SourceMaterial
from contracts.model.scalars import Count, ExternalIds, Instant, Part, Score10, Short, Text, Url, UrlList


class Theme(Part):
    """A theme and what is meant by it."""

    name: Short = Field(description="Name of the theme.")
    description: Text | None = Field(None, description="What is meant by it.")


class AiredDates(Part):
    """First and last air date, UTC; a Japanese calendar day is that day's midnight in Tokyo."""

    aired_from: Instant | None = Field(None, description="First air date.")
    aired_to: Instant | None = Field(None, description="Last air date.")


class Broadcast(Part):
    """The weekly slot as Japanese television prints it (24:00 to 29:59 mean the next day), and known air times."""

    day: Short | None = Field(None, description="Weekday in English, lower case, singular.")
    time: Short | None = Field(None, description="HH:MM, 00:00 to 29:59, in the given zone.")
    timezone: Short | None = Field(None, description="IANA zone, e.g. Asia/Tokyo.")
    jp_time: Instant | None = Field(None, description="Next Japanese broadcast.")
    sub_time: Instant | None = Field(None, description="Next subtitled release.")
    dub_time: Instant | None = Field(None, description="Next dubbed release.")
    sub_delay_days: Count | None = Field(None, description="Days from broadcast to subtitles.")
    dub_delay_days: Count | None = Field(None, description="Days from broadcast to dub.")
    premiere_jp: Instant | None = Field(None, description="Japanese premiere.")
    premiere_sub: Instant | None = Field(None, description="Subtitled premiere.")
    premiere_dub: Instant | None = Field(None, description="Dubbed premiere.")
    next_episode_at: Instant | None = Field(None, description="Next air time as a source gives it.")


class Hiatus(Part):
    """A break in the broadcast."""

    reason: Short | None = Field(None, description="Why.")
    hiatus_from: Instant | None = Field(None, description="Since when.")
    hiatus_until: Instant | None = Field(None, description="Until when, if known.")


class Score(Part):
    """Means of the platforms' scores, 0 to 10. The third one is the arithmetic-geometric mean."""

    arithmetic_geometric_mean: Score10 | None = Field(None, description="Arithmetic-geometric mean.")
    arithmetic_mean: Score10 | None = Field(None, description="Arithmetic mean.")
    median: Score10 | None = Field(None, description="Median.")


class ContextualRank(Part):
    """A rank within a context, such as a season or a year."""

    rank: Count = Field(description="The rank, 1 is best.")
    type: Short | None = Field(None, description="What is ranked, e.g. rated or popular.")
    format: Short | None = Field(None, description="Format it is ranked within.")
    year: Count | None = Field(None, description="Year it is ranked within.")
    season: Short | None = Field(None, description="Season it is ranked within.")
    all_time: bool | None = Field(None, description="Ranked over all time.")


class Statistics(Part):
    """One platform's figures."""

    score: Score10 | None = Field(None, description="Score on 0 to 10; absent when unscored.")
    scored_by: Count | None = Field(None, description="Number of votes.")
    rank: Count | None = Field(None, description="Rank by score.")
    popularity_rank: Count | None = Field(None, description="Rank by popularity.")
    members: Count | None = Field(None, description="People who have it on a list.")
    favorites: Count | None = Field(None, description="People who marked it as a favourite.")
    contextual_ranks: Annotated[list[ContextualRank], Field(max_length=limits.MAP_ITEMS_MAX)] | None = Field(
        None, description="Ranks within a context."
    )


class StaffMember(Part):
    """A person behind the show."""

    name: Short = Field(description="Name.")
    native_name: Short | None = Field(None, description="Name in the person's script.")
    role: Short | None = Field(None, description="Exact role as credited.")
    language: Short | None = Field(None, description="Language, for voice work.")
    image: Url | None = Field(None, description="Portrait.")
    external_ids: ExternalIds | None = Field(None, description="Id on each source.")


class CompanyRef(Part):
    """A studio, producer or licensor."""

    name: Short = Field(description="Name.")
    type: Short | None = Field(None, description="What kind of firm.")
    external_ids: ExternalIds | None = Field(None, description="Id on each source.")
    sources: UrlList | None = Field(None, description="Pages that describe it.")


class RelatedWork(Part):
    """The other end of a relation; it may not be in the catalogue yet."""

    title: Short = Field(description="Title of the other work.")
    type: Short | None = Field(None, description="Its format, as the source writes it.")
    external_ids: ExternalIds | None = Field(None, description="Id on each source.")
    sources: UrlList | None = Field(None, description="Pages that describe it.")
    material: SourceMaterial | None = Field(None, description="Kind of source material, where it is one.")


class StreamingSource(Part):
    """A service that shows it."""

    platform: Short = Field(description="Name of the service.")
    url: Url | None = Field(None, description="Its page there.")
    region: Short | None = Field(None, description="Where it is available.")
    free: bool | None = Field(None, description="Available without payment.")


class Trailer(Part):
    """A trailer."""

    url: Url | None = Field(None, description="Where it plays.")
    title: Short | None = Field(None, description="Its title.")
    thumbnail_url: Url | None = Field(None, description="Its thumbnail.")


class Images(Part):
    """Pictures by kind."""

    covers: UrlList | None = Field(None, description="Covers.")
    posters: UrlList | None = Field(None, description="Posters.")
    banners: UrlList | None = Field(None, description="Banners.")


class ThemeSong(Part):
    """An opening or ending song."""

    title: Short = Field(description="Title of the song.")
    artist: Short | None = Field(None, description="Who performs it.")
    episodes: Short | None = Field(None, description="Episodes it was used for, as printed.")
