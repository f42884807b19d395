"""Slots, jitter, retries and what is caught up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.regular import catch_up_offset_s, next_slot, offset_s, share, slots_between
from contracts.workflow import DAY_S, HOUR_S, WEEK_S, Due, Overlap, Policy
from handlers.schedule.plan import catch_up, fires_at, following, retry
from handlers.schedule.policy import changed, configured, differing
from handlers.update.workflows import WORKFLOWS

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAILY = Policy(interval_s=DAY_S, phase_s=6 * HOUR_S, catch_up_age_max_s=2 * DAY_S)
WEEKLY = Policy(interval_s=WEEK_S, jitter_s=WEEK_S, catch_up_spread_s=DAY_S)
SINGLE = Policy(interval_s=None, retries_max=3, catch_up_age_max_s=14 * DAY_S)
DAY = timedelta(days=1)


def test_a_daily_hour() -> None:
    assert next_slot(DAILY, "w", "e", NOW) == datetime(2026, 11, 23, 6, tzinfo=UTC)
    assert next_slot(DAILY, "w", "e", datetime(2026, 11, 23, 6, tzinfo=UTC)) == datetime(2026, 11, 24, 6, tzinfo=UTC)
    assert next_slot(SINGLE, "w", "e", NOW) is None
    assert following(SINGLE, "w", "e", NOW) is None
    said = following(DAILY, "w", "e", NOW)
    assert said is not None
    assert said.reason == "every day"


POLICIES = st.builds(
    lambda interval, phase, part: Policy(interval_s=interval, phase_s=phase, jitter_s=interval * part),
    st.integers(60, 10_000_000),
    st.integers(0, 1_000_000),
    st.sampled_from([0.0, 0.25, 1.0]),
)
INSTANTS = st.integers(-(10**15), 10**15).map(lambda us: NOW + timedelta(microseconds=us))


@given(POLICIES, st.text(min_size=1, max_size=10), INSTANTS)
def test_the_next_slot_is_the_first_one_after(policy: Policy, entity: str, now: datetime) -> None:
    interval = timedelta(seconds=policy.interval_s or 0)
    slot = next_slot(policy, "w", entity, now)
    assert slot is not None
    assert now < slot <= now + interval
    assert next_slot(policy, "w", entity, slot) == slot + interval
    assert next_slot(policy, "w", entity, slot - timedelta(microseconds=1)) == slot
    assert list(slots_between(policy, "w", entity, slot, slot + 2 * interval)) == [slot, slot + interval]


@given(st.integers(0, 10_000))
def test_jitter_spreads_the_weekly_work_evenly(start: int) -> None:
    entities, buckets = 7_000, 168
    counts = [0] * buckets
    for number in range(start, start + entities):
        counts[int(offset_s("character_refresh", f"character {number}", WEEK_S) // HOUR_S)] += 1
    mean = entities / buckets
    # Chi squared with 167 degrees of freedom: mean 167, deviation 18.3; six deviations never happen by chance.
    assert sum((count - mean) ** 2 / mean for count in counts) < 167 + 6 * 18.3


def test_jitter_is_the_same_everywhere_and_says_nothing_about_lateness() -> None:
    # Other machines must find the same places: these were computed once.
    assert share("slot", "character_refresh", "ring") == 0.013291623741772729
    pairs = [(share("slot", "w", str(n)), catch_up_offset_s("w", str(n), 1.0)) for n in range(4_000)]
    both = sum(1 for one, other in pairs if (one < 0.5) == (other < 0.5))
    assert 1_800 < both < 2_200


def test_retries_are_counted_and_end() -> None:
    slot = NOW
    second = retry(SINGLE, slot, 1, NOW, "not found")
    assert second == Due(NOW + timedelta(hours=2), "attempt 2 of 4: not found", slot_at=slot, attempt=2)
    assert retry(SINGLE, slot, 3, NOW, "x") is not None
    assert retry(SINGLE, slot, 4, NOW, "x") is None


@pytest.mark.parametrize(
    ("runs_max", "age_days", "late_days", "runs", "missed", "instead"),
    [
        (1, 2, 0, True, 0, None),  # On time.
        (1, 2, 0.5, True, 0, None),  # Late, the only one.
        (1, 2, 1.5, False, 1, "kept"),  # The one after it is due too: that one is looked for.
        (2, 2, 1.5, True, 0, None),  # Both are.
        (1, 2, 10, False, 10, "kept"),  # A long downtime leaves one look.
        (0, 2, 0.5, False, 1, "regular"),  # Nothing is caught up.
        (1, 0.1, 0.5, False, 1, "regular"),  # Too old.
        (30, 2, 10, False, 8, "kept"),  # By age: ten days ago is too old, the last three are not.
    ],
)
def test_missed_slots_are_caught_up_by_count_and_by_age(
    runs_max: int, age_days: float, late_days: float, runs: bool, missed: int, instead: str | None
) -> None:
    policy = Policy(interval_s=DAY_S, catch_up_runs_max=runs_max, catch_up_age_max_s=age_days * DAY_S)
    first = next_slot(policy, "w", "e", NOW - 30 * DAY)
    assert first is not None
    now = first + late_days * DAY
    judged = catch_up(policy, "w", "e", first, now)
    assert (judged.runs, len(judged.missed)) == (runs, missed)
    if instead is None:
        assert judged.instead is None
    else:
        assert judged.instead is not None
        assert (judged.instead.at <= now) == (instead == "kept")
        assert judged.instead.at not in judged.missed


def test_a_slot_that_was_planned_singly_waits_for_us_until_it_is_too_old() -> None:
    assert catch_up(SINGLE, "w", "e", NOW - 13 * DAY, NOW).runs
    judged = catch_up(SINGLE, "w", "e", NOW - 15 * DAY, NOW)
    assert (judged.runs, judged.missed, judged.instead) == (False, (NOW - 15 * DAY,), None)


def test_a_week_of_downtime_gives_no_storm() -> None:
    late = [fires_at(WEEKLY, "w", f"e{number}", NOW - 3 * DAY, NOW) for number in range(2_000)]
    assert all(NOW <= at <= NOW + DAY for at in late)
    hours = [sum(1 for at in late if NOW + timedelta(hours=h) <= at < NOW + timedelta(hours=h + 1)) for h in range(24)]
    assert max(hours) < 2 * 2_000 / 24
    assert fires_at(WEEKLY, "w", "e", NOW + DAY, NOW) == NOW + DAY
    assert fires_at(WEEKLY, "w", "e", NOW - timedelta(seconds=5), NOW) == NOW - timedelta(seconds=5)


def test_a_policy_is_changed_by_name_and_refuses_what_cannot_be() -> None:
    assert changed(DAILY, {"phase_s": 7_200, "overlap": "buffer_one"}).overlap is Overlap.BUFFER_ONE
    assert changed(DAILY, None) is DAILY
    with pytest.raises(ValueError, match="there is no phase; its values are interval_s"):
        changed(DAILY, {"phase": 1})
    with pytest.raises(ValueError, match="retry_wait_s is 0"):
        changed(DAILY, {"retry_wait_s": 0})
    with pytest.raises(ValueError, match=r"catch_up_runs_max is 1\.5; it must be a whole number"):
        changed(DAILY, {"catch_up_runs_max": 1.5})
    with pytest.raises(ValueError, match="overtake"):
        changed(DAILY, {"jitter_s": 2 * DAY_S})
    with pytest.raises(ValueError, match="overlap is 'both'; it must be skip or buffer_one"):
        changed(DAILY, {"overlap": "both"})


def test_whether_a_workflow_has_regular_slots_is_no_part_of_a_policy() -> None:
    with pytest.raises(ValueError, match="interval_s cannot be none"):
        changed(DAILY, {"interval_s": None})
    with pytest.raises(ValueError, match="planned one by one"):
        changed(SINGLE, {"interval_s": DAY_S})
    assert differing(DAILY, {"interval_s": None}) is DAILY, "what somebody wrote there by hand stops nothing"


def test_the_settings_change_the_table() -> None:
    workflows = {name: flow.workflow for name, flow in WORKFLOWS.items()}
    table = configured(workflows, {"score_sync": {"phase_s": 7_200.0}})
    assert table["score_sync"].policy.phase_s == 7_200
    assert workflows["score_sync"].policy.phase_s == 21_600
    assert table["status_check"] == workflows["status_check"]
    with pytest.raises(ValueError, match="no workflow scores"):
        configured(workflows, {"scores": {}})


def test_the_weekly_slots_of_an_entity_stay_where_they_are() -> None:
    slots = list(slots_between(WEEKLY, "w", "e", NOW, NOW + 60 * DAY))
    assert {after - before for before, after in pairwise(slots)} == {timedelta(weeks=1)}
