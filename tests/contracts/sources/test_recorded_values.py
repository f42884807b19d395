"""Recorded bodies against expectations written by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.observation import Kind
from handlers.sources.notes import Notes
from handlers.sources.port import Said
from handlers.sources.sources import SOURCES
from tests.contracts.sources.expected import Expected
from tests.contracts.sources.expected_anilist import ANILIST
from tests.contracts.sources.expected_jikan import JIKAN
from tests.contracts.sources.expected_kitsu import KITSU
from tests.contracts.sources.expected_mal import MAL
from tests.contracts.sources.recordings import exchanges, items_of, needs_recordings

pytestmark = needs_recordings
NOW = datetime(2026, 11, 1, tzinfo=UTC)
EXPECTED = (*KITSU, *MAL, *JIKAN, *ANILIST)


def said_in(source: str, file: str, external_id: str, kind: Kind, at: int = 0) -> Said:
    """What one item of a recorded exchange says."""
    exchange = exchanges(file, source)[at]
    items = items_of(source, exchange, exchange.reply.data)
    found = [item for item in items if (item.external_id, item.ask.kind) == (external_id, kind)]
    assert found, f"{file} has no {kind} {external_id}"
    return SOURCES[source].said(found[0].ask, external_id, found[0].raw, Notes(source), NOW)


def at_path(value: Any, path: str) -> Any:
    for name in path.split("."):
        if value is None:
            return None
        value = value[int(name)] if isinstance(value, list) else value.get(name)
    return value


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda e: f"{e.source}-{e.file}-{e.external_id}")
def test_recorded_body_means(expected: Expected) -> None:
    said = said_in(expected.source, expected.file, expected.external_id, expected.kind)
    assert said.anime is not None
    values = said.anime.model_dump(mode="json", exclude_none=True)
    assert {path: at_path(values, path) for path in expected.values} == expected.values


def test_at_least_forty_recorded_bodies_are_checked_by_hand() -> None:
    assert len({(expected.source, expected.file) for expected in EXPECTED}) >= 40


def test_jikan_episode_list_is_read_to_its_end() -> None:
    exchange = exchanges("jikanpy-anime-episodes-success.json", "jikan")[0]
    said = said_in("jikan", exchange.name, "457", Kind.EPISODES)
    assert said.episodes is not None
    assert [episode.episode_number for episode in said.episodes] == list(range(1, 27))
    first = said.episodes[0]
    assert (first.title, first.title_japanese, first.title_romaji) == ("The Green Seat", "緑の座", "Midori no Za")
    assert first.score == 9.0, "an episode's score is on 1 to 5"
    assert first.aired == datetime(2005, 10, 22, 15, tzinfo=UTC)
    assert said.latest_aired == 26


def test_has_next_page_on_the_last_page_is_not_believed() -> None:
    exchange = exchanges("jikanpy-anime-episodes-success.json", "jikan")[0]
    assert exchange.reply.data["pagination"]["has_next_page"] is True
    jikan = SOURCES["jikan"]
    item = items_of("jikan", exchange, exchange.reply.data)[0]
    page = jikan.page(item.ask, jikan.calls(item.ask.__class__(Kind.EPISODES, ("457",)))[0], exchange.reply)
    assert page.more == ()


def test_the_same_episode_alone_has_the_same_day() -> None:
    alone = said_in("jikan", "jikanpy-anime-episode-by-id-success.json", "457:1", Kind.EPISODE)
    assert alone.episodes is not None
    assert alone.episodes[0].aired == datetime(2005, 10, 22, 15, tzinfo=UTC), "+09:00 here, +00:00 in the list"
    assert alone.episodes[0].duration == 1440


def test_jikan_character() -> None:
    character = said_in("jikan", "jikanpy-character-success.json", "425", Kind.CHARACTER).character
    assert character is not None
    assert (character.name, character.name_native, character.favorites) == ("Ginko", "ギンコ", 15304)
    assert character.nicknames == ["Mushishi", "Yoki"]
    assert character.images == ["https://cdn.myanimelist.net/images/characters/14/303453.jpg"]


def test_anilist_schedule_gives_instants() -> None:
    said = said_in("anilist", "pyanilist-test_anilist_get_airing_schedule.json", "0", Kind.EPISODES)
    assert said.episodes is not None
    assert len(said.episodes) == 13
    assert said.episodes[0].aired == datetime(2018, 1, 2, 11, 30, tzinfo=UTC)
    assert said.latest_aired == 13


def test_an_empty_schedule_is_a_statement() -> None:
    said = said_in("anilist", "pyanilist-test_anilist_get_airing_schedule_with_not_yet_aired.json", "0", Kind.EPISODES)
    assert said.episodes == []
    assert "episodes" in said.speaks_for


def test_anilist_cast_has_voices() -> None:
    cast = said_in("anilist", "pyanilist-test_anilist_get_characters_with_role.json", "0", Kind.CHARACTERS).characters
    assert cast is not None
    first = cast[0]
    assert (first.name, first.name_native, first.role) == ("Mari Tamaki", "玉木マリ", "MAIN")
    assert first.name_variations == ["Kimari (キマリ)", "@kima_riiiiii"]
    assert first.attributes == {"gender": "Female", "blood_type": "O", "birthday": "--03-18"}
    assert first.voice_actors is not None
    voice = first.voice_actors[0]
    assert (voice.name, voice.native_name, voice.language) == ("Inori Minase", "水瀬いのり", "Japanese")
    assert (voice.birth_date, voice.blood_type) == ("1995-12-02", "B")
    assert {actor.language for actor in first.voice_actors} >= {"Japanese", "German", "English"}


def test_anilist_staff_by_role() -> None:
    fields = said_in("anilist", "pyanilist-test_anilist_get_staffs.json", "0", Kind.STAFF).anime
    assert fields is not None
    assert fields.staff_data is not None
    singers = fields.staff_data["Theme Song Performance (ED)"]
    assert (singers[0].name, singers[0].native_name) == ("Kana Hanazawa", "花澤香菜")


def test_anilist_relations_keep_anime_and_manga_apart() -> None:
    fields = said_in("anilist", "pyanilist-test_anilist_get_relations.json", "0", Kind.ANIME).anime
    assert fields is not None
    assert fields.related_anime is not None
    assert fields.related_source_material is not None
    assert {relation.value: len(works) for relation, works in fields.related_anime.items()} == {
        "ALTERNATIVE_VERSION": 2,
        "SEQUEL": 1,
        "SPIN_OFF": 1,
        "SIDE_STORY": 2,
        "SUMMARY": 1,
        "PREQUEL": 1,
        "OTHER": 1,
        "CHARACTER": 1,
    }
    manga = fields.related_source_material
    assert [(work.title, work.material, work.external_ids) for work in manga["ADAPTATION"]] == [
        ("Shingeki no Kyojin", "MANGA", {"anilist": "53390", "mal": "23390"})
    ]


def test_anilist_studios_and_producers() -> None:
    fields = said_in("anilist", "pyanilist-test_anilist_get_studios.json", "0", Kind.ANIME).anime
    assert fields is not None
    assert [studio.name for studio in fields.studios or []] == ["MADHOUSE"]
    assert [producer.name for producer in fields.producers or []][:2] == ["Media Factory", "Movic"]


def test_kitsu_firms_by_role() -> None:
    fields = said_in("kitsu", "title__special_chars.json", "11260", Kind.ANIME).anime
    assert fields is not None
    assert [firm.name for firm in fields.producers or []] == ["Avex Pictures", "Q-Tec", "10Gauge"]
    assert [firm.name for firm in fields.studios or []] == ["10Gauge"]


def test_kitsu_without_included_leaves_what_it_would_hold_open() -> None:
    said = said_in("kitsu", "tags__no_property_called_included.json", "45567", Kind.ANIME)
    assert said.anime is not None
    assert said.anime.title == "A Pawn"
