"""What waits for a person is proposed once."""

from __future__ import annotations

from handlers.update.diff import diff_anime
from handlers.update.proposals import Proposal, unproposed
from tests.unit.update.said import heard, record, told

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
