"""The world's plan: kept over a crash, bound to its seed, and with a clock that never jumps."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import Permanent
from streams.world import WorldPlan, demo_origin, demo_records, remembered
from tests.unit.world.catalogue import ORIGIN, HandClock

REAL = datetime(2026, 11, 22, 8, tzinfo=UTC)
speeds = st.floats(0.001, 10_000)
spans = st.timedeltas(timedelta(0), timedelta(days=30))


@given(first=speeds, changes=st.lists(st.tuples(spans, speeds), min_size=1, max_size=6))
def test_a_change_of_speed_moves_no_hand_of_the_clock(first: float, changes: list[tuple[timedelta, float]]) -> None:
    plan, now = WorldPlan(7, ORIGIN, first, ORIGIN, REAL), REAL
    for span, speed in changes:
        now += span
        before = plan.shown(now)
        plan = plan.at_speed(speed, now)
        assert plan.shown(now) == before
        assert plan.clock().real(before) == now
        later = plan.shown(now + timedelta(seconds=100)) - before
        assert later.total_seconds() == pytest.approx(100 * speed, abs=1e-5)
    assert (plan.begun, plan.seed) == (ORIGIN, 7), "the history hangs on both"


def test_a_world_that_outran_the_calendar_is_said_plainly(tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    remembered(path, 7, 100_000.0, HandClock(REAL))
    for speed in (100_000.0, 1.0):
        with pytest.raises(Permanent, match="beyond the year 9999"):
            remembered(path, 7, speed, HandClock(REAL + timedelta(days=60)))


def test_a_first_start_begins_at_the_catalogues_date_and_is_written(tmp_path: Path) -> None:
    path = tmp_path / "new" / "world.json"
    plan = remembered(path, 7, 1.0, HandClock(REAL))
    assert plan == WorldPlan(7, demo_origin(), 1.0, demo_origin(), REAL)
    assert remembered(path, 7, 1.0, HandClock(REAL + timedelta(days=3))) == plan, "time went on meanwhile"


def test_another_seed_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    remembered(path, 7, 1.0, HandClock(REAL))
    with pytest.raises(Permanent, match=r"seed 7, not 8: set WORLD_SEED=7, or begin another world"):
        remembered(path, 8, 1.0, HandClock(REAL))
    assert remembered(path, 7, 1.0, HandClock(REAL)).seed == 7, "the refusal left the plan alone"


def test_a_new_speed_is_remembered_too(tmp_path: Path) -> None:
    path, later = tmp_path / "world.json", REAL + timedelta(days=1)
    before = remembered(path, 7, 1.0, HandClock(REAL)).shown(later)
    faster = remembered(path, 7, 2520.0, HandClock(later))
    assert faster.shown(later) == before
    assert remembered(path, 7, 2520.0, HandClock(later + timedelta(hours=1))) == faster


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"seed": 7}', '{"seed": "x", "speed": 1, "world_origin": "", "real_origin": ""}']
)
def test_a_file_that_is_no_plan_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "world.json"
    path.write_text(text)
    with pytest.raises(Permanent, match=r"world\.json is no world's plan .*; remove it"):
        remembered(path, 7, 1.0, HandClock(REAL))


def test_a_draft_that_a_crash_left_behind_changes_nothing(tmp_path: Path) -> None:
    """A kill -9 between writing the draft and renaming it leaves half a draft beside the old plan, or beside none."""
    path = tmp_path / "world.json"
    plan = remembered(path, 7, 1.0, HandClock(REAL))
    path.with_suffix(".new").write_text('{"seed": 9, "spe')
    assert remembered(path, 7, 1.0, HandClock(REAL)) == plan
    path.unlink()
    path.with_suffix(".new").write_text('{"seed": 9, "spe')
    assert remembered(path, 7, 1.0, HandClock(REAL)) == plan
    assert json.loads(path.read_text())["seed"] == 7


def test_the_demo_catalogue_has_sixty_titles_that_all_four_services_know() -> None:
    records = demo_records()
    assert len(records) >= 60
    assert demo_origin().tzinfo is UTC
