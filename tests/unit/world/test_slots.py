from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.model.anime_parts import Broadcast
from handlers.world.slots import WEEKDAYS, slot_of, tokyo_date


def _slot(day: str, time: str, zone: str = "Asia/Tokyo"):
    slot = slot_of(Broadcast(day=day, time=time, timezone=zone))
    assert slot is not None
    return slot


def test_half_past_twenty_five_on_friday_is_half_past_one_on_saturday_in_tokyo():
    at = _slot("friday", "25:30").after(datetime(2026, 8, 10, tzinfo=UTC))
    assert at == datetime(2026, 8, 14, 16, 30, tzinfo=UTC)


def test_a_plain_clock_stays_on_the_day_that_is_printed():
    at = _slot("sunday", "01:58").after(datetime(2026, 8, 10, tzinfo=UTC))
    assert at == datetime(2026, 8, 15, 16, 58, tzinfo=UTC)


def test_a_slot_keeps_its_local_clock_when_the_zone_changes_its_own():
    slot = _slot("saturday", "20:00", "America/New_York")
    before = slot.after(datetime(2026, 10, 26, tzinfo=UTC))
    after = slot.after(before)
    assert after - before == timedelta(days=7, hours=1)


@pytest.mark.parametrize(
    ("day", "time", "zone"),
    [("someday", "12:00", "Asia/Tokyo"), ("monday", "31:00", "Asia/Tokyo"), ("monday", "12:00", "Nowhere/Land")],
)
def test_what_cannot_be_read_is_no_slot(day: str, time: str, zone: str):
    assert slot_of(Broadcast(day=day, time=time, timezone=zone)) is None


def test_days_may_stand_in_the_plural():
    assert _slot("Mondays", "12:00") == _slot("monday", "12:00")


@given(
    day=st.sampled_from(WEEKDAYS),
    minutes=st.integers(0, 30 * 60 - 1),
    since=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_the_next_air_time_lies_within_a_week(day: str, minutes: int, since: datetime):
    at = _slot(day, f"{minutes // 60:02d}:{minutes % 60:02d}").after(since)
    assert timedelta(0) < at - since <= timedelta(days=7)


def test_a_tokyo_date_is_the_day_there():
    assert tokyo_date(datetime(2026, 8, 10, 15, tzinfo=UTC)) == datetime(2026, 8, 11, tzinfo=UTC)
