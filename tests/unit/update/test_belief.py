"""Whom to believe: the cases that a person would decide the same way."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.observation import NEXT_AIR
from handlers.persist.merge import NEVER_BLANKED, NEVER_UNKNOWN
from handlers.update import belief
from handlers.update.current import Current
from handlers.update.diff import diff_anime, diff_character
from handlers.update.kinds import ANIME, CHARACTER, MAY_BE_NONE, Kind
from tests.unit.update.said import applied, at, heard, heard_character, record, told


@pytest.mark.parametrize(
    ("held", "source", "field", "said"),
    [
        ("TV_SHORT", "jikan", "type", "TV"),
        ("TV_SHORT", "mal", "type", "TV"),
        ("TV_SPECIAL", "anilist", "type", "SPECIAL"),
        ("TV_SPECIAL", "kitsu", "type", "SPECIAL"),
        ("PG13", "kitsu", "rating", "PG"),
        ("PG13", "kitsu", "rating", "R"),
        ("RPLUS", "kitsu", "rating", "R"),
        ("KOMA_4", "anilist", "source_material", "MANGA"),
        ("CANCELLED", "jikan", "status", "FINISHED"),
        ("TV", "jikan", "type", "UNKNOWN"),
        (1426, "jikan", "duration", 1440),
        (1440, "jikan", "duration", 1440),
        ({"aired_from": "2017-10-22T15:00:00Z"}, "mal", "aired_dates", {"aired_from": "2017-09-30T15:00:00Z"}),
        ({"aired_from": "2017-10-22T15:00:00Z"}, "mal", "aired_dates", {"aired_from": "2016-12-31T15:00:00Z"}),
        ({"aired_from": "2017-10-23T01:30:00Z"}, "mal", "aired_dates", {"aired_from": "2017-10-22T15:00:00Z"}),
        ({"day": "friday", "time": "25:30"}, "jikan", "broadcast", {"day": "saturday", "time": "01:30"}),
        ({"day": "sunday", "time": "25:30"}, "jikan", "broadcast", {"day": "monday", "time": "01:30"}),
        ({"day": "friday", "time": "25:30"}, "jikan", "broadcast", {"day": "friday"}),
        ("Pokémon", "jikan", "title", "Poke\u0301mon "),
        (["Sci-Fi", "Drama"], "jikan", "genres", ["drama", "Sci-fi"]),
    ],
)
def test_what_a_source_cannot_say_better_is_no_change(held: Any, source: str, field: str, said: Any) -> None:
    assert diff_anime(record("enrichment", 0, **{field: held}), [heard(source, 1, **{field: said})]).changes == ()


@pytest.mark.parametrize(
    ("held", "source", "field", "said"),
    [
        ("TV_SHORT", "jikan", "type", "MOVIE"),
        ("PG13", "jikan", "rating", "R"),
        ("PG13", "kitsu", "rating", "G"),
        (1380, "jikan", "duration", 1440),
        (1440, "mal", "duration", 1426),
        ({"aired_from": "2017-10-22T15:00:00Z"}, "mal", "aired_dates", {"aired_from": "2017-11-30T15:00:00Z"}),
        ({"aired_from": "2017-10-22T15:00:00Z"}, "mal", "aired_dates", {"aired_from": "2017-10-04T15:00:00Z"}),
        ({"day": "friday", "time": "25:30"}, "jikan", "broadcast", {"day": "friday", "time": "01:30"}),
        ("monster", "jikan", "title", "Monster"),
        (False, "anilist", "nsfw", True),
    ],
)
def test_what_it_can_say_is_a_change(held: Any, source: str, field: str, said: Any) -> None:
    (change,) = diff_anime(record("enrichment", 0, **{field: held}), [heard(source, 1, **{field: said})]).changes
    assert (change.field, change.source, change.observed_at) == (field, source, at(1))


def test_the_most_believed_decides_and_the_others_are_heard() -> None:
    found = diff_anime(
        record("enrichment", 0, title="Old"),
        [heard("kitsu", 3, title="Kitsu's"), heard("anilist", 2, title="AniList's"), heard("jikan", 1, title="MAL's")],
    )
    (change,) = found.changes
    assert (change.new, change.source, change.rule) == ("MAL's", "jikan", belief.MOST_BELIEVED)
    assert {one.source: one.value for one in found.dissents} == {"kitsu": "Kitsu's", "anilist": "AniList's"}


def test_a_source_that_is_down_moves_nothing() -> None:
    current = record("jikan", 0, title="MAL's")
    found = diff_anime(current, [heard("anilist", 1, title="AniList's")])
    assert found.changes == ()
    assert [one.reason for one in found.dissents] == ["jikan is believed more"]


def test_a_source_that_was_switched_off_holds_nothing_any_more() -> None:
    current = Current({"title": "MAL's"}, record("jikan").provenance, 1, switched_off=frozenset({"jikan"}))
    assert told(diff_anime(current, [heard("anilist", 1, title="AniList's")]).changes) == {"title": "AniList's"}


def test_what_nobody_stands_for_any_more_is_not_taken_away_by_others() -> None:
    values = {"synopsis": "A text.", "genres": ["Drama"]}
    current = Current(values, record("jikan").provenance, 1, switched_off=frozenset({"jikan"}))
    assert diff_anime(current, [heard("anilist", 1, synopsis=None, genres=None)]).changes == ()


def test_what_a_person_decided_stays_but_for_a_status_that_two_platforms_say_goes_forward() -> None:
    current = record("person", 0, title="Right", status="ONGOING", genres=["Drama"])
    said = heard("anilist", 1, title="Wrong", status="FINISHED", genres=["Action"])
    assert diff_anime(current, [said]).changes == ()
    assert diff_anime(current, [said, heard("kitsu", 1, status="ONGOING")]).changes == ()
    (change,) = diff_anime(current, [said, heard("jikan", 1, status="FINISHED")]).changes
    assert (change.new, change.source, change.rule) == ("FINISHED", "anilist", belief.FORWARD)
    back = [heard("anilist", 1, status="UPCOMING"), heard("jikan", 1, status="UPCOMING")]
    assert diff_anime(current, back).changes == ()


def test_an_older_copy_says_nothing() -> None:
    assert diff_anime(record("jikan", 5, title="New"), [heard("jikan", 4, title="Old")]).changes == ()
    assert diff_anime(record("jikan", 5, title="New"), [heard("jikan", 5, title="Old")]).changes == ()


def test_of_two_words_of_one_source_the_newer_counts() -> None:
    words = [heard("jikan", 2, title="New"), heard("jikan", 1, title="Old")]
    for seen in (words, words[::-1]):
        assert told(diff_anime(record("jikan", 0, title="T"), seen).changes) == {"title": "New"}


def test_unknown_gives_way_even_to_an_older_word() -> None:
    assert told(diff_anime(record("jikan", 5, type="UNKNOWN"), [heard("mal", 1, type="TV")]).changes) == {"type": "TV"}


def test_what_is_open_says_nothing() -> None:
    said = heard("jikan", 1, title="New").model_copy(
        update={"speaks_for": frozenset[str](), "open": frozenset({"title", "synopsis"})}
    )
    assert diff_anime(record("enrichment", 0, title="Old", synopsis="A text."), [said]).changes == ()


@pytest.mark.parametrize("field", ["title", "type", "status", "episode_count", "year", "synopsis", "genres"])
def test_a_source_that_says_none_takes_away_nothing_that_others_said(field: str) -> None:
    values = {"title": "T", "type": "TV", "status": "ONGOING", "episode_count": 12, "year": 2017}
    current = record("anilist", 0, **values, synopsis="A text.", genres=["Drama"])
    assert diff_anime(current, [heard("jikan", 1, **{field: None})]).changes == ()


def test_what_no_source_can_take_away_in_a_look_no_event_of_one_takes_away_either() -> None:
    simple = (Kind.TEXT, Kind.WORD, Kind.NUMBER, Kind.OVERLAY)
    named = {name for kinds in (ANIME, CHARACTER) for name, kind in kinds.items() if kind in simple}
    # Without a title or a name an event is refused; the means are ours to compute.
    assert named - MAY_BE_NONE - {"title", "name"} == (NEVER_BLANKED | NEVER_UNKNOWN) - {"score"}


def test_a_text_is_removed_by_who_said_it_and_a_total_never() -> None:
    current = record("jikan", 0, synopsis="A text.", episode_count=12)
    assert told(diff_anime(current, [heard("jikan", 1, synopsis=None, episode_count=None)]).changes) == {
        "synopsis": None
    }


def test_an_unknown_total_becomes_known() -> None:
    (change,) = diff_anime(record("jikan", 0), [heard("jikan", 1, episode_count=12)]).changes
    assert (change.old, change.new, change.rule) == (None, 12, belief.FIRST_WORD)


def test_a_total_below_the_highest_episode_is_that_number() -> None:
    current = Current({"episode_count": 14}, record("jikan").provenance, 1, highest_episode=14)
    assert diff_anime(current, [heard("jikan", 1, episode_count=12)]).changes == ()
    assert told(diff_anime(current, [heard("jikan", 1, episode_count=24)]).changes) == {"episode_count": 24}


def test_a_finer_word_fills_what_is_empty() -> None:
    (change,) = diff_anime(Current(), [heard("jikan", 2, type="TV"), heard("anilist", 1, type="TV_SHORT")]).changes
    assert (change.new, change.source, change.rule) == ("TV_SHORT", "anilist", belief.FINER_WORD)


# --- status -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["jikan", "mal", "kitsu", "anilist"])
def test_a_status_goes_forward_also_when_it_skips_a_stage(source: str) -> None:
    for holder in ("enrichment", source):
        current = record(holder, 0, status="UPCOMING")
        assert told(diff_anime(current, [heard(source, 1, status="FINISHED")]).changes) == {"status": "FINISHED"}


def test_a_status_derived_from_dates_does_not_end_a_show_against_those_who_know() -> None:
    current = record("anilist", 0, status="ONGOING")
    assert diff_anime(current, [heard("kitsu", 1, status="FINISHED")]).changes == ()


def test_a_status_goes_back_only_when_nobody_says_otherwise() -> None:
    current = record("jikan", 0, status="FINISHED")
    late = heard("anilist", 1, status="ONGOING")
    assert told(diff_anime(current, [late]).changes) == {"status": "ONGOING"}
    found = diff_anime(current, [late, heard("jikan", 1, status="FINISHED")])
    assert found.changes == ()
    assert [one.reason for one in found.dissents] == [
        "status goes back only when nobody says otherwise, and jikan does"
    ]
    assert diff_anime(current, [heard("kitsu", 1, status="ONGOING")]).changes == ()


def test_a_cancellation_is_believed_of_the_one_that_knows_such() -> None:
    said = [heard("anilist", 1, status="CANCELLED"), heard("jikan", 2, status="ONGOING")]
    assert told(diff_anime(record("jikan", 0, status="ONGOING"), said).changes) == {"status": "CANCELLED"}


# --- lists --------------------------------------------------------------------------------------------------------


def test_a_source_takes_away_only_from_its_own_list() -> None:
    said = heard("jikan", 1, genres=["Drama", "Mystery"])
    own = diff_anime(record("jikan", 0, genres=["Drama", "Action"]), [said]).changes[0]
    assert (own.new, own.rule) == (["Drama", "Mystery"], belief.OWN_LIST)
    imported = diff_anime(record("enrichment", 0, genres=["Drama", "Action"]), [said]).changes[0]
    assert (imported.new, imported.rule) == (["Drama", "Action", "Mystery"], belief.ADDED)
    assert imported.source == "enrichment+jikan", "both had a part in it, and both are named"


def test_what_an_import_listed_stays_until_an_import_takes_it_away() -> None:
    current = record("enrichment", 0, genres=["Drama", "Action"])
    current = applied(current, diff_anime(current, [heard("jikan", 1, genres=["Mystery"])]).changes)
    assert diff_anime(current, [heard("jikan", 9, genres=["Mystery"])]).changes == ()


def test_a_less_believed_list_is_not_heard_and_a_more_believed_one_takes_over() -> None:
    kitsu, anilist = heard("kitsu", 1, tags=["Adventure"]), heard("anilist", 1, tags=["Found Family"])
    assert diff_anime(record("anilist", 0, tags=["Found Family"]), [kitsu]).changes == ()
    assert told(diff_anime(record("kitsu", 0, tags=["Adventure"]), [anilist]).changes) == {"tags": ["Found Family"]}


def test_ids_and_notes_of_an_item_survive_a_source_that_does_not_know_them() -> None:
    held = [{"name": "BONES", "external_ids": {"anilist": "4", "mal": "4"}, "type": "studio"}]
    said = [{"name": "Bones", "external_ids": {"mal": "4"}}]
    assert diff_anime(record("enrichment", 0, studios=held), [heard("jikan", 1, studios=said)]).changes == ()
    (change,) = diff_anime(record("jikan", 0, studios=held), [heard("jikan", 1, studios=said)]).changes
    assert change.new == [{"name": "Bones", "external_ids": {"anilist": "4", "mal": "4"}, "type": "studio"}]


def test_a_page_is_added_once_per_site() -> None:
    current = record("enrichment", 0, sources=["https://myanimelist.net/anime/19/Monster"])
    said = [
        heard("jikan", 1, sources=["https://myanimelist.net/anime/19/Monster_2"]),
        heard("anilist", 1, sources=["https://anilist.co/anime/19"]),
    ]
    assert told(diff_anime(current, said).changes) == {
        "sources": ["https://myanimelist.net/anime/19/Monster", "https://anilist.co/anime/19"]
    }


def test_an_older_copy_adds_no_page() -> None:
    current = record("enrichment", 5, sources=["https://myanimelist.net/anime/19"])
    assert diff_anime(current, [heard("anilist", 4, sources=["https://anilist.co/anime/19"])]).changes == ()


def test_a_season_that_is_only_read_off_a_date_is_not_heard() -> None:
    assert told(diff_anime(Current(), [heard("kitsu", 1, season="FALL", year=2017, month="October")]).changes) == {
        "month": "October"
    }


def test_voices_are_known_however_their_name_is_written() -> None:
    held = {"voice_actors": [{"name": "Mamiko Noto", "language": "Japanese", "blood_type": "O"}]}
    said = [{"name": "Noto, Mamiko", "language": "Japanese", "id": "8"}, {"name": "Feld, Jonas", "language": "German"}]
    current = Current(held, record("enrichment").provenance, 1)
    (change,) = diff_character(current, [heard_character("jikan", 1, voice_actors=said)]).changes
    assert change.new == [
        {"name": "Mamiko Noto", "language": "Japanese", "blood_type": "O", "id": "8"},
        {"name": "Feld, Jonas", "language": "German"},
    ]


def test_hearts_drift_without_being_news() -> None:
    current = Current({"favorites": 10_000}, record("jikan").provenance, 1)
    assert diff_character(current, [heard_character("jikan", 1, favorites=10_099)]).changes == ()
    assert told(diff_character(current, [heard_character("jikan", 1, favorites=10_101)]).changes) == {
        "favorites": 10_101
    }


# --- what is laid over --------------------------------------------------------------------------------------------


def test_figures_are_laid_over_and_a_platform_that_is_silent_keeps_its_own() -> None:
    current = record("enrichment", 0, statistics={"mal": {"score": 8, "rank": 3}, "kitsu": {"score": 7}})
    found = diff_anime(
        current,
        [
            heard("mal", 2, statistics={"mal": {"score": 8.2}}),
            heard("jikan", 1, statistics={"mal": {"score": 8.1, "favorites": 9}}),
        ],
    )
    (change,) = found.changes
    assert (change.field, change.source) == ("statistics.mal", "jikan+mal")
    assert change.new == {"score": 8.2, "rank": 3, "favorites": 9}


def test_a_known_id_is_never_replaced() -> None:
    current = record("enrichment", 0, external_ids={"mal": "19"})
    found = diff_anime(current, [heard("anilist", 1, external_ids={"mal": "20", "anilist": "1"})])
    assert told(found.changes) == {"external_ids.anilist": "1"}
    assert [(one.field, one.value) for one in found.dissents] == [("external_ids.mal", "20")]


def test_slot_and_next_air_time_come_from_those_who_know_them() -> None:
    soon, later = "2026-03-01T16:30:00Z", "2026-03-08T16:30:00Z"
    slot = {"day": "sunday", "time": "25:30", "timezone": "Asia/Tokyo"}
    first = [heard("jikan", 1, broadcast=slot), heard("anilist", 2, broadcast={"next_episode_at": soon})]
    (change,) = diff_anime(Current(), first).changes
    assert (change.new, change.source, change.observed_at) == (
        {**slot, "next_episode_at": soon}, "anilist+jikan", at(2),
    )  # fmt: skip
    current = applied(Current(), [change])
    (moved,) = diff_anime(current, [heard("anilist", 3, broadcast={"next_episode_at": later})]).changes
    assert (moved.new, moved.source) == ({**slot, "next_episode_at": later}, "anilist+jikan")
    assert diff_anime(current, [heard("kitsu", 3, broadcast={"next_episode_at": later})]).changes == ()
    none = heard("anilist", 4).model_copy(update={"speaks_for": frozenset({NEXT_AIR})})
    assert told(diff_anime(current, [none]).changes) == {"broadcast": slot}


def test_a_break_begins_and_ends_and_what_is_known_of_it_stays() -> None:
    known = {"reason": "The staff is ill.", "hiatus_from": "2026-02-01T00:00:00Z"}
    listed = {"reason": "listed as on hiatus"}
    assert diff_anime(record("enrichment", 0, hiatus=known), [heard("anilist", 1, hiatus=listed)]).changes == ()
    assert told(diff_anime(record("enrichment", 0, hiatus=known), [heard("anilist", 1, hiatus=None)]).changes) == {
        "hiatus": None
    }
    assert told(diff_anime(record("enrichment", 0), [heard("anilist", 1, hiatus=listed)]).changes) == {"hiatus": listed}


def test_a_fifth_source_fills_what_is_empty_and_gives_way_to_those_that_are_known() -> None:
    fifth = heard("bangumi", 1, title="Theirs", synopsis="A text.")
    current = applied(Current(), diff_anime(Current(), [fifth]).changes)
    assert current.values["title"] == "Theirs"
    assert told(diff_anime(current, [heard("kitsu", 2, title="Kitsu's")]).changes) == {"title": "Kitsu's"}
    assert told(diff_anime(record("kitsu", 0, title="Kitsu's"), [fifth]).changes) == {"synopsis": "A text."}
