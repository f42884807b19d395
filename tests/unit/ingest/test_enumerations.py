from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import pytest

from contracts.model import enums
from handlers.ingest import enumerations

TABLES: list[tuple[Callable[[Any], Any], type[StrEnum]]] = [
    (enumerations.status, enums.AnimeStatus),
    (enumerations.anime_type, enums.AnimeType),
    (enumerations.rating, enums.Rating),
    (enumerations.season, enums.Season),
    (enumerations.source_material, enums.SourceMaterial),
    (enumerations.role, enums.CharacterRole),
    (enumerations.relation, enums.Relation),
]


@pytest.mark.parametrize(("words", "kind"), TABLES)
def test_every_value_of_today_stands_for_itself_however_it_is_spelled(
    words: Callable[[Any], Any], kind: type[StrEnum]
) -> None:
    for member in kind:
        for spelling in (member.value, member.value.lower(), member.value.replace("_", " ").title()):
            assert words(spelling) == member.value


@pytest.mark.parametrize(
    ("words", "written", "meant"),
    [
        (enumerations.status, "Finished Airing", "FINISHED"),
        (enumerations.status, "NOT_YET_RELEASED", "UPCOMING"),
        (enumerations.status, "Canceled", "CANCELLED"),
        (enumerations.anime_type, "TV Special", "TV_SPECIAL"),
        (enumerations.rating, "PG-13 - Teens 13 or older", "PG13"),
        (enumerations.rating, "R - 17+ (violence & profanity)", "R"),
        (enumerations.rating, "R+ - Mild Nudity", "RPLUS"),
        (enumerations.rating, "Rx - Hentai", "RX"),
        (enumerations.rating, "PG - Children", "PG"),
        (enumerations.source_material, "4-koma manga", "KOMA_4"),
        (enumerations.source_material, "LIGHT NOVEL", "LIGHT_NOVEL"),
        (enumerations.season, "Autumn", "FALL"),
        (enumerations.relation, "PARENT STORY", "PARENT_STORY"),
        (enumerations.relation, "Spin-Off", "SPIN_OFF"),
        (enumerations.relation, "ORIGINAL WORK", "ADAPTATION"),
        (enumerations.role, "Secondary", "SUPPORTING"),
    ],
)
def test_other_words_for_the_same(words: Callable[[Any], Any], written: str, meant: str) -> None:
    assert words(written) == meant


@pytest.mark.parametrize(("words", "kind"), TABLES)
@pytest.mark.parametrize("value", ["SOMETHING ELSE", "", 7, None, ["TV"]])
def test_what_is_not_known_comes_back_as_it_is(words: Callable[[Any], Any], kind: type[StrEnum], value: object) -> None:
    assert words(value) == value
    assert value not in list(kind)
