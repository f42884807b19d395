"""When a score has moved, in decimals."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from contracts.model.anime_parts import Score, Statistics
from handlers.update.diff import diff_anime
from handlers.update.score_change import MEANS, has_moved, score_changes, without_figures
from tests.unit.update.said import applied, at, heard, record

TENTH = Decimal("0.1")


def score(value: float) -> dict[str, float]:
    return dict.fromkeys(MEANS, value)


def mean(statistics: Mapping[str, Statistics]) -> Score | None:
    """A simple stand-in for the three means: all are the mean of what there is."""
    found = [one.score for one in statistics.values() if one.score]
    return Score(**score(round(sum(found) / len(found), 2))) if found else None


def test_no_step_of_a_tenth_exceeds_a_tenth() -> None:
    steps = [(tenths / 10, (tenths + 1) / 10) for tenths in range(90)]
    assert sum(after - before > 0.1 for before, after in steps) > 30, "floats would tell of these"
    assert not any(has_moved(score(before), score(after), TENTH) for before, after in steps)
    assert not any(has_moved(score(after), score(before), TENTH) for before, after in steps)


@given(st.integers(100, 1000), st.integers(100, 1000))
def test_a_score_has_moved_exactly_when_its_hundredths_say_so(before: int, after: int) -> None:
    assert has_moved(score(before / 100), score(after / 100), TENTH) is (abs(after - before) > 10)


def test_a_first_score_has_moved_and_a_lost_one_has_not() -> None:
    assert has_moved(None, score(7.0), TENTH)
    assert not has_moved(score(7.0), None, TENTH)


def test_one_mean_that_moved_is_enough() -> None:
    assert has_moved(score(7.0), score(7.0) | {"median": 7.2}, TENTH)


def test_a_score_is_compared_with_the_last_one_that_was_told_however_slowly_it_drifts() -> None:
    current = record("enrichment", 0, statistics={"mal": {"score": 8.0}}, score=score(8.0))
    told = []
    for step in range(1, 13):
        value = round(8 + step / 100, 2)
        found = diff_anime(current, [heard("jikan", step, statistics={"mal": {"score": value}})]).changes
        news = score_changes(current, found, mean, TENTH, at(step))
        current = applied(current, news, step)
        told += [one.new["arithmetic_mean"] for one in news if one.field == "score"]
    assert told == [8.11]


def test_what_moved_the_score_is_told_with_it_and_nothing_else() -> None:
    current = record("enrichment", 0, statistics={"mal": {"score": 8}, "kitsu": {"score": 8}}, score=score(8.0))
    found = diff_anime(
        current,
        [
            heard("jikan", 1, statistics={"mal": {"score": 9.0}}, title="New"),
            heard("kitsu", 2, statistics={"kitsu": {"score": 8.0}}),
        ],
    ).changes
    news = score_changes(current, found, mean, TENTH, at(2))
    assert [(one.field, one.source, one.observed_at) for one in news] == [
        ("statistics.mal", "jikan", at(1)),
        ("score", "jikan", at(2)),
    ]
    assert news[-1].new == score(8.5)
    assert [one.field for one in without_figures(found)] == ["title"]


def test_a_platform_that_was_not_asked_still_counts() -> None:
    current = record("enrichment", 0, statistics={"mal": {"score": 9}, "kitsu": {"score": 7}}, score=score(8.0))
    found = diff_anime(current, [heard("jikan", 1, statistics={"mal": {"score": 9.1}})]).changes
    assert score_changes(current, found, mean, TENTH, at(1)) == []
