"""AniList's words for the values of the canonical record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from contracts.model.enums import AnimeType, Relation, SourceMaterial
from handlers.world.showing import ShownAnime
from handlers.world.slots import tokyo_date

FORMAT: Final[Mapping[AnimeType, str]] = {
    **{AnimeType(name): name for name in ("TV", "TV_SHORT", "MOVIE", "SPECIAL", "OVA", "ONA", "MUSIC")},
    AnimeType.TV_SPECIAL: "SPECIAL",
    AnimeType.PV: "SPECIAL",
    AnimeType.CM: "SPECIAL",
}
_STATUS: Final = {
    "FINISHED": "FINISHED",
    "ONGOING": "RELEASING",
    "UPCOMING": "NOT_YET_RELEASED",
    "CANCELLED": "CANCELLED",
}
_SAME: Final = (
    *("ORIGINAL", "MANGA", "LIGHT_NOVEL", "VISUAL_NOVEL", "OTHER", "NOVEL", "DOUJINSHI", "WEB_NOVEL", "LIVE_ACTION"),
    *("COMIC", "PICTURE_BOOK"),
)
_SOURCE: Final[Mapping[SourceMaterial, str]] = {
    **{SourceMaterial(name): name for name in _SAME},
    SourceMaterial.GAME: "VIDEO_GAME",
    SourceMaterial.MIXED_MEDIA: "MULTIMEDIA_PROJECT",
    SourceMaterial.WEB_MANGA: "MANGA",
    SourceMaterial.KOMA_4: "MANGA",
    SourceMaterial.MANHWA: "MANGA",
    SourceMaterial.MANHUA: "MANGA",
    SourceMaterial.ONE_SHOT: "MANGA",
}
# What versions 1 of the field know; newer values fall back to OTHER, as the real service does.
_SOURCE_OLD: Final = frozenset({"ORIGINAL", "MANGA", "LIGHT_NOVEL", "VISUAL_NOVEL", "VIDEO_GAME", "OTHER"})
_RELATION: Final[Mapping[Relation, str]] = {
    Relation.PARENT_STORY: "PARENT",
    Relation.FULL_STORY: "CONTAINS",
    Relation.ALTERNATIVE_VERSION: "ALTERNATIVE",
    Relation.ALTERNATIVE_SETTING: "ALTERNATIVE",
    Relation.CROSSOVER: "OTHER",
}
_WORK_FORMAT: Final[Mapping[str, str]] = {"LIGHT NOVEL": "NOVEL", "LIGHT_NOVEL": "NOVEL", "WEB_NOVEL": "NOVEL"}
_FORMATS: Final = frozenset({*FORMAT.values(), "MANGA", "NOVEL", "ONE_SHOT"})


def status(shown: ShownAnime, version: int | None) -> str | None:
    """The status; HIATUS only for who asks for version 2 or later."""
    anime = shown.anime
    if anime.status == "ONGOING" and anime.hiatus is not None and (version or 1) >= 2:
        return "HIATUS"
    return _STATUS.get(anime.status) if anime.status else None


def source(material: SourceMaterial | None, version: int | None) -> str | None:
    """What it was adapted from; values added later only for who asks for version 3."""
    if material is None or material is SourceMaterial.UNKNOWN:
        return None
    name = _SOURCE.get(material, "OTHER")
    return name if (version or 1) >= 3 or name in _SOURCE_OLD else "OTHER"


def relation(value: Relation) -> str:
    """A relation."""
    return _RELATION.get(value, value.value)


def work_format(printed: str | None, *, anime: bool) -> str | None:
    """The format of a related work as far as the interface has a word for it."""
    name = (printed or "").upper()
    name = _WORK_FORMAT.get(name, name)
    if name in _FORMATS:
        return name
    return None if anime else "MANGA"


def fuzzy(instant: datetime | None) -> dict[str, int | None]:
    """A date whose parts may be missing, as Tokyo prints it."""
    day = tokyo_date(instant) if instant else None
    return {name: getattr(day, name) if day else None for name in ("year", "month", "day")}


def score(value: float | None) -> int | None:
    """A score on 0 to 100."""
    return round(value * 10) if value else None
