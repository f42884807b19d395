"""Inventions, points, and the line that ends a run."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from handlers.verdict.invented import Invention, inventions
from handlers.verdict.judge import Judged, Outcome
from handlers.verdict.points import Difference, differences
from handlers.verdict.report import Report
from handlers.verdict.scores import Move
from tests.unit.verdict.sample import SHOW, at, change, told

ONE = change("synopsis", "", "x", {"mal": at(1)})


def items(field: str, value: Any) -> frozenset[object]:
    return frozenset(value) if isinstance(value, list) else frozenset({value} if value else ())


def test_a_value_that_its_source_showed_is_not_invented() -> None:
    assert inventions([told("synopsis", "x", at(2))], lambda _: ["w", "x"], {}, {}, items) == []


def test_a_value_that_nobody_showed_is_invented() -> None:
    (one,) = inventions([told("synopsis", "y", at(2))], lambda _: ["x"], {}, {SHOW: "A Show"}, items)
    assert (one.title, one.parts) == ("A Show", ("y",))


def test_a_list_may_keep_what_the_record_held() -> None:
    was = {SHOW: {"tags": ["sea"]}}
    grown = told("tags", ["sea", "ship", "storm"], at(2))
    (one,) = inventions([grown], lambda _: [["ship"]], was, {}, items)
    assert one.parts == ("storm",)
    again = inventions([grown, told("tags", ["storm", "reef"], at(3))], lambda _: [["ship"]], was, {}, items)
    assert [each.parts for each in again] == [("storm",), ("reef",)]


def test_points_are_compared_key_by_key() -> None:
    rows = {"a": {"title": "A", "version": 2}, "b": {"title": "B"}}
    points = {"a": {"title": "A", "version": 1, "score": 8.0}, "c": {"title": "C"}}
    assert differences(rows, points) == [
        Difference("b", "missing"),
        Difference("c", "orphaned"),
        Difference("a", "differs in score, version"),
    ]
    assert differences(rows, rows) == []


def report(**parts: Any) -> Report:
    found = Judged(ONE, Outcome.FOUND, True, late=timedelta(hours=3))
    return Report(**{"changes": [found], "moves": [], "inventions": [], "differences": [], "points": 2, **parts})


def test_everything_due_found_matches() -> None:
    assert report().is_matched
    assert report().line == (
        "The truth is matched: 1 of 1 changes that were due are found (0 of 0 moved scores), 0 were invented, and 2 of "
        "2 points equal their rows."
    )
    assert report().median_late == timedelta(hours=3)


def test_whatever_is_wrong_does_not_match() -> None:
    missed = Judged(ONE, Outcome.MISSED, True)
    untold = Move(SHOW, "A Show", at(1), 8.0, 8.3, None)
    invention = Invention(told("synopsis", "y", at(1)), "A Show", ("y",))
    for parts in (
        {"changes": [missed]},
        {"moves": [untold]},
        {"inventions": [invention]},
        {"differences": [Difference("a", "missing")]},
        {"changes": [Judged(ONE, Outcome.NOT_DUE, False)]},
    ):
        assert not report(**parts).is_matched, parts
    assert report(changes=[missed]).missed == 1
