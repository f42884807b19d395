"""Why a change was believed travels with it, in short; who spoke against it makes no other change of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import codec, subjects
from contracts.events import AnimeUpdatedEvent, CharacterUpdatedEvent
from contracts.limits import BRIEF_CHARS_MAX, DISSENTS_MAX
from handlers.update import belief
from handlers.update.believed import belief_of
from handlers.update.change import Dissent, FieldChange
from handlers.update.diff import diff_anime, diff_character
from handlers.update.events import Cause, anime_events, character_events
from tests.events import uid
from tests.unit.update.said import at, heard, heard_character, record

SHOW = uid("show")
CAUSE = Cause(uid("tick"), at(10))


def looked(*said: Any, **held: Any) -> list[AnimeUpdatedEvent]:
    return anime_events(SHOW, 3, diff_anime(record("enrichment", 0, **held), said).changes, CAUSE)


def change(*dissents: Dissent) -> FieldChange:
    return FieldChange("title", "Old", "New", "jikan", at(1), belief.MOST_BELIEVED, dissents)


def test_the_rule_and_who_said_what_else_travel_with_the_change() -> None:
    (event,) = looked(heard("kitsu", title="Kitsu's"), heard("jikan", title="MAL's", year=1999), title="Old")
    sent = codec.decode(subjects.ANIME_UPDATED, codec.encode(event))
    assert isinstance(sent, AnimeUpdatedEvent)
    assert sent.beliefs == event.beliefs
    assert (sent.beliefs["title"].rule, sent.beliefs["title"].dissents) == (belief.MOST_BELIEVED, {"kitsu": "Kitsu's"})
    assert (sent.beliefs["year"].rule, sent.beliefs["year"].dissents) == (belief.FIRST_WORD, {})


def test_also_of_a_character() -> None:
    said = [heard_character("anilist", name="Ginko (Mushishi)"), heard_character("jikan", name="Ginko")]
    (event,) = character_events(uid("ginko"), 5, diff_character(record("enrichment"), said).changes, CAUSE)
    sent = codec.decode(subjects.CHARACTER_UPDATED, codec.encode(event))
    assert isinstance(sent, CharacterUpdatedEvent)
    assert sent.beliefs["name"].dissents == {"anilist": "Ginko (Mushishi)"}


def test_of_a_map_each_key_has_its_own() -> None:
    (event,) = looked(heard("anilist", statistics={"anilist": {"score": 8.1}}))
    assert event.changed_fields == ["statistics"]
    assert {name: one.rule for name, one in event.beliefs.items()} == {"statistics.anilist": belief.OWN_FIGURES}


@pytest.mark.parametrize(
    ("field", "believed", "against", "words"),
    [
        ("genres", ["Drama"], ["Drama", "Action"], "Drama, Action"),
        ("studios", [{"name": "One"}], [{"name": "Two", "external_ids": {"kitsu": "2"}}], "Two"),
        ("staff_data", {"Director": [{"name": "A"}]}, {"Music": [{"name": "B"}]}, "Music B"),
        ("related_anime", {"SEQUEL": [{"title": "Two"}]}, {"PREQUEL": [{"title": "Nil"}]}, "PREQUEL Nil"),
        ("episode_count", 12, 13, "13"),
        ("synopsis", "A text.", "Another\n text.", "Another text."),
        (
            "aired_dates", {"aired_from": "2026-01-02T00:00:00Z"}, {"aired_from": "2026-01-09T00:00:00Z"},
            "aired_from 2026-01-09T00:00:00Z",
        ),
    ],
)  # fmt: skip
def test_what_others_said_is_told_as_people_name_it(field: str, believed: Any, against: Any, words: str) -> None:
    (event,) = looked(heard("jikan", **{field: believed}), heard("kitsu", **{field: against}))
    assert event.beliefs[field].dissents == {"kitsu": words}


def test_a_list_that_only_lacks_items_speaks_against_nothing() -> None:
    (event,) = looked(heard("jikan", genres=["Drama", "Action"]), heard("kitsu", genres=["drama"]))
    assert event.beliefs["genres"].dissents == {}


WORDS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), min_size=1, max_size=300)


@given(st.lists(st.builds(Dissent, st.just("title"), WORDS | st.none(), st.text("abcdef", min_size=1), WORDS)))
def test_it_stays_short_whatever_was_said(dissents: list[Dissent]) -> None:
    (event,) = anime_events(SHOW, 3, [change(*dissents)], CAUSE)
    said = event.beliefs["title"].dissents
    assert len(said) <= DISSENTS_MAX
    assert all(0 < len(words) <= BRIEF_CHARS_MAX for words in said.values())
    assert codec.decode(subjects.ANIME_UPDATED, codec.encode(event)) == event


def test_who_spoke_against_a_change_does_not_make_it_another_one() -> None:
    alone, doubted = change(), change(Dissent("title", "Else", "kitsu", "jikan is believed more"))

    def ids(one: FieldChange) -> list[UUID]:
        return [event.event_id for event in anime_events(SHOW, 3, [one], CAUSE)]

    assert ids(alone) == ids(doubted)
    assert ids(replace(alone, new="Newer")) != ids(alone)
    assert belief_of(doubted).dissents == {"kitsu": "Else"}


def test_somebody_who_only_speaks_against_what_is_held_tells_nothing() -> None:
    held = record("jikan", 0, title="MAL's")
    found = diff_anime(held, [heard("kitsu", title="Kitsu's"), heard("jikan", title="MAL's")])
    assert found.changes == ()
    assert [one.source for one in found.dissents] == ["kitsu"]
