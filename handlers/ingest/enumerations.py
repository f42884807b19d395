"""The words that older records and the sources use for the values of our enumerations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from contracts.model.enums import (
    AnimeStatus,
    AnimeType,
    CharacterRole,
    Rating,
    Relation,
    Season,
    SourceMaterial,
)

_NOT_A_LETTER = re.compile(r"[\W_]+")


def _folded(word: str) -> str:
    return _NOT_A_LETTER.sub("", word.casefold().replace("+", "plus"))


def _table(kind: type[StrEnum], spoken: Mapping[str, str]) -> dict[str, str]:
    return {_folded(member.value): member.value for member in kind} | {_folded(word): to for word, to in spoken.items()}


_STATUS: Final = _table(
    AnimeStatus,
    {
        "finished airing": "FINISHED",
        "completed": "FINISHED",
        "complete": "FINISHED",
        "ended": "FINISHED",
        "currently airing": "ONGOING",
        "airing": "ONGOING",
        "releasing": "ONGOING",
        "current": "ONGOING",
        "hiatus": "ONGOING",
        "not yet aired": "UPCOMING",
        "not yet released": "UPCOMING",
        "unreleased": "UPCOMING",
        "announced": "UPCOMING",
        "tba": "UPCOMING",
        "canceled": "CANCELLED",
    },
)
_TYPE: Final = _table(
    AnimeType,
    {"film": "MOVIE", "music video": "MUSIC", "promotional video": "PV", "commercial": "CM", "tv series": "TV"},
)
_RATING: Final = _table(Rating, {})
_SEASON: Final = _table(Season, {"autumn": "FALL"})
_SOURCE_MATERIAL: Final = _table(
    SourceMaterial,
    {
        "4-koma": "KOMA_4",
        "4-koma manga": "KOMA_4",
        "video game": "GAME",
        "multimedia project": "MIXED_MEDIA",
        "anime": "OTHER",
    },
)
_ROLE: Final = _table(
    CharacterRole,
    {
        "primary": "MAIN",
        "secondary": "SUPPORTING",
        "support": "SUPPORTING",
        "minor": "BACKGROUND",
        "extra": "BACKGROUND",
    },
)
_RELATION: Final = _table(
    Relation,
    {
        "parent": "PARENT_STORY",
        "alternative": "ALTERNATIVE_VERSION",
        "alternate version": "ALTERNATIVE_VERSION",
        "alternate setting": "ALTERNATIVE_SETTING",
        "compilation": "SUMMARY",
        "contains": "OTHER",
        "source": "ADAPTATION",
        "original work": "ADAPTATION",
    },
)


def _word(table: Mapping[str, str], value: Any) -> Any:
    """The canonical word; what is not known comes back as it is, and the model refuses it by name."""
    return table.get(_folded(value), value) if isinstance(value, str) else value


def status(value: Any) -> Any:
    """E.g. Finished Airing → FINISHED."""
    return _word(_STATUS, value)


def anime_type(value: Any) -> Any:
    """E.g. TV Special → TV_SPECIAL."""
    return _word(_TYPE, value)


def rating(value: Any) -> Any:
    """E.g. PG-13 - Teens 13 or older → PG13; the explanation after the dash is not part of the word."""
    return _word(_RATING, value.split(" - ", 1)[0]) if isinstance(value, str) else value


def season(value: Any) -> Any:
    """E.g. autumn → FALL."""
    return _word(_SEASON, value)


def source_material(value: Any) -> Any:
    """E.g. 4-koma manga → KOMA_4."""
    return _word(_SOURCE_MATERIAL, value)


def role(value: Any) -> Any:
    """E.g. Main → MAIN."""
    return _word(_ROLE, value)


def relation(value: Any) -> Any:
    """E.g. PARENT STORY → PARENT_STORY."""
    return _word(_RELATION, value)


def is_relation(value: Any) -> bool:
    """Whether the word says how two works are related."""
    return isinstance(value, str) and _folded(value) in _RELATION


def is_anime_type(value: Any) -> bool:
    """Whether the word is a format; some sources write the format where the relation belongs."""
    return isinstance(value, str) and _folded(value) in _TYPE
