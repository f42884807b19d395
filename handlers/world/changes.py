"""What can change in the world, and when each service shows it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class Source(StrEnum):
    """The four services of the world."""

    JIKAN = "jikan"
    ANILIST = "anilist"
    KITSU = "kitsu"
    MAL = "mal"


PLATFORM = {Source.JIKAN: "mal", Source.MAL: "mal", Source.ANILIST: "anilist", Source.KITSU: "kitsu"}
EVERYWHERE = tuple(Source)
# Fields that only some services have words for.
TELLING = {
    "episodes": (Source.JIKAN, Source.ANILIST, Source.KITSU),
    "hiatus": (Source.ANILIST,),
    "next_airing": (Source.ANILIST, Source.KITSU),
    "tags": (Source.ANILIST, Source.KITSU),
}


class ChangeKind(StrEnum):
    """Why something changed."""

    EPISODE_AIRED = "episode_aired"
    TWO_AT_ONCE = "two_at_once"
    PREMIERE = "premiere"
    FINALE = "finale"
    BREAK_STARTED = "break_started"
    BREAK_ENDED = "break_ended"
    DELAYED = "delayed"
    SCORE_DRIFT = "score_drift"
    SEASON_ANNOUNCED = "season_announced"
    SYNOPSIS_REWRITTEN = "synopsis_rewritten"
    TAG_ADDED = "tag_added"
    TITLE_MISTAKEN = "title_mistaken"
    TITLE_RESTORED = "title_restored"
    EPISODE_COUNT_ANNOUNCED = "episode_count_announced"
    EPISODE_COUNT_DROPPED = "episode_count_dropped"
    CHARACTER_DESCRIBED = "character_described"
    VOICE_ACTOR_JOINED = "voice_actor_joined"


class EntityType(StrEnum):
    """What a change is about."""

    ANIME = "anime"
    CHARACTER = "character"


@dataclass(frozen=True, slots=True)
class NextAiring:
    """The episode that comes next, and when it airs."""

    number: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """One true change of one field: when it happened, and from when on each service shows it.

    `field` is a field of the anime or character, `statistics.<platform>`, `episodes` (new is one Episode),
    `next_airing` (new is a NextAiring or None) or `record` (new is a whole AnimeRecord). Changes of one `cause` become
    visible together. A service that `visible` does not name never shows this change.
    """

    id: UUID
    kind: ChangeKind
    entity_type: EntityType
    entity_id: UUID
    title: str
    field: str
    old: Any
    new: Any
    at: datetime
    cause: str
    visible: Mapping[Source, datetime] = dataclasses.field(default_factory=dict)
