"""What each source can say. A source that has no word for X says nothing against X. Pure, one table.

TV_SHORT is TV on MyAnimeList and Kitsu, TV_SPECIAL is SPECIAL on AniList and Kitsu, and Kitsu has no PG13: whoever
reads such a word has learned nothing that the record does not know better. A test compares the words with the
adapters' tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from contracts.model.enums import AnimeStatus, AnimeType, Rating, SourceMaterial
from handlers.update.canonical import same, tokyo_day

JSON = Any
Words = frozenset[str]

_MAL_MATERIALS: Final = frozenset(SourceMaterial) - {
    *(SourceMaterial.ONE_SHOT, SourceMaterial.DOUJINSHI, SourceMaterial.MANHWA, SourceMaterial.MANHUA),
    *(SourceMaterial.COMIC, SourceMaterial.LIVE_ACTION),
}
_ANILIST_MATERIALS: Final = frozenset(SourceMaterial) - {
    *(SourceMaterial.WEB_MANGA, SourceMaterial.KOMA_4, SourceMaterial.ONE_SHOT, SourceMaterial.MANHWA),
    *(SourceMaterial.MANHUA, SourceMaterial.CARD_GAME, SourceMaterial.MUSIC, SourceMaterial.RADIO),
    *(SourceMaterial.BOOK, SourceMaterial.UNKNOWN),
}
_STAGES: Final = frozenset(AnimeStatus) - {AnimeStatus.CANCELLED}
_MAL_TYPES: Final = frozenset(AnimeType) - {AnimeType.TV_SHORT}
_ANILIST_TYPES: Final = frozenset(AnimeType) - {AnimeType.TV_SPECIAL, AnimeType.PV, AnimeType.CM}
_KITSU_TYPES: Final = _ANILIST_TYPES - {AnimeType.TV_SHORT}

WORDS: Final[Mapping[tuple[str, str], Words]] = MappingProxyType(
    {
        **{(source, "type"): _MAL_TYPES for source in ("jikan", "mal")},
        ("anilist", "type"): _ANILIST_TYPES,
        ("kitsu", "type"): _KITSU_TYPES,
        **{(source, "status"): _STAGES for source in ("jikan", "mal", "kitsu")},
        ("kitsu", "rating"): frozenset({Rating.G, Rating.PG, Rating.R, Rating.RX}),
        **{(source, "source_material"): _MAL_MATERIALS for source in ("jikan", "mal")},
        ("anilist", "source_material"): _ANILIST_MATERIALS,
    }
)
"""Source and field to the words that it has; who is not listed has them all."""

_TYPE_INSTEAD: Final[Mapping[str, Words]] = {
    AnimeType.TV_SHORT: frozenset({AnimeType.TV, AnimeType.ONA}),
    AnimeType.TV_SPECIAL: frozenset({AnimeType.SPECIAL}),
    AnimeType.PV: frozenset({AnimeType.SPECIAL, AnimeType.ONA, AnimeType.OVA, AnimeType.MUSIC}),
    AnimeType.CM: frozenset({AnimeType.SPECIAL, AnimeType.ONA, AnimeType.OVA, AnimeType.MUSIC}),
}
_MATERIAL_INSTEAD: Final[Mapping[str, Words]] = {
    **dict.fromkeys(
        (SourceMaterial.WEB_MANGA, SourceMaterial.KOMA_4, SourceMaterial.ONE_SHOT, SourceMaterial.DOUJINSHI),
        frozenset({SourceMaterial.MANGA, SourceMaterial.OTHER}),
    ),
    **dict.fromkeys(
        (SourceMaterial.MANHWA, SourceMaterial.MANHUA, SourceMaterial.COMIC),
        frozenset({SourceMaterial.MANGA, SourceMaterial.WEB_MANGA, SourceMaterial.COMIC, SourceMaterial.OTHER}),
    ),
    SourceMaterial.CARD_GAME: frozenset({SourceMaterial.GAME, SourceMaterial.OTHER}),
    SourceMaterial.BOOK: frozenset({SourceMaterial.NOVEL, SourceMaterial.PICTURE_BOOK, SourceMaterial.OTHER}),
}
_RATING_INSTEAD: Final[Mapping[str, Words]] = {
    Rating.PG13: frozenset({Rating.PG, Rating.R}),
    Rating.RPLUS: frozenset({Rating.R, Rating.RX}),
}
INSTEAD: Final[Mapping[str, Mapping[str, Words]]] = MappingProxyType(
    {
        "type": _TYPE_INSTEAD,
        "source_material": _MATERIAL_INSTEAD,
        "rating": _RATING_INSTEAD,
    }
)
"""What is said for a word by a source that lacks it. For a word that is not listed it may be any: a source without
CANCELLED has cancelled shows in every stage."""

# Who prints whole minutes. MyAnimeList's interface gives seconds.
_MINUTES: Final = frozenset({"jikan", "anilist", "kitsu"})
_MINUTE_S: Final = 60


def agrees(source: str, field: str, held: JSON, said: JSON) -> bool:
    """Whether `said` is what `source` would say of a show for which `held` is true."""
    if same(field, held, said):
        return True
    rule = _COARSER.get(field)
    if rule is not None:
        return held is not None and said is not None and rule(source, held, said)
    words = WORDS.get((source, field))
    if words is None or not isinstance(held, str) or held in words or not said:
        return False
    instead = INSTEAD.get(field, {}).get(held)
    return instead is None or said in instead


def _in_minutes(source: str, held: JSON, said: JSON) -> bool:
    return source in _MINUTES and abs(int(held) - int(said)) < _MINUTE_S


def _partial_date(_: str, held: JSON, said: JSON) -> bool:
    # A month or a year without a day is printed as its first; so a first says nothing against another day of it.
    day, known = tokyo_day(said), tokyo_day(held)
    return day.day == 1 and day.year == known.year and (day.month == known.month or day.month == 1)


def _day_without_time(_: str, held: JSON, said: JSON) -> bool:
    return not said.get("time") and same("broadcast.slot", {**held, "time": None}, said)


_COARSER: Final[Mapping[str, Callable[[str, JSON, JSON], bool]]] = MappingProxyType(
    {
        "duration": _in_minutes,
        "aired_dates.aired_from": _partial_date,
        "aired_dates.aired_to": _partial_date,
        "broadcast.slot": _day_without_time,
    }
)
