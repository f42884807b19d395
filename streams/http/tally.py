"""Counting verdicts."""

from __future__ import annotations

from collections import Counter
from typing import Final

from handlers.ingest import Kind, Verdict
from streams.http.models import Summary

IGNORED_KEYS_MAX: Final = 200
_OTHER_KEYS: Final = "(other keys)"


class Tally:
    """What an ingest comes to. However many keys the records bring, only so many are counted by name."""

    def __init__(self) -> None:
        self._kinds: Counter[Kind] = Counter()
        self._ignored: Counter[str] = Counter()

    def add(self, verdict: Verdict) -> None:
        """Count one record."""
        self._kinds[verdict.kind] += 1
        for key, count in verdict.ignored.items():
            known = key in self._ignored or len(self._ignored) < IGNORED_KEYS_MAX
            self._ignored[key if known else _OTHER_KEYS] += count

    def summary(self, error: str | None) -> Summary:
        """The counts, and why the ingest stopped early if it did."""
        return Summary(
            records=self._kinds.total(),
            new=self._kinds[Kind.NEW],
            changed=self._kinds[Kind.CHANGED],
            unchanged=self._kinds[Kind.UNCHANGED],
            refused=self._kinds[Kind.REFUSED],
            undecided=self._kinds[Kind.UNDECIDED],
            ignored_keys=dict(self._ignored.most_common()),
            error=error,
        )
