"""The older vocabulary, word by word, and what a few of the recorded records must become."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from contracts.ids import character_id, derived_id
from contracts.model import AnimeRecord
from contracts.model.enums import CharacterRole, Relation
from handlers.ingest.records import Prepared, payload_sha256, prepare
from tests.unit.ingest.samples import anime_id, raw_record

DATABASE = Path(os.environ.get("ECHORA_RECORDINGS", Path(__file__).parents[4] / "shared" / "data")) / (
    "echora/anime_database.json"
)
recorded = pytest.mark.skipif(
    not DATABASE.is_file(), reason=f"{DATABASE} is not there; set ECHORA_RECORDINGS to the folder of the recordings"
)


def anime(**fields: Any) -> dict[str, Any]:
    dumped: dict[str, Any] = prepare(raw_record(**fields), 1).record.anime.model_dump(mode="json", exclude_none=True)
    return dumped


def test_a_record_of_today_stays_as_it_is() -> None:
    raw = raw_record(external_ids={"mal": "5"}, statistics={"mal": {"score": 8.5, "contextual_ranks": [{"rank": 1}]}})
    prepared = prepare(raw, 1)
    assert prepared.record == AnimeRecord.model_validate(raw)
    assert prepared.ignored == {}


def test_dates() -> None:
    # A Japanese calendar day, written as midnight UTC of that day or as the day alone, is midnight in Tokyo.
    aired = anime(aired_dates={"from": "2020-10-07T00:00:00Z", "to": "2020-12-23"})["aired_dates"]
    assert aired == {"aired_from": "2020-10-06T15:00:00Z", "aired_to": "2020-12-22T15:00:00Z"}
    # An instant that is no midnight, and one under today's name, are meant as they stand.
    assert anime(aired_dates={"from": "2020-10-07T16:30:00Z"})["aired_dates"]["aired_from"] == "2020-10-07T16:30:00Z"
    stated = anime(aired_dates={"aired_from": "2020-10-07T00:00:00Z"})["aired_dates"]
    assert stated["aired_from"] == "2020-10-07T00:00:00Z"


def test_premieres_and_delays() -> None:
    slot = anime(
        premiere_dates={"original": "2017-10-05", "sub": "0001-01-01", "dub": "2018-01-09"}, broadcast={"day": "friday"}
    )["broadcast"]
    assert slot == {"day": "friday", "premiere_jp": "2017-10-04T15:00:00Z", "premiere_dub": "2018-01-09T00:00:00Z"}
    assert "hiatus" not in anime(delay_information={"delayed_timetable": False})
    delay = {"delayed_timetable": True, "delay_reason": "flood", "delayed_from": "2024-01-05T00:00:00Z"}
    assert anime(delay_information=delay)["hiatus"] == {"reason": "flood", "hiatus_from": "2024-01-05T00:00:00Z"}


def test_streaming_comes_from_three_older_keys_and_each_platform_once() -> None:
    found = anime(
        streaming_licenses=["Crunchyroll", "Netflix"],
        streaming_info=[{"platform": "crunchyroll", "url": "https://example.com/a"}],
        streaming_sources=[{"platform": "Hulu"}],
    )["streaming_sources"]
    assert [one["platform"] for one in found] == ["Hulu", "crunchyroll", "Netflix"]


def test_external_ids_come_from_pages_and_what_is_stated_counts_more() -> None:
    pages = ["https://myanimelist.net/anime/5", "https://anilist.co/anime/6"]
    assert anime(sources=pages, external_ids={"mal": 7})["external_ids"] == {"mal": "7", "anilist": "6"}


def test_a_score_of_nothing_is_no_score() -> None:
    figures = anime(statistics={"myanimelist": {"score": 0.0, "scored_by": 0, "popularity_rank": 3}})["statistics"]
    assert figures == {"mal": {"scored_by": 0, "popularity_rank": 3}}


def test_related_works_as_a_list_are_grouped_and_one_work_on_two_sources_is_one() -> None:
    related = anime(
        related_anime=[
            {"relation_type": "SIDE STORY", "title": "Aya", "url": "https://myanimelist.net/anime/1"},
            {"relation_type": "SIDE STORY", "title": "AYA ", "url": "https://kitsu.io/api/edge/anime/2"},
            {"relation_type": "SIDE STORY", "title": "Aya", "url": "https://myanimelist.net/anime/9"},
            {"relation_type": "MUSIC", "title": "Song", "url": "https://anime-planet.com/anime/song"},
        ]
    )["related_anime"]
    first, second = related["SIDE_STORY"]
    assert first["external_ids"] == {"mal": "1", "kitsu": "2"}
    assert first["sources"] == ["https://myanimelist.net/anime/1", "https://kitsu.io/api/edge/anime/2"]
    assert second["external_ids"] == {"mal": "9"}, "two ids on one source are two works, whatever their titles"
    assert related["OTHER"] == [
        {
            "title": "Song",
            "type": "MUSIC",
            "external_ids": {"animeplanet": "song"},
            "sources": ["https://anime-planet.com/anime/song"],
        }
    ]


def test_the_older_relations_go_to_source_material_or_anime_by_their_address() -> None:
    found = anime(
        relations=[
            {"relation_type": "ORIGINAL WORK", "title": "Novel", "url": "https://myanimelist.net/manga/3"},
            {"relation_type": "SEQUEL", "title": "Next", "url": "https://anilist.co/anime/4"},
        ],
        related_anime={"SEQUEL": [{"title": "Other"}]},
    )
    assert [work["title"] for work in found["related_anime"]["SEQUEL"]] == ["Other", "Next"]
    assert found["related_source_material"]["ADAPTATION"][0]["external_ids"] == {"mal": "3"}


def test_staff() -> None:
    found = anime(
        staff_data={
            "studios": [
                {"name": "Sunrise", "type": "animation_studio", "url": "https://myanimelist.net/anime/producer/14"}
            ],
            "producers": ["NHK"],
            "production_staff": {
                "directors": [
                    {"name": "Ono", "name_japanese": "小野", "role": "Art_Director", "staff_ids": {"mal": 9}}
                ],
                "vocalists": [],
            },
            "voice_actors": {"japanese": [{"name": "Aya", "character_assignments": ["Rin", "Ran"]}]},
        }
    )
    assert found["studios"][0]["external_ids"] == {"mal": "14"}
    assert found["producers"] == [{"name": "NHK"}]
    assert found["staff_data"] == {
        "directors": [{"name": "Ono", "native_name": "小野", "role": "Art Director", "external_ids": {"mal": "9"}}],
        "voice_actors": [{"name": "Aya", "role": "Rin, Ran", "language": "Japanese"}],
    }


def test_characters() -> None:
    raw = raw_record(
        staff_data={"voice_actors": {"japanese": [{"name": "Chiaki Kuriyama", "native_name": "栗山千明"}]}}
    ) | {
        "characters": [
            {
                "name": "Uro",
                "role": "Main",
                "name_kanji": "山田 烏鷺",
                "name_native": "山田烏鷺",
                "gender": "male",
                "age": 14,
                "character_ids": {"mal": 0, "anilist": 135754},
                "character_pages": {"mal": "https://myanimelist.net/character/142363/Uro"},
                "voice_actors": [{"name": "Kuriyama, Chiaki", "language": "Japanese"}],
            },
            {"name": "Nobody", "name_kanji": "誰"},
        ]
    }
    uro, nobody = prepare(raw, 1).record.characters
    assert uro.roles == [CharacterRole.MAIN]
    assert (uro.name_native, uro.name_variations) == ("山田烏鷺", ["山田 烏鷺"])
    assert uro.attributes == {"gender": "male", "age": "14"}
    assert uro.external_ids == {"mal": "142363", "anilist": "135754"}
    assert uro.id == derived_id("character", "mal", "142363")
    assert uro.voice_actors is not None
    assert uro.voice_actors[0].native_name == "栗山千明"
    assert nobody.name_native == "誰"
    assert nobody.id == character_id(anime_id(1), "Nobody")


def test_what_nothing_is_known_to_do_with_is_counted_and_not_refused() -> None:
    raw = raw_record(mood="sad", broadcast={"channel": "TX"}, entity_type="anime") | {
        "episodes": [{"episode_number": 1, "crc": "a"}, {"episode_number": 2, "crc": "b"}],
        "revision": 3,
    }
    expected = {"anime.mood": 1, "anime.broadcast.channel": 1, "episodes[].crc": 2, "revision": 1}
    assert dict(prepare(raw, 1).ignored) == expected


def test_the_hash_does_not_depend_on_the_order_of_keys() -> None:
    raw = raw_record()
    assert payload_sha256(raw) == payload_sha256({key: raw[key] for key in reversed(raw)})
    assert payload_sha256(raw) != payload_sha256(raw_record(year=2020))


# --- the recorded records ----------------------------------------------------------------------------------------


def recordings() -> list[Prepared]:
    return [prepare(raw, at) for at, raw in enumerate(json.loads(DATABASE.read_bytes())["data"], start=1)]


@recorded
def test_all_recorded_records_go_in_and_little_of_them_is_ignored() -> None:
    found = recordings()
    assert len(found) == 28
    owners = Counter(pair for one in found for pair in (one.record.anime.external_ids or {}).items())
    assert [pair for pair, count in owners.items() if count > 1] == []
    ignored: Counter[str] = Counter()
    for one in found:
        ignored.update(one.ignored)
    # What people of the staff do elsewhere, and the printed form of dates that are there as dates.
    beyond_staff = {key for key in ignored if not key.startswith("anime.staff_data{}[].")}
    assert beyond_staff == {
        "anime.aired_dates.string",
        "anime.episode_overrides",
        "anime.streaming_sources[].subtitle_languages",
    }


@recorded
def test_a_music_video_of_the_recordings() -> None:
    one = recordings()[0]
    assert one.metadata.source == "multi-source"
    record = one.record.model_dump(mode="json", exclude_none=True)
    show = record["anime"]
    assert {
        name: show[name] for name in ("title", "type", "status", "season", "year", "rating", "source_material")
    } == {
        "title": "!NVADE SHOW!",
        "type": "MUSIC",
        "status": "FINISHED",
        "season": "FALL",
        "year": 2020,
        "rating": "G",
        "source_material": "MIXED_MEDIA",
    }
    assert show["aired_dates"] == {"aired_from": "2020-10-06T15:00:00Z"}
    assert show["broadcast"] == {"premiere_jp": "2020-10-06T15:00:00Z"}
    assert show["studios"][0]["external_ids"] == {"mal": "537"}
    assert show["external_ids"]["mal"] == "51478"
    assert [(work["title"], work["external_ids"]) for work in show["related_anime"]["CHARACTER"]] == [
        ("BanG Dream! 2nd Season", {"mal": "37869", "anilist": "101633"}),
        ("BanG Dream!", {"kitsu": "12330", "mal": "33573"}),
    ]
    drummer = record["characters"][0]
    assert drummer["external_ids"] == {"anilist": "136984"}
    assert drummer["attributes"] == {"gender": "Female"}
    assert drummer["voice_actors"][0]["native_name"] == "夏芽"
    assert record["episodes"][0]["aired"] == "2020-10-06T15:00:00Z"


@recorded
def test_a_movie_of_the_recordings() -> None:
    record = recordings()[9].record
    show = record.anime
    assert (show.type, show.rating, show.source_material) == ("MOVIE", "PG13", "LIGHT_NOVEL")
    assert show.related_source_material is not None
    novels = show.related_source_material[Relation.ADAPTATION]
    assert [work.external_ids for work in novels] == [{"mal": "11776"}, {"mal": "36037"}, {"mal": "10000"}]
    assert show.streaming_sources is not None
    assert [(one.platform, one.url) for one in show.streaming_sources] == [
        ("Crunchyroll", "http://www.crunchyroll.com/series-257075")
    ]
    assert show.external_sources is not None
    assert show.external_sources["anilist"] == "https://anilist.co/anime/6408"


@recorded
def test_no_recorded_character_gets_the_id_zero() -> None:
    cast = [character for one in recordings() for character in one.record.characters]
    assert len(cast) == 60
    assert all("0" not in (character.external_ids or {}).values() for character in cast)
