"""How delays grow."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlparse

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.aio.client import Server

from contracts.errors import Awaited, Transient
from streams.broker import next_server
from streams.delivery.delays import delay_s, outage_delay_s, reconnect_delay_s

Delay = Callable[[int, float], float]
# Each with its first delay and its longest, in seconds.
DELAYS: list[tuple[Delay, float, float]] = [
    (lambda times, spread: delay_s(Transient(""), times + 1, lambda: spread), 1.0, 60.0),
    (lambda times, spread: delay_s(Awaited(""), times + 1, lambda: spread), 0.5, 60.0),
    (lambda times, spread: outage_delay_s(times, lambda: spread), 0.2, 5.0),
    (lambda times, spread: reconnect_delay_s(times, lambda: spread), 0.25, 2.0),
]


@pytest.mark.parametrize(("delay", "first", "longest"), DELAYS)
@given(times=st.integers(0, 10_000), spread=st.floats(0, 1))
def test_a_delay_doubles_until_its_bound_and_is_spread(
    delay: Delay, first: float, longest: float, times: int, spread: float
) -> None:
    assert delay(0, 0.0) == first
    assert delay(times + 1, 0.0) == min(longest, 2 * delay(times, 0.0))
    assert delay(times, 0.0) <= delay(times, spread) <= 1.25 * longest
    assert delay(10_000, 0.0) == longest


def test_a_lost_server_is_tried_again_ever_later_and_another_one_first() -> None:
    first, second = (Server(uri=urlparse(f"nats://127.0.0.1:{port}")) for port in (1, 2))
    tried, waits = [], []
    for _ in range(8):
        server, wait_s = next_server([first, second], {})
        server.reconnects += 1
        tried.append(server)
        waits.append(wait_s)
    assert tried == [first, second] * 4
    assert all(
        least <= wait <= 1.25 * least for least, wait in zip([0.25, 0.25, 0.5, 0.5, 1, 1, 2, 2], waits, strict=True)
    )
