"""What waits for a person is proposed once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from contracts.observation import Observation
from handlers.update import belief
from handlers.update.current import Current
from handlers.update.diff import diff_anime
from handlers.update.proposals import Proposal, news, unproposed
from tests.unit.update.said import at, heard, record, told

CURRENT = record("jikan", 0, title="Monster", genres=["a", "b", "c"], year=2004)
KNOWN = [Proposal("title", "Monster ", "Monster: The Movie")]


def test_what_is_held_is_not_proposed_at_every_look() -> None:
    changes = diff_anime(CURRENT, [heard("jikan", 1, title="Monster: The  Movie", genres=["c"], year=2005)]).changes
    assert set(told(unproposed(changes, []))) == {"title", "genres", "year"}
    assert set(told(unproposed(changes, KNOWN))) == {"genres", "year"}
    lists = [Proposal("genres", ["c", "b", "a"], ["c"])]
    assert set(told(unproposed(changes, [*KNOWN, *lists]))) == {"year"}


def test_another_value_or_another_base_is_another_proposal() -> None:
    other = diff_anime(CURRENT, [heard("jikan", 1, title="Monstrum")]).changes
    assert unproposed(other, KNOWN) == list(other)
    moved = diff_anime(record("jikan", 0, title="Monsters"), [heard("jikan", 1, title="Monster: The Movie")]).changes
    assert unproposed(moved, KNOWN) == list(moved)


def test_what_is_not_risky_is_never_kept_back() -> None:
    changes = diff_anime(CURRENT, [heard("jikan", 1, year=2005)]).changes
    assert unproposed(changes, [Proposal("year", 2004, 2005)]) == list(changes)


WAITS = Proposal("title", "Monster", "Monster: The Movie", "jikan", at(5))


def found_by(seen: list[Observation], known: list[Proposal], current: Current = CURRENT, **more: Any) -> dict[str, Any]:
    return told(news(diff_anime(current, seen).changes, current, seen, known, **more))


def test_a_source_that_says_again_what_the_record_holds_takes_its_change_back() -> None:
    (change,) = news((), CURRENT, [heard("jikan", 6, title="Monster ")], [WAITS])
    assert (change.field, change.old, change.new) == ("title", "Monster", "Monster")
    assert (change.source, change.observed_at, change.rule) == ("jikan", at(6), belief.TAKEN_BACK)
    removed = Proposal("genres", ["a", "b", "c"], None, "jikan", at(5))
    assert found_by([heard("jikan", 6, genres=["c", "a", "b"])], [removed]) == {"genres": ["a", "b", "c"]}


@pytest.mark.parametrize(
    ("seen", "known"),
    [
        pytest.param([heard("jikan", 5, title="Monster")], WAITS, id="no newer than what waits"),
        pytest.param([heard("jikan", 6, title="Monster: The Movie")], WAITS, id="it still says so"),
        pytest.param([heard("kitsu", 6, title="Monster")], WAITS, id="somebody else says so"),
        pytest.param([heard("jikan", 6, year=2004)], WAITS, id="it says nothing of the field"),
        pytest.param([heard("jikan", 6, title="Monster")], replace(WAITS, observed_at=None), id="nothing waits"),
        pytest.param([heard("jikan", 6, title="Monster")], replace(WAITS, label="jikan+mal"), id="one of two says so"),
    ],
)
def test_nothing_is_taken_back_unless_its_source_says_so_anew(seen: list[Observation], known: Proposal) -> None:
    assert found_by(seen, [known]) == {}


def test_a_newer_proposal_takes_the_place_of_taking_back() -> None:
    seen = [heard("jikan", 6, title="Monster"), heard("mal", 6, title="Monstrum")]
    assert found_by(seen, [WAITS]) == {"title": "Monstrum"}


def test_what_was_said_by_somebody_who_is_believed_more_stays_theirs() -> None:
    waits = replace(WAITS, label="kitsu")
    assert found_by([heard("kitsu", 6, title="Monster")], [waits]) == {}
    assert found_by([heard("kitsu", 6, title="Monster")], [waits], record("kitsu", 0, title="Monster")) == {
        "title": "Monster"
    }


def test_a_look_at_some_fields_takes_back_no_other() -> None:
    seen = [heard("jikan", 6, title="Monster")]
    assert found_by(seen, [WAITS], fields=frozenset({"status"})) == {}
    assert found_by(seen, [WAITS], fields=frozenset({"title"})) == {"title": "Monster"}
