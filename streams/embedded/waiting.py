"""Waiting for a condition in a thread, bounded by a number of looks instead of by reading the clock."""

from __future__ import annotations

import time
from collections.abc import Callable

_LOOK_EVERY_S = 0.02


def wait_until(
    condition: Callable[[], bool],
    timeout_s: float,
    *,
    every_s: float = _LOOK_EVERY_S,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Look at `condition` every `every_s` seconds for about `timeout_s`; says whether it came true."""
    for _ in range(max(1, round(timeout_s / every_s))):
        if condition():
            return True
        sleep(every_s)
    return condition()
