"""How long a message waits before it comes again. Pure."""

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
    exponential: float = min(LONGEST_S, first * 2.0 ** (failures - 1))
    return exponential * (1.0 + 0.25 * spread())


def outage_delay_s(attempts: int, spread: Callable[[], float]) -> float:
    """Seconds between two probes of a dependency that is away: 0.2 s at first, at most 5 s."""
    bounded: float = min(5.0, 0.2 * 2.0 ** min(attempts, 10))
    return bounded * (1.0 + 0.25 * spread())
