"""The belief tables speak of the sources as their adapters are: a word that a service learns is noticed here."""

from __future__ import annotations

import pytest

from contracts.model.enums import AnimeStatus, AnimeType, Rating, SourceMaterial
from handlers.sources.sources import SOURCES
from handlers.sources.tables import anilist, jikan, kitsu, mal
from handlers.update.belief import ORDER, PLATFORM_OF
from handlers.update.vocabulary import INSTEAD, WORDS

TABLES = {
    ("jikan", "type"): jikan.TYPE,
    ("jikan", "status"): jikan.STATUS,
    ("jikan", "rating"): jikan.RATING,
    ("jikan", "source_material"): jikan.SOURCE,
    ("mal", "type"): mal.TYPE,
    ("mal", "status"): mal.STATUS,
    ("mal", "rating"): mal.RATING,
    ("mal", "source_material"): mal.SOURCE,
    ("anilist", "type"): anilist.TYPE,
    ("anilist", "status"): anilist.STATUS,
    ("anilist", "source_material"): anilist.SOURCE,
    ("kitsu", "type"): kitsu.TYPE,
    ("kitsu", "status"): kitsu.STATUS,
    ("kitsu", "rating"): kitsu.RATING,
}
ALL = {"type": AnimeType, "status": AnimeStatus, "rating": Rating, "source_material": SourceMaterial}


@pytest.mark.parametrize(("source", "field"), sorted(TABLES))
def test_a_source_can_say_what_its_adapter_reads(source: str, field: str) -> None:
    words = WORDS.get((source, field), frozenset(ALL[field]))
    assert words - {"UNKNOWN"} == set(TABLES[source, field].values()) - {"UNKNOWN"}


def test_a_word_that_every_source_has_needs_no_other() -> None:
    for field, words in INSTEAD.items():
        for word in words:
            assert any(field == other and word not in said for (_, other), said in WORDS.items()), (field, word)


def test_platforms_are_those_of_the_adapters() -> None:
    assert {name: adapter.platform for name, adapter in SOURCES.items()} == PLATFORM_OF
    assert {platform for order in ORDER.values() for platform in order} <= set(PLATFORM_OF.values())
