"""How long a message waits before it comes again, and a server before it is tried again. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from contracts.errors import Awaited, Transient

FIRST_S: Final = 1.0
AWAITED_FIRST_S: Final = 0.5
LONGEST_S: Final = 60.0


def delay_s(error: Transient, failures: int, spread: Callable[[], float]) -> float:
    """Seconds until the next attempt after `failures` failed ones: doubling, bounded, spread by up to a quarter.

    What waits for something else begins sooner, since that is usually on its way. `spread` gives numbers in 0..1.
    """
    if error.retry_after_s is not None:
        return error.retry_after_s
    first = AWAITED_FIRST_S if isinstance(error, Awaited) else FIRST_S
    return _doubling(first, LONGEST_S, failures - 1, spread)


def outage_delay_s(attempts: int, spread: Callable[[], float]) -> float:
    """Seconds between two probes of a dependency that is away: 0.2 s at first, at most 5 s."""
    return _doubling(0.2, 5.0, attempts, spread)


def reconnect_delay_s(failures: int, spread: Callable[[], float]) -> float:
    """Seconds before a lost connection is tried again after `failures` failed tries: 0.25 s at first, at most 2 s.

    Never 0, because a server may take a connection and end it at once, again and again.
    """
    return _doubling(0.25, 2.0, failures, spread)


def _doubling(first: float, longest: float, times: int, spread: Callable[[], float]) -> float:
    bounded: float = min(longest, first * 2.0 ** min(times, 10))
    return bounded * (1.0 + 0.25 * spread())
