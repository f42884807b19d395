"""The breaker: a source gone mad is stopped, a busy one is not, and it closes by itself."""

from __future__ import annotations

from datetime import timedelta

from handlers.update.breaker import (
    BUCKETS_MAX,
    BreakerPolicy,
    BreakerState,
    Turn,
    after_look,
    let_through,
    shares,
)
from handlers.update.change import FieldChange
from tests.unit.update.said import at

POLICY = BreakerPolicy(window_s=3600, titles_min=20, risky_share_max=0.25, blanked_share_max=0.1)


def change(field: str, old: object, new: object) -> FieldChange:
    return FieldChange(field, old, new, "jikan", at(0), "most believed")


CALM = [change("episode_count", 12, 13), change("genres", ["a"], ["a", "b"])]
RISKY = [change("title", "A", "B"), change("year", 2000, 2001)]
BLANK = [change("synopsis", "A text.", None)]


def run(*looks: list[FieldChange], state: BreakerState = BreakerState(), minute: float = 0, step: float = 1):  # noqa: B008 - frozen
    turns = []
    for at_look, changes in enumerate(looks):
        state, turn = after_look(state, changes, at(minute + at_look * step), POLICY)
        turns += [(at_look, turn)] if turn else []
    return state, turns


def test_many_changes_that_are_not_risky_stop_nothing() -> None:
    state, turns = run(*[CALM] * 200, step=0.1)
    assert turns == []
    assert let_through(state, RISKY) == RISKY


def test_too_many_risky_titles_open_it_once_enough_were_seen() -> None:
    state, turns = run(*[RISKY] * 30)
    assert turns == [(POLICY.titles_min - 1, Turn.OPENED)]
    assert let_through(state, [*RISKY, *CALM]) == [RISKY[1], *CALM], "the rest goes on"
    assert state.opened_at == at(POLICY.titles_min - 1)


def test_a_few_blanked_texts_open_it_sooner_than_other_risks() -> None:
    looks = ([CALM] * 7 + [BLANK]) * 5
    assert run(*looks)[1] == [(23, Turn.OPENED)], "3 of 24 titles are more than a tenth"
    assert run(*([CALM] * 7 + [RISKY]) * 5)[1] == []


def test_the_share_that_is_allowed_does_not_open_it() -> None:
    assert run(*([CALM] * 3 + [RISKY]) * 20, step=0.5)[1] == []
    assert run(*([CALM] * 3 + [RISKY]) * 20, RISKY, step=0.5)[1] == [(80, Turn.OPENED)]


def test_it_closes_by_itself_when_the_source_behaves() -> None:
    opened, _ = run(*[RISKY] * 20)
    closed, turns = run(*[CALM] * 200, state=opened, minute=20)
    assert [turn for _, turn in turns] == [Turn.CLOSED]
    assert closed.opened_at is None
    assert let_through(closed, RISKY) == RISKY


def test_it_closes_when_the_window_is_over_and_only_little_was_asked() -> None:
    opened, _ = run(*[RISKY] * 20)
    _, turns = run(CALM, state=opened, minute=200)
    assert turns == [(0, Turn.CLOSED)]


def test_the_state_stays_small_and_forgets_what_is_older_than_the_window() -> None:
    state, _ = run(*[CALM] * 2000, step=0.5)
    assert len(state.buckets) <= BUCKETS_MAX
    titles, _, _ = shares(state)
    assert 100 <= titles <= 120, "an hour holds 120 looks"


def test_a_clock_that_jumps_back_leaves_no_looks_that_never_age() -> None:
    ahead, _ = run(*[RISKY] * 10, minute=600)
    state, _ = run(CALM, state=ahead, minute=0)
    assert shares(state) == (1, 0.0, 0.0)
    assert state.buckets[-1].since == at(600) - timedelta(minutes=600)
