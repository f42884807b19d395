"""The ledger on trial: a sound case is judged sound, an unsound one lost, and the sentence says what happened."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.events import uid
from tests.faults.harness.fates import Evidence, Shown, fate, gone_back
from tests.faults.harness.ledger import Entry

ANIME = uid("an anime")
KEY = ("anime", ANIME)
CONSUMER = "postgres-update-consumer"


def entry(token: str, minute: float, *, acknowledged: bool = True, event_id: UUID | None = None) -> Entry:
    made = Entry(token, "anime", ANIME, minute, CONSUMER, event_id or uid(token))
    made.sent, made.acknowledged = 1, acknowledged
    return made


def book(*entries: Entry) -> dict[str, Entry]:
    return {one.token: one for one in entries}


def evidence(*shown: tuple[int, str], claims: dict[str, int], reviews: dict[UUID, str] | None = None) -> Evidence:
    placed = {(CONSUMER, uid(token)): place for token, place in claims.items()}
    return Evidence({KEY: [Shown(*one) for one in shown]}, placed, reviews or {})


def test_what_shows_took_effect() -> None:
    one = entry("one", 1)
    assert fate(one, book(one), evidence((1, "one"), claims={"one": 1})).times == 1


def test_what_shows_again_took_effect_twice() -> None:
    one, two = entry("one", 1), entry("two", 2)
    shown = evidence((1, "one"), (2, "two"), (3, "one"), claims={"one": 1, "two": 2})
    assert fate(one, book(one, two), shown).times == 2
    assert gone_back(book(one, two), shown) == [f"anime {ANIME} went from “two” back to “one”"]


def test_two_changes_of_one_transaction_show_as_the_later() -> None:
    one, two = entry("one", 1), entry("two", 2)
    found = fate(one, book(one, two), evidence((7, "two"), claims={"one": 7, "two": 7}))
    assert (found.lost, found.superseded_by) == (None, "two")


def test_a_later_change_that_was_never_confirmed_supersedes_as_well() -> None:
    one, two = entry("one", 1), entry("two", 2, acknowledged=False)
    found = fate(one, book(one, two), evidence((7, "two"), claims={"one": 7, "two": 7}))
    assert (found.lost, found.superseded_by) == (None, "two")


def test_a_late_change_is_superseded_by_what_stands() -> None:
    one, two = entry("one", 1), entry("two", 2)
    found = fate(one, book(one, two), evidence((5, "two"), claims={"two": 5, "one": 9}))
    assert found.superseded_by == "two"


def test_a_change_that_nobody_claimed_is_lost_though_a_later_one_shows() -> None:
    one, two = entry("one", 1), entry("two", 2)
    found = fate(one, book(one, two), evidence((5, "two"), claims={"two": 5}))
    assert found.lost is not None
    assert "never claimed" in found.lost


def test_a_change_that_was_claimed_before_the_later_one_is_lost() -> None:
    first, one, two = entry("first", 0), entry("one", 1), entry("two", 2, acknowledged=False)
    found = fate(
        one, book(first, one, two), evidence((3, "first"), (5, "two"), claims={"first": 3, "one": 4, "two": 5})
    )
    assert found.lost is not None
    assert "claimed when “first” stood" in found.lost
    assert "“two”, which was never confirmed, took effect only after that" in found.lost


def test_a_change_that_lost_against_an_older_one_is_lost() -> None:
    first, one = entry("first", 0), entry("one", 1)
    found = fate(one, book(first, one), evidence((3, "first"), claims={"first": 3, "one": 3}))
    assert found.lost is not None
    assert found.superseded_by is None


def test_a_change_that_is_held_says_so() -> None:
    one = entry("one", 1)
    found = fate(one, book(one), evidence(claims={"one": 3}, reviews={uid("one"): "synopsis pending"}))
    assert found.lost is not None
    assert "held for a person (synopsis pending)" in found.lost


@pytest.mark.parametrize(("minute", "is_lost"), [(2.0, False), (0.5, True)])
def test_a_record_needs_a_later_one_that_shows(minute: float, is_lost: bool) -> None:
    one, other = entry("one", 1), entry("other", minute)
    one.event_id = None
    found = fate(one, book(one, other), evidence((5, "other"), claims={}))
    assert (found.lost is not None) is is_lost


def test_what_was_never_confirmed_owes_nothing() -> None:
    one = entry("one", 1, acknowledged=False)
    found = fate(one, book(one), evidence(claims={}))
    assert (found.times, found.lost, found.superseded_by) == (0, None, None)


def test_a_deletion_supersedes_what_came_before_it() -> None:
    one = entry("one", 1)
    gone = Evidence({KEY: []}, {(CONSUMER, uid("one")): 1}, gone=frozenset({KEY}))
    assert fate(one, book(one), gone).superseded_by == "its deletion"
