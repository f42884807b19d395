"""Bodies of the project's own making, one and more of every dialect: what they mean, in any clone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import EchoraError, Outage, Transient
from contracts.observation import Kind
from handlers.sources.errors import NotFound, Throttled
from handlers.sources.notes import Notes, Surprise
from handlers.sources.port import Ask, Reply, Said
from handlers.sources.rules import merged
from handlers.sources.sources import SOURCES
from tests.contracts.sources.spy import wrap
from tests.contracts.sources.test_recorded_coverage import unread

BODIES = Path(__file__).parent / "bodies"
NOW = datetime(2026, 10, 25, tzinfo=UTC)


def body(name: str) -> Any:
    return json.loads((BODIES / f"{name}.json").read_text("utf-8"))


def said(source: str, kind: Kind, external_id: str, *names: str, notes: Notes | None = None) -> Said:
    """What the pages of a body say together, read as the machinery reads them."""
    adapter = SOURCES[source]
    ask = Ask(kind, (external_id,))
    call = adapter.calls(ask)[0]
    item: Any = None
    for number, name in enumerate(names, start=1):
        page = adapter.page(ask, call, Reply(200, {}, body(name)))
        item = merged(item, page.items[external_id])
        assert len(page.more) == (number < len(names)), f"{name} leads on"
        call = page.more[0] if page.more else call
    return adapter.said(ask, external_id, item, notes or Notes(source), NOW)


def values(one: Said) -> dict[str, Any]:
    fields = one.anime or one.character
    assert fields is not None
    return fields.model_dump(mode="json", exclude_none=True)


def test_jikan_anime() -> None:
    notes = Notes("jikan")
    one = said("jikan", Kind.ANIME, "901", "jikan_anime", notes=notes)
    found = values(one)
    assert found["type"] == "TV_SPECIAL"
    assert found["source_material"] == "KOMA_4"
    assert found["rating"] == "RPLUS"
    assert found["duration"] == 3900
    assert found["synonyms"] == ["Lighthouse Cat", "Die Leuchtturmkatze"]
    assert found["broadcast"] == {"day": "friday", "time": "25:30", "timezone": "Asia/Tokyo"}
    assert found["aired_dates"] == {"aired_from": "2026-10-01T15:00:00Z"}
    assert found["statistics"] == {"mal": {"popularity_rank": 12, "members": 345, "favorites": 0}}, "0 is no score"
    assert [work["title"] for work in found["related_anime"]["ALTERNATIVE_VERSION"]] == ["Toudai no Neko (2019)"]
    assert [work["title"] for work in found["related_anime"]["OTHER"]] == ["Yume"]
    assert notes.surprises == [Surprise("jikan", "relation", "dream of")]
    assert found["related_source_material"]["ADAPTATION"][0]["external_ids"] == {"mal": "77"}
    assert found["opening_themes"] == [
        {"title": "Hikari", "artist": "Nami", "episodes": "eps 1-6"},
        {"title": "Kaze", "artist": "Sora"},
    ]
    assert found["ending_themes"] == [{"title": "Yoru no Umi"}]
    assert found["trailers"] == [{"url": "https://video.example/901"}]
    assert found["licensors"] == [], "an empty list is a statement"
    assert "licensors" in one.speaks_for
    assert not {"background", "episode_count"} & one.speaks_for, "an empty text and a null state nothing"


def test_jikan_episodes_over_two_pages() -> None:
    one = said("jikan", Kind.EPISODES, "901", "jikan_episodes_1", "jikan_episodes_2")
    assert one.episodes is not None
    assert [(row.episode_number, row.score, row.filler, row.recap) for row in one.episodes] == [
        (1, 8.5, False, False),
        (2, None, False, True),
        (3, None, True, False),
    ]
    assert one.latest_aired == 2, "an episode without a date is announced, not aired"


def test_jikan_cast_and_staff_and_character() -> None:
    notes = Notes("jikan")
    cast = said("jikan", Kind.CHARACTERS, "901", "jikan_characters", notes=notes).characters
    assert cast is not None
    assert [(member.name, member.role, member.favorites) for member in cast] == [
        ("Mikan", "MAIN", 9),
        ("The Keeper", "UNKNOWN", 0),
    ]
    assert [voice.language for voice in cast[0].voice_actors or []] == ["Japanese", "English"]
    assert notes.surprises == [Surprise("jikan", "role", "Cameo")]
    staff = values(said("jikan", Kind.STAFF, "901", "jikan_staff"))["staff_data"]
    assert set(staff) == {"Director", "Storyboard"}
    character = values(said("jikan", Kind.CHARACTER, "55", "jikan_character"))
    assert character["animeography"] == [{"title": "Toudai no Neko", "role": "MAIN", "external_ids": {"mal": "901"}}]
    assert character["voice_actors"][0]["name"] == "Aoi Hama"


def test_anilist_anime() -> None:
    notes = Notes("anilist")
    one = said("anilist", Kind.ANIME, "801", "anilist_anime", notes=notes)
    found = values(one)
    assert found["external_ids"] == {"anilist": "801", "mal": "901"}
    assert found["synopsis"] == "One line.\n\nAnother & last."
    assert found["source_material"] == "WEB_NOVEL"
    assert found["tags"] == ["Animals", "Sea"]
    assert found["demographics"] == ["Josei"]
    assert found["statistics"]["anilist"]["score"] == 7.9
    assert found["broadcast"] == {"next_episode_at": "2026-10-30T16:30:00Z"}
    assert found["aired_dates"] == {"aired_from": "2026-09-30T15:00:00Z"}
    assert found["studios"][0]["name"] == "Studio Beacon"
    assert found["producers"][0]["name"] == "Harbour Pictures"
    assert found["streaming_sources"] == [{"platform": "Wave", "url": "https://wave.example/neko"}]
    assert found["external_sources"] == {"Official Site": "https://neko.example"}
    assert found["trailers"] == [{"url": "https://www.dailymotion.com/video/abc"}]
    assert found["related_source_material"]["ADAPTATION"][0]["material"] == "ONE_SHOT"
    assert found["related_anime"]["SUMMARY"][0]["title"] == "Cat: The Film"
    assert "hiatus" not in found
    assert "hiatus" in one.speaks_for, "RELEASING states that there is no break"
    assert notes.surprises == []


def test_anilist_hiatus_is_ongoing_with_a_break() -> None:
    one = said("anilist", Kind.ANIME, "802", "anilist_anime")
    found = values(one)
    assert (found["status"], found["hiatus"]) == ("ONGOING", {"reason": "listed as on hiatus"})
    assert "score" not in found["statistics"]["anilist"], "0 is no score"
    assert found["external_ids"] == {"anilist": "802"}


def test_anilist_values_of_tomorrow_are_unknown_and_noted() -> None:
    notes = Notes("anilist")
    one = said("anilist", Kind.ANIME, "803", "anilist_anime", notes=notes)
    assert (values(one)["status"], values(one)["source_material"]) == ("UNKNOWN", "UNKNOWN")
    assert notes.surprises == [Surprise("anilist", "status", "AWAKENING"), Surprise("anilist", "source", "DREAM")]
    assert not {"status", "source_material", "hiatus"} & one.speaks_for, "what we cannot read states nothing"


def test_anilist_partial_answer_names_what_it_lacks() -> None:
    adapter = SOURCES["anilist"]
    ask = Ask(Kind.ANIME, ("801", "802"))
    reply = Reply(200, {}, body("anilist_partial"))
    assert adapter.fault(reply) is None
    page = adapter.page(ask, adapter.calls(ask)[0], reply)
    assert page.errors == {
        "801": {
            "related_anime": "Internal Server Error",
            "related_source_material": "Internal Server Error",
        }
    }
    one = adapter.said(ask, "801", page.items["801"], Notes("anilist"), NOW)
    assert "title" in one.speaks_for
    assert not {"related_anime", "tags", "demographics"} & one.speaks_for, "a null list is no empty list"


def test_anilist_airing() -> None:
    one = said("anilist", Kind.AIRING, "801", "anilist_anime")
    assert (one.latest_aired, one.next_episode) == (4, 5)
    assert one.next_air_at == datetime(2026, 10, 30, 16, 30, tzinfo=UTC)
    done = SOURCES["anilist"].said(
        Ask(Kind.AIRING, ("802",)), "802", body("anilist_partial")["data"]["Page"]["media"][1], Notes("anilist"), NOW
    )
    assert (done.latest_aired, done.next_air_at) == (12, None)
    assert "next_air" in done.speaks_for, "that nothing more airs is a statement"


def test_anilist_schedule_with_two_episodes_at_once() -> None:
    one = said("anilist", Kind.EPISODES, "801", "anilist_schedule")
    assert one.latest_aired == 3
    assert one.episodes is not None
    assert one.episodes[1].aired == one.episodes[2].aired


def test_anilist_window_over_two_pages() -> None:
    adapter = SOURCES["anilist"]
    since, until = datetime(2026, 10, 20, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC)
    ask = Ask(Kind.AIRING, since=since, until=until)
    call = adapter.calls(ask)[0]
    assert call.body is not None
    assert call.body["variables"]["after"] == int(since.timestamp())
    first = adapter.page(ask, call, Reply(200, {}, body("anilist_window_1")))
    second = adapter.page(ask, first.more[0], Reply(200, {}, body("anilist_window_2")))
    assert second.more == ()
    item = merged(first.items["801"], second.items["801"])
    one = adapter.said(ask, "801", item, Notes("anilist"), NOW)
    assert (one.latest_aired, one.next_episode) == (4, 5)
    assert one.external_ids == {"anilist": "801", "mal": "901"}


def test_anilist_cast_over_two_pages() -> None:
    cast = said("anilist", Kind.CHARACTERS, "801", "anilist_characters_1", "anilist_characters_2").characters
    assert cast is not None
    assert [(member.name, member.role) for member in cast] == [("Mikan", "MAIN"), ("The Keeper", "SUPPORTING")]
    assert cast[0].description == "A cat."
    assert cast[0].spoilers == {"description": "She is a ghost.", "names": "The Ghost"}
    assert cast[0].attributes == {"age": "7", "birthday": "--04-01"}
    assert (cast[0].voice_actors or [])[0].birth_date == "1999-01"


def test_anilist_staff_and_character() -> None:
    staff = values(said("anilist", Kind.STAFF, "801", "anilist_staff"))["staff_data"]
    assert staff["Director"][0]["native_name"] == "海田凛"
    character = values(said("anilist", Kind.CHARACTER, "31", "anilist_character"))
    assert character["animeography"][0]["external_ids"] == {"anilist": "801", "mal": "901"}


def test_kitsu_anime() -> None:
    notes = Notes("kitsu")
    one = said("kitsu", Kind.ANIME, "701", "kitsu_anime", notes=notes)
    found = values(one)
    assert found["external_ids"] == {"kitsu": "701", "mal": "901", "anilist": "801"}
    assert (found["season"], found["year"], found["month"]) == ("WINTER", 2027, "December")
    assert (found["rating"], found["nsfw"], found["status"]) == ("RX", True, "UPCOMING")
    assert found["statistics"] == {
        "kitsu": {
            "score": 7.84,
            "scored_by": 15,
            "rank": 800,
            "popularity_rank": 900,
            "members": 321,
            "favorites": 4,
        }
    }
    assert found["broadcast"] == {"next_episode_at": "2026-11-06T16:30:00Z"}
    assert [firm["name"] for firm in found["studios"]] == ["Studio Beacon"]
    assert [firm["name"] for firm in found["licensors"]] == ["Wave Licensing"]
    assert found["producers"] == []
    assert found["related_anime"]["SPIN_OFF"][0]["sources"] == ["https://kitsu.app/anime/umi-no-inu"]
    assert found["related_source_material"]["ADAPTATION"][0]["material"] == "ONE_SHOT"
    assert found["streaming_sources"] == [{"platform": "Wave", "url": "https://wave.example/neko"}]
    assert found["tags"] == ["Animals"]
    assert notes.surprises == []


def test_kitsu_airing() -> None:
    one = said("kitsu", Kind.AIRING, "701", "kitsu_anime")
    assert one.next_air_at == datetime(2026, 11, 6, 16, 30, tzinfo=UTC)
    assert one.next_episode is None


def test_kitsu_episodes_follow_the_link_but_stay_at_home() -> None:
    adapter = SOURCES["kitsu"]
    ask = Ask(Kind.EPISODES, ("701",))
    page = adapter.page(ask, adapter.calls(ask)[0], Reply(200, {}, body("kitsu_episodes_1")))
    assert page.more[0].path == "/anime/701/episodes"
    assert dict(page.more[0].params)["page[offset]"] == "20"
    one = said("kitsu", Kind.EPISODES, "701", "kitsu_episodes_1", "kitsu_episodes_2")
    assert one.episodes is not None
    assert [(row.episode_number, row.title, row.duration) for row in one.episodes] == [
        (1, "The Lamp", 1440),
        (2, "The Storm", None),
    ]
    assert one.episodes[0].aired == datetime(2026, 10, 1, 15, tzinfo=UTC)
    assert one.latest_aired == 2


def test_kitsu_cast_staff_and_character() -> None:
    cast = said("kitsu", Kind.CHARACTERS, "701", "kitsu_castings").characters
    assert cast is not None
    assert [(m.name, m.name_native, m.role, m.description) for m in cast] == [("Mikan", "みかん", "MAIN", "A cat.")]
    assert [(v.name, v.language) for v in cast[0].voice_actors or []] == [
        ("Aoi Hama", "Japanese"),
        ("Jo Reed", "English"),
    ]
    staff = values(said("kitsu", Kind.STAFF, "701", "kitsu_staff"))["staff_data"]
    assert staff["Director"][0]["external_ids"] == {"kitsu": "33"}
    assert values(said("kitsu", Kind.CHARACTER, "21", "kitsu_characters"))["name"] == "Mikan"


def test_mal_anime() -> None:
    one = said("mal", Kind.ANIME, "901", "mal_anime")
    found = values(one)
    assert (found["type"], found["source_material"], found["rating"], found["nsfw"]) == (
        "TV_SPECIAL",
        "MIXED_MEDIA",
        "RPLUS",
        True,
    )
    assert found["aired_dates"] == {"aired_from": "2026-09-30T15:00:00Z", "aired_to": "2025-12-31T15:00:00Z"}
    assert found["broadcast"] == {"day": "friday", "time": "23:00", "timezone": "Asia/Tokyo"}
    assert (found["genres"], found["demographics"], found["themes"]) == (
        ["Slice of Life"],
        ["Josei"],
        [{"name": "Pets"}],
    )
    assert found["statistics"] == {"mal": {"scored_by": 0, "rank": 700, "popularity_rank": 12, "members": 345}}
    assert found["images"]["covers"] == ["https://img.example/ml.jpg", "https://img.example/m2l.jpg"]
    assert found["related_anime"]["SPIN_OFF"][0]["title"] == "Toudai no Neko (2019)"
    assert not {"episode_count", "duration", "title_english"} & one.speaks_for, "0 episodes means unknown"


@pytest.mark.parametrize(
    ("source", "status", "name", "expected"),
    [
        ("jikan", 429, "jikan_429", Throttled),
        ("jikan", 504, "jikan_504", Transient),
        ("jikan", 200, "jikan_504", Transient),
        ("anilist", 429, "anilist_429", Throttled),
        ("anilist", 200, "anilist_404", NotFound),
        ("kitsu", 400, "kitsu_400", Transient),
        ("mal", 403, "mal_403", Outage),
    ],
)
def test_error_bodies(source: str, status: int, name: str, expected: type[EchoraError]) -> None:
    fault = SOURCES[source].fault(Reply(status, {}, body(name)))
    assert type(fault) is expected


@pytest.mark.parametrize(
    ("source", "name", "external_id"),
    [
        ("jikan", "jikan_anime", "901"),
        ("anilist", "anilist_anime", "801"),
        ("mal", "mal_anime", "901"),
    ],
)
def test_every_field_of_our_own_bodies_is_read_or_listed(source: str, name: str, external_id: str) -> None:
    adapter = SOURCES[source]
    ask = Ask(Kind.ANIME, (external_id,))
    item = adapter.page(ask, adapter.calls(ask)[0], Reply(200, {}, body(name))).items[external_id]
    seen: set[str] = set()
    adapter.said(ask, external_id, wrap(item, "", seen), Notes(source), NOW)
    assert unread(source, item, seen) == set()


_GOOD = (
    ("jikan", Kind.ANIME, "901", "jikan_anime"),
    ("jikan", Kind.EPISODES, "901", "jikan_episodes_2"),
    ("jikan", Kind.CHARACTERS, "901", "jikan_characters"),
    ("jikan", Kind.STAFF, "901", "jikan_staff"),
    ("jikan", Kind.CHARACTER, "55", "jikan_character"),
    ("anilist", Kind.ANIME, "801", "anilist_anime"),
    ("anilist", Kind.AIRING, "801", "anilist_anime"),
    ("anilist", Kind.EPISODES, "801", "anilist_schedule"),
    ("anilist", Kind.CHARACTERS, "801", "anilist_characters_2"),
    ("anilist", Kind.STAFF, "801", "anilist_staff"),
    ("anilist", Kind.CHARACTER, "31", "anilist_character"),
    ("kitsu", Kind.ANIME, "701", "kitsu_anime"),
    ("kitsu", Kind.EPISODES, "701", "kitsu_episodes_2"),
    ("kitsu", Kind.CHARACTERS, "701", "kitsu_castings"),
    ("kitsu", Kind.STAFF, "701", "kitsu_staff"),
    ("kitsu", Kind.CHARACTER, "21", "kitsu_characters"),
    ("mal", Kind.ANIME, "901", "mal_anime"),
)
_junk = st.sampled_from([None, True, -1, 0, 10**12, 1.5, "", "x" * 3000, "\x00", [], {}, [None], [3], {"a": []}])


def _spoil(value: Any, draw: Any) -> Any:
    # Walks down at random and replaces what it finds there.
    if isinstance(value, dict) and value and draw(st.integers(0, 5)):
        name = draw(st.sampled_from(sorted(value)))
        return {**value, name: _spoil(value[name], draw)}
    if isinstance(value, list) and value and draw(st.integers(0, 5)):
        at = draw(st.integers(0, len(value) - 1))
        return [*value[:at], _spoil(value[at], draw), *value[at + 1 :]]
    return draw(_junk)


@pytest.mark.parametrize(("source", "kind", "external_id", "name"), _GOOD)
@settings(max_examples=40)
@given(data=st.data())
def test_a_spoiled_value_costs_its_own_field_at_most(
    source: str, kind: Kind, external_id: str, name: str, data: Any
) -> None:
    adapter = SOURCES[source]
    ask = Ask(kind, (external_id,))
    good = adapter.page(ask, adapter.calls(ask)[0], Reply(200, {}, body(name))).items[external_id]
    spoiled = _spoil(good, data.draw)
    if isinstance(spoiled, dict):
        one = adapter.said(ask, external_id, spoiled, Notes(source), NOW)
        assert one.speaks_for <= adapter.capability[kind].gives


def test_ids_are_found_through_idmal_and_mappings() -> None:
    anilist, kitsu = SOURCES["anilist"], SOURCES["kitsu"]
    call = anilist.id_calls("mal", ("901",))[0]  # type: ignore[attr-defined]
    assert anilist.id_page("mal", call, Reply(200, {}, body("anilist_ids"))) == {  # type: ignore[attr-defined]
        "901": {"anilist": "801", "mal": "901"}
    }
    call = kitsu.id_calls("mal", ("901",))[0]  # type: ignore[attr-defined]
    assert dict(call.params)["filter[externalSite]"] == "myanimelist/anime"
    assert kitsu.id_page("mal", call, Reply(200, {}, body("kitsu_mappings"))) == {  # type: ignore[attr-defined]
        "901": {"mal": "901", "kitsu": "701"}
    }
    call = kitsu.id_calls("kitsu", ("701",))[0]  # type: ignore[attr-defined]
    assert kitsu.id_page("kitsu", call, Reply(200, {}, body("kitsu_anime"))) == {  # type: ignore[attr-defined]
        "701": {"kitsu": "701", "mal": "901", "anilist": "801"}
    }
