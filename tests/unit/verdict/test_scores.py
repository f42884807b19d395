"""A score counts once it has moved beyond the threshold for as long as a look may take."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from handlers.verdict.evidence import Stored, Told
from handlers.verdict.scores import Move, has_moved, moves
from handlers.verdict.truth import TrueChange
from tests.unit.verdict.sample import ALL, at, change, evidence, span, told

WAS = {"score": {"arithmetic_geometric_mean": 8.0}, "statistics": {"mal": {"score": 8.0}}}


def means(figures: Any) -> dict[str, float] | None:
    scores = [one["score"] for one in figures.values() if one.get("score")]
    return {"arithmetic_geometric_mean": round(sum(scores) / len(scores), 3)} if scores else None


def drift(score: float, when: datetime, platform: str = "mal") -> TrueChange:
    return change(f"statistics.{platform}", {}, {"score": score}, {platform: when})


def judged(changes: list[TrueChange], events: list[Told] | None = None, *, scope: bool = True) -> list[Move]:
    kept = Stored("A Show", {}, WAS, platforms=ALL)
    return moves(changes, evidence(kept, events), span(until=at(3)), means, Decimal("0.1"), lambda _, when: scope)


def score(value: float, when: datetime) -> Told:
    return told("score", {"arithmetic_geometric_mean": value}, when)


def test_a_move_beyond_the_threshold_has_to_be_told_by_each_look_until_it_is() -> None:
    days = [(one.slot_at, one.is_found) for one in judged([drift(8.2, at(0, 12))])]
    assert days == [(at(1, 6), False), (at(2, 6), False)]


def test_a_move_that_was_told_is_found_and_not_due_again() -> None:
    (one,) = judged([drift(8.2, at(0, 12))], [score(8.2, at(1, 7))])
    assert (one.is_found, one.published, one.shown) == (True, 8.0, 8.2)


def test_steps_within_the_threshold_add_up_against_what_was_published() -> None:
    assert judged([drift(8.1, at(0, 12))]) == []
    assert [one.slot_at for one in judged([drift(8.1, at(0, 12)), drift(8.11, at(1, 12))])] == [at(2, 6)]


def test_a_move_that_is_taken_back_within_the_looks_allowance_is_not_due() -> None:
    assert judged([drift(8.2, at(1, 5)), drift(8.0, at(1, 8))]) == []


def test_a_move_that_begins_within_the_looks_allowance_is_due_the_next_day() -> None:
    assert [one.slot_at for one in judged([drift(8.2, at(1, 8))])] == [at(2, 6)]


def test_a_show_out_of_scope_has_no_daily_look() -> None:
    assert judged([drift(9.0, at(0, 12))], scope=False) == []


def test_decimals_decide() -> None:
    threshold = Decimal("0.1")
    assert not has_moved({"median": 8.2}, {"median": 8.3}, threshold)
    assert has_moved({"median": 8.2}, {"median": 8.301}, threshold)
    assert has_moved(None, {"median": 8.2}, threshold)
    assert not has_moved({"median": 8.2}, None, threshold)
