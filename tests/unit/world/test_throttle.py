from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from handlers.world.changes import Source
from handlers.world.throttle import Throttle
from tests.unit.world.catalogue import ORIGIN

RATES = ((3, 1.0), (60, 60.0))


@given(gaps_ms=st.lists(st.integers(0, 900), min_size=80, max_size=300))
def test_no_window_ever_holds_more_than_its_rate(gaps_ms: list[int]):
    throttle, now, taken = Throttle(), ORIGIN, []
    for gap in gaps_ms:
        now += timedelta(milliseconds=gap)
        if throttle.wait_s(Source.JIKAN, RATES, now) == 0:
            taken.append(now)
    for at in taken:
        for count, seconds in RATES:
            assert sum(1 for other in taken if at <= other < at + timedelta(seconds=seconds)) <= count


def test_after_the_wait_a_request_fits():
    throttle = Throttle()
    for _ in range(3):
        assert throttle.wait_s(Source.JIKAN, RATES, ORIGIN) == 0
    wait_s = throttle.wait_s(Source.JIKAN, RATES, ORIGIN)
    assert wait_s == 1.0
    assert throttle.wait_s(Source.JIKAN, RATES, ORIGIN + timedelta(seconds=wait_s)) == 0


def test_sources_do_not_share_their_limits():
    throttle = Throttle()
    for _ in range(3):
        throttle.wait_s(Source.JIKAN, RATES, ORIGIN)
    assert throttle.wait_s(Source.ANILIST, RATES, ORIGIN) == 0


def test_no_rates_are_no_limit():
    throttle = Throttle()
    assert all(throttle.wait_s(Source.KITSU, (), ORIGIN) == 0 for _ in range(1000))
