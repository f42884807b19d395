"""What a source said, in one shape for all sources. The update room compares it with the record."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from contracts import limits
from contracts.events import EntityType
from contracts.model.anime import AnimeFields
from contracts.model.character import CharacterFields
from contracts.model.enums import CharacterRole
from contracts.model.episode import EpisodeFields
from contracts.model.scalars import Count, EpisodeNumber, ExternalIds, Instant, Short, ShortMap


class Kind(StrEnum):
    """What a source can be asked for; also the middle of a cache key, e.g. jikan:anime:123."""

    ANIME = "anime"
    STATISTICS = "statistics"
    EPISODES = "episodes"
    EPISODE = "episode"
    AIRING = "airing"
    CHARACTERS = "characters"
    STAFF = "staff"
    CHARACTER = "character"


# Names that `speaks_for` and `open` use beside the field names of AnimeFields and CharacterFields.
EPISODES: Final = "episodes"
LATEST_AIRED: Final = "latest_aired"
NEXT_AIR: Final = "next_air"
CHARACTERS: Final = "characters"


class ObservedEpisode(EpisodeFields):
    """An episode as a source lists it; with no air date, or one to come, it is announced, not aired."""

    episode_number: EpisodeNumber = Field(description="Its number, from 0.")


class ObservedCharacter(CharacterFields):
    """A character of an anime's cast, with the part it plays there."""

    role: CharacterRole | None = Field(None, description="Role in the anime that was asked about.")


class Observation(BaseModel):
    """One entity as one source described it at one time.

    `speaks_for` names what the source stated; a name in it whose value is absent or empty was stated to be none.
    `open` names what was asked for and not stated: nothing follows from it, least of all a removal. `statistics`,
    `external_ids` and `broadcast` hold only this source's part and are laid over what is stored.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    entity: EntityType = Field(description="What is described.")
    kind: Kind = Field(description="What was asked for.")
    source: Short = Field(description="Who said it: jikan, anilist, kitsu, mal.")
    platform: Short = Field(description="Whose figures these are; Jikan's are MyAnimeList's, so `mal`.")
    external_id: Short = Field(description="The id at the source.")
    anime: AnimeFields | None = Field(None, description="What was said of the anime.")
    character: CharacterFields | None = Field(None, description="What was said of the character.")
    episodes: Annotated[list[ObservedEpisode], Field(max_length=limits.LIST_ITEMS_MAX)] | None = Field(
        None, description="Episodes, by number; None when not asked for or not given."
    )
    latest_aired: EpisodeNumber | None = Field(None, description="Highest number aired when it was observed.")
    next_episode: EpisodeNumber | None = Field(None, description="Number of the next episode.")
    next_air_at: Instant | None = Field(None, description="When the next episode airs.")
    characters: Annotated[list[ObservedCharacter], Field(max_length=limits.LIST_ITEMS_MAX)] | None = Field(
        None, description="The cast with its voice actors; None when not asked for or not given."
    )
    external_ids: ExternalIds = Field(default_factory=dict, description="Ids learned: platform to id.")
    speaks_for: frozenset[str] = Field(frozenset(), description="Names of what was stated.")
    open: frozenset[str] = Field(frozenset(), description="Names asked for and not stated.")
    errors: ShortMap = Field(default_factory=dict, description="Why a name is open, where the source said why.")
    observed_at: Instant = Field(description="As of when the values are: the source's own time for a cached copy.")
    fetched_at: Instant = Field(description="When the body came to us.")
    raw_sha256: Short = Field(description="SHA-256 of the raw item as canonical JSON (sorted keys, no spaces).")
    stale: bool = Field(False, description="Older than the source's own cache promise.")
    pages_left: Count = Field(0, description="Pages that exist beyond our limit and were not read.")
