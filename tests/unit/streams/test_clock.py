"""The two clocks: ours, and a world's that is faster."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.clock import SystemClock, WorldClock, world_clock_from

WORLD_ORIGIN = datetime(2026, 8, 9, tzinfo=UTC)
speeds = st.floats(0.001, 100_000)


def test_our_clock_is_in_utc_and_goes_on() -> None:
    clock = SystemClock()
    before, mono = clock.now(), clock.monotonic()
    assert before.utcoffset() == timedelta(0)
    assert clock.now() >= before
    assert clock.monotonic() >= mono


async def test_a_wait_of_less_than_nothing_is_none() -> None:
    await SystemClock().sleep(-5)
    await WorldClock(WORLD_ORIGIN, datetime.now(UTC), 2520).sleep(-5)


def test_a_worlds_clock_shows_its_origin_and_runs_at_its_speed() -> None:
    real_origin = datetime.now(UTC) - timedelta(hours=1)
    before = datetime.now(UTC)
    shown = WorldClock(WORLD_ORIGIN, real_origin, 2520).now()
    after = datetime.now(UTC)
    assert WORLD_ORIGIN + (before - real_origin) * 2520 <= shown <= WORLD_ORIGIN + (after - real_origin) * 2520
    assert shown - WORLD_ORIGIN >= timedelta(hours=2520), "an hour of ours is fifteen weeks of its"


async def test_a_wait_takes_the_worlds_time() -> None:
    clock = WorldClock(WORLD_ORIGIN, datetime.now(UTC), 2520)
    mono, shown = clock.monotonic(), clock.now()
    await clock.sleep(60)
    # The loop's own timer may ring within its resolution before it is due.
    assert clock.monotonic() - mono >= 59
    assert clock.now() - shown >= timedelta(seconds=59)


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan")])
def test_a_world_cannot_stand_still_or_go_back(speed: float) -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        WorldClock(WORLD_ORIGIN, WORLD_ORIGIN, speed)


@given(speed=speeds, span=st.timedeltas(timedelta(0), timedelta(days=1)))
def test_the_real_instant_of_a_world_instant(speed: float, span: timedelta) -> None:
    """An hour of the world after its origin is an hour's share of ours after ours."""
    clock = WorldClock(WORLD_ORIGIN, datetime(2026, 11, 1, tzinfo=UTC), speed)
    elapsed = clock.real(WORLD_ORIGIN + span) - clock.real_origin
    assert elapsed.total_seconds() == pytest.approx(span.total_seconds() / speed, abs=2e-6)


def test_a_world_that_runs_elsewhere_tells_its_clock() -> None:
    clock = world_clock_from({"now": "2027-01-01T00:00:00+00:00", "speed": 2520.0, "seed": 7})
    assert clock.speed == 2520
    assert timedelta(0) <= clock.now() - datetime(2027, 1, 1, tzinfo=UTC) < timedelta(days=7)


@pytest.mark.parametrize("said", [{}, {"now": "soon", "speed": 1}, {"now": "2027-01-01T00:00:00Z", "speed": "fast"}])
def test_what_is_no_clock_is_an_error_of_a_kind_that_is_expected(said: dict[str, object]) -> None:
    with pytest.raises((KeyError, ValueError)):
        world_clock_from(said)
