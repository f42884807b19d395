"""The risk policy, rule by rule; and when two items are one thing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import risk
from contracts.items import lost
from contracts.model import AnimeFields, CharacterFields
from contracts.risk import PERSON, RULES, risks_of, risky_fields
from handlers.update import belief

LONG = "A doctor saves a boy. " * 10


@pytest.mark.parametrize(
    ("field", "old", "new", "rule"),
    [
        ("title", "Monster", "Monster: The Movie", "title changed"),
        ("type", "TV", "MOVIE", "type changed"),
        ("source_material", "MANGA", "ORIGINAL", "source material changed"),
        ("episode_count", 13, 12, "episode count down"),
        ("status", "ONGOING", "CANCELLED", "status cancelled"),
        ("status", None, "CANCELLED", "status cancelled"),
        ("status", "FINISHED", "ONGOING", "status backward"),
        ("status", "ONGOING", "UPCOMING", "status backward"),
        ("status", "CANCELLED", "ONGOING", "status backward"),
        ("synopsis", LONG, None, "text removed"),
        ("background", LONG, "  ", "text removed"),
        ("description", LONG, LONG[:90], "text cut to less than half"),
        ("genres", ["a", "b", "c"], ["a"], "list loses more than half"),
        ("genres", ["a", "b", "c"], ["x", "y", "z"], "list loses more than half"),
        ("tags", ["a"], None, "list loses more than half"),
        ("staff_data", {"Director": [{"name": "A"}], "Music": [{"name": "B"}]}, {}, "list loses more than half"),
        ("attributes", {"age": "17", "gender": "Male", "height": "2 m"}, {"age": "18"}, "list loses more than half"),
        ("images", {"covers": ["a", "b", "c"]}, {"covers": ["d"]}, "list loses more than half"),
    ],
)
def test_what_waits_for_a_person(field: str, old: Any, new: Any, rule: str) -> None:
    (flag,) = risks_of(field, old, new)
    assert (flag.field, flag.rule) == (field, rule)
    assert field.replace("_", " ") in flag.reason or field == "status"


@pytest.mark.parametrize(
    ("field", "old", "new"),
    [
        ("title", None, "Monster"),
        ("title", "Monster", " Monster\n"),
        ("title_english", "Monster", "Monsters"),
        ("type", "UNKNOWN", "TV"),
        ("type", "TV", "UNKNOWN"),
        ("episode_count", 12, 13),
        ("episode_count", None, 12),
        ("episode_count", 12, None),
        ("status", "UPCOMING", "ONGOING"),
        ("status", "UPCOMING", "FINISHED"),
        ("status", "ONGOING", "FINISHED"),
        ("status", "UNKNOWN", "UPCOMING"),
        ("status", "CANCELLED", "CANCELLED"),
        ("synopsis", LONG, LONG + "More."),
        ("synopsis", LONG, LONG[: len(LONG) // 2 + 1]),
        ("synopsis", None, "A text."),
        ("genres", ["a", "b"], ["b"]),
        ("genres", ["Drama", "Action"], ["action", "drama"]),
        ("images", {"covers": ["a"]}, {"covers": ["b"]}),
        ("images", {"covers": ["a", "b"]}, {"covers": ["c"]}),
        ("synopsis", "abcd", "ab"),
        ("rating", "R", "G"),
        ("studios", [{"name": "Bones", "external_ids": {"mal": "4"}}], [{"name": "BONES", "sources": ["u"]}]),
        ("studios", [{"name": "Bones", "external_ids": {"mal": "4"}}], [{"name": "B.", "external_ids": {"mal": "4"}}]),
        ("voice_actors", [{"name": "Noto, Mamiko"}], [{"name": "Mamiko Noto"}]),
    ],
)
def test_what_is_applied_at_once(field: str, old: Any, new: Any) -> None:
    assert risks_of(field, old, new) == []


def test_only_the_risky_fields_are_held() -> None:
    flags = [*risks_of("title", "A", "B"), *risks_of("year", 2000, 2001), *risks_of("synopsis", LONG, None)]
    assert risky_fields(flags) == {"title", "synopsis"}


def test_a_reason_quotes_long_values_shortly() -> None:
    (flag,) = risks_of("title", "A" * 1000, "B" * 1000)
    assert flag.reason == f"title changes from “{'A' * 79}…” to “{'B' * 79}…”"


def test_rules_name_fields_that_there_are_and_no_field_has_two_of_one_kind() -> None:
    fields = {*AnimeFields.model_fields, *CharacterFields.model_fields}
    assert {name for rule in RULES for name in rule.fields} <= fields
    assert not risk.LISTS & risk.ADDRESSES
    assert not risk.TEXTS & (risk.LISTS | risk.ADDRESSES)


ITEMS = st.lists(st.sampled_from("abcdef"), max_size=6, unique=True)


@given(ITEMS, ITEMS)
def test_a_list_is_held_exactly_when_more_than_half_of_it_goes(old: list[str], new: list[str]) -> None:
    gone = len(set(old) - set(new))
    assert lost("tags", old, new) == (gone, len(old))
    assert bool(risks_of("tags", old, new)) is (gone > len(old) / 2)


@given(ITEMS)
def test_nothing_is_risky_about_the_same_again(items: list[str]) -> None:
    for field, value in (
        ("tags", items),
        ("title", "".join(items)),
        ("synopsis", "".join(items)),
        ("status", "FINISHED"),
    ):
        assert risks_of(field, value, value) == []


def test_each_item_is_matched_once() -> None:
    twice = [{"title": "Song"}, {"title": "Song"}, {"title": "Other"}]
    assert lost("opening_themes", twice, [{"title": "Song"}]) == (2, 3)


def test_works_with_ids_that_differ_are_two_however_alike_their_titles() -> None:
    manga = {"ADAPTATION": [{"title": "Monster", "external_ids": {"mal": "1"}}]}
    novel = {"ADAPTATION": [{"title": "Monster", "external_ids": {"mal": "2"}}]}
    elsewhere = {"ADAPTATION": [{"title": "monster", "external_ids": {"anilist": "9"}}]}
    assert lost("related_source_material", manga, novel) == (1, 1)
    assert lost("related_source_material", manga, elsewhere) == (0, 1)


def test_a_person_has_one_name_in_the_rooms_that_hear_of_one() -> None:
    assert belief.PERSON == PERSON
