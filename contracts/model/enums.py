"""The enumerations of the canonical record. The database and the .proto hold the same values; tests compare them."""

from __future__ import annotations

from enum import StrEnum


class AnimeStatus(StrEnum):
    """Where a show stands in its life."""

    FINISHED = "FINISHED"
    UPCOMING = "UPCOMING"
    ONGOING = "ONGOING"
    CANCELLED = "CANCELLED"
    UNKNOWN = "UNKNOWN"


class AnimeType(StrEnum):
    """The format that a show was made for."""

    TV = "TV"
    MOVIE = "MOVIE"
    OVA = "OVA"
    ONA = "ONA"
    SPECIAL = "SPECIAL"
    TV_SPECIAL = "TV_SPECIAL"
    TV_SHORT = "TV_SHORT"
    MUSIC = "MUSIC"
    PV = "PV"
    CM = "CM"
    UNKNOWN = "UNKNOWN"


class Rating(StrEnum):
    """The age rating, in MyAnimeList's steps."""

    G = "G"
    PG = "PG"
    PG13 = "PG13"
    R = "R"
    RPLUS = "RPLUS"
    RX = "RX"
    UNKNOWN = "UNKNOWN"


class Season(StrEnum):
    """The broadcast season; December belongs to the next winter on Kitsu."""

    SPRING = "SPRING"
    SUMMER = "SUMMER"
    FALL = "FALL"
    WINTER = "WINTER"


class CharacterRole(StrEnum):
    """How much a character carries."""

    MAIN = "MAIN"
    SUPPORTING = "SUPPORTING"
    BACKGROUND = "BACKGROUND"
    UNKNOWN = "UNKNOWN"


class SourceMaterial(StrEnum):
    """What a show was adapted from."""

    ORIGINAL = "ORIGINAL"
    MANGA = "MANGA"
    LIGHT_NOVEL = "LIGHT_NOVEL"
    NOVEL = "NOVEL"
    VISUAL_NOVEL = "VISUAL_NOVEL"
    WEB_MANGA = "WEB_MANGA"
    WEB_NOVEL = "WEB_NOVEL"
    KOMA_4 = "KOMA_4"
    ONE_SHOT = "ONE_SHOT"
    DOUJINSHI = "DOUJINSHI"
    MANHWA = "MANHWA"
    MANHUA = "MANHUA"
    GAME = "GAME"
    CARD_GAME = "CARD_GAME"
    MIXED_MEDIA = "MIXED_MEDIA"
    MUSIC = "MUSIC"
    RADIO = "RADIO"
    BOOK = "BOOK"
    PICTURE_BOOK = "PICTURE_BOOK"
    COMIC = "COMIC"
    LIVE_ACTION = "LIVE_ACTION"
    OTHER = "OTHER"
    UNKNOWN = "UNKNOWN"


class Relation(StrEnum):
    """How one work stands to another."""

    SEQUEL = "SEQUEL"
    PREQUEL = "PREQUEL"
    SIDE_STORY = "SIDE_STORY"
    PARENT_STORY = "PARENT_STORY"
    FULL_STORY = "FULL_STORY"
    SUMMARY = "SUMMARY"
    SPIN_OFF = "SPIN_OFF"
    ALTERNATIVE_VERSION = "ALTERNATIVE_VERSION"
    ALTERNATIVE_SETTING = "ALTERNATIVE_SETTING"
    CHARACTER = "CHARACTER"
    CROSSOVER = "CROSSOVER"
    ADAPTATION = "ADAPTATION"
    OTHER = "OTHER"
