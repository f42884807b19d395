"""Values that a source invented: every one is counted, each is logged once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from handlers.sources.notes import Surprise

_SEEN_MAX: Final = 10_000


class SurpriseLog:
    """Counts through `count` and logs through `log`, both passed in; the log hears of each value once."""

    def __init__(self, count: Callable[[Surprise], None], log: Callable[[Surprise], None]) -> None:
        self._count = count
        self._log = log
        self._seen: set[Surprise] = set()

    def note(self, surprises: Iterable[Surprise]) -> None:
        """Take note of what one mapping did not know."""
        for surprise in surprises:
            self._count(surprise)
            if surprise not in self._seen and len(self._seen) < _SEEN_MAX:
                self._seen.add(surprise)
                self._log(surprise)
