"""Rows against held timers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts.ids import derived_id
from contracts.workflow import Due, Policy
from handlers.schedule import moves
from handlers.schedule.compare import Scene, fault, nobodys
from handlers.schedule.ports import HeldTimer
from handlers.schedule.row import Row
from handlers.schedule.timer import subject_of

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
POLICY = Policy(interval_s=None)
SUBJECT = subject_of("w", "e")


def row(at: datetime = NOW + HOUR, queued_at: datetime = NOW - HOUR) -> Row:
    return moves.timed(moves.planned(Row("w", "e"), Due(at, "a test"), NOW - 2 * HOUR), queued_at)


def held(one: Row, **changes: Any) -> HeldTimer:
    return replace(HeldTimer(SUBJECT, 5, one.tick, one.due_at), **changes)


def scene(*timers: HeldTimer, **changes: Any) -> Scene:
    parts: dict[str, Any] = {
        "now": NOW,
        "real": lambda instant: instant,
        "overdue": timedelta(minutes=15),
        "stream_made_at": NOW - 10 * HOUR,
        "held": {timer.subject: timer for timer in timers},
        "in_flight": frozenset(),
    }
    return Scene(**parts | changes)


def test_a_timer_that_is_the_rows_own_is_right() -> None:
    assert fault(row(), POLICY, scene(held(row()))) is None


def test_a_timer_that_is_not_there_is_missing_unless_it_is_on_its_way() -> None:
    assert fault(row(), POLICY, scene()) == "missing"
    assert fault(row(), POLICY, scene(in_flight=frozenset({SUBJECT}))) is None


def test_a_timer_of_another_look_or_time_is_stale() -> None:
    assert fault(row(), POLICY, scene(held(row(), tick=derived_id("other")))) == "stale"
    assert fault(row(), POLICY, scene(held(row(), tick=None))) == "stale"
    assert fault(row(), POLICY, scene(held(row(), fires_at=NOW + 2 * HOUR))) == "stale"
    assert fault(row(), POLICY, scene(held(row(), fires_at=None))) == "stale"
    # A world whose clock runs otherwise than when the timer was set.
    assert fault(row(), POLICY, scene(held(row()), real=lambda instant: instant + HOUR)) == "stale"


def test_a_late_timer_that_is_spread_is_right() -> None:
    late, spread = row(NOW - HOUR), replace(POLICY, catch_up_spread_s=2 * 3600)
    assert fault(late, spread, scene(held(late, fires_at=NOW + HOUR))) is None


def test_a_late_timer_that_fires_after_its_span_is_stale() -> None:
    """It was set while the world's clock went more slowly, and would keep its look waiting for hours."""
    late, soon = row(NOW - HOUR), row(NOW + timedelta(seconds=30))
    for one in (late, soon):
        assert fault(one, POLICY, scene(held(one, fires_at=NOW + HOUR))) == "stale"
        assert fault(one, POLICY, scene(held(one, fires_at=None))) == "stale"
        assert fault(one, POLICY, scene(held(one, fires_at=NOW + timedelta(seconds=45)))) is None


@pytest.mark.parametrize(
    ("late", "changes", "verdict"),
    [
        (0.05 * HOUR, {}, None),  # It has fired just now.
        (HOUR, {}, "lost"),
        (HOUR, {"waiting_ticks": {"w": 3}}, None),  # Its tick may be one of those.
        (HOUR, {"waiting_ticks": {"other": 3}}, "lost"),
        (0.05 * HOUR, {"stream_made_at": NOW}, "lost"),  # It went with the stream that was there before.
    ],
)
def test_a_tick_that_nobody_can_bring_any_more_is_lost(
    late: timedelta, changes: dict[str, Any], verdict: str | None
) -> None:
    assert fault(row(NOW - late), POLICY, scene(**changes)) == verdict


def test_a_look_under_way_is_left_alone_until_it_must_be_dead() -> None:
    busy = replace(
        row(NOW - 3 * HOUR), running_tick=derived_id("t"), running_slot_at=NOW, running_since=NOW - 0.5 * HOUR
    )
    assert fault(busy, POLICY, scene(stream_made_at=NOW)) is None
    assert fault(replace(busy, running_since=NOW - 2 * HOUR), POLICY, scene()) == "lost"


def test_timers_that_no_row_has_are_nobodys() -> None:
    other = replace(held(row()), subject=subject_of("w", "other"))
    assert nobodys({SUBJECT: held(row()), other.subject: other}, [SUBJECT], NOW) == [other]


def test_a_timer_that_has_fired_since_it_was_read_is_not_nobodys() -> None:
    """Its look may be over by the time the rows are read, and the next one too far away for a timer."""
    unread = replace(held(row()), fires_at=None)
    assert nobodys({SUBJECT: held(row())}, [], NOW + 2 * HOUR) == []
    assert nobodys({SUBJECT: unread}, [], NOW + 2 * HOUR) == [unread]
