"""How often each service lets itself be asked, counted on the world's clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta

from handlers.world.changes import Source

Rates = Sequence[tuple[int, float]]


class Throttle:
    """Sliding windows per service: at most `count` requests in any `seconds`, for every pair of its rates."""

    def __init__(self) -> None:
        self._seen: dict[Source, deque[datetime]] = {source: deque() for source in Source}

    def wait_s(self, source: Source, rates: Rates, now: datetime) -> float:
        """Seconds until one more request fits, 0 when it does; a request that fits is counted."""
        seen = self._seen[source]
        longest = max((seconds for _, seconds in rates), default=0.0)
        while seen and (now - seen[0]).total_seconds() >= longest:
            seen.popleft()
        wait = max((_until_free(seen, count, seconds, now) for count, seconds in rates), default=0.0)
        if rates and wait == 0.0:
            seen.append(now)
        return wait

    def left(self, source: Source, count: int, seconds: float, now: datetime) -> int:
        """How many requests still fit into the window."""
        return max(0, count - sum(1 for at in self._seen[source] if (now - at).total_seconds() < seconds))


def _until_free(seen: Sequence[datetime], count: int, seconds: float, now: datetime) -> float:
    if len(seen) < count:
        return 0.0
    frees = seen[-count] + timedelta(seconds=seconds)
    return max(0.0, (frees - now).total_seconds())
