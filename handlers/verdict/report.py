"""The verdict of a whole run: counts, and the one line that says whether the truth was matched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from handlers.verdict.invented import Invention
from handlers.verdict.judge import Judged, Outcome
from handlers.verdict.points import Difference
from handlers.verdict.scores import Move


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was judged."""

    changes: Sequence[Judged]
    moves: Sequence[Move]
    inventions: Sequence[Invention]
    differences: Sequence[Difference]
    points: int = 0

    @property
    def due(self) -> int:
        """How many changes had to be found, scores among them."""
        return sum(one.is_due for one in self.changes) + len(self.moves)

    @property
    def missed(self) -> int:
        """How many of those were not."""
        changes = sum(one.outcome is Outcome.MISSED for one in self.changes)
        return changes + sum(not one.is_found for one in self.moves)

    @property
    def counts(self) -> Counter[Outcome]:
        """Changes by outcome."""
        return Counter(one.outcome for one in self.changes)

    @property
    def median_late(self) -> timedelta | None:
        """How long after a source first showed it a change was found, in the middle of all that were found."""
        late = sorted(one.late for one in self.changes if one.late is not None)
        return late[len(late) // 2] if late else None

    @property
    def is_matched(self) -> bool:
        """Whether everything due was found, nothing was invented, and the index equals the database.

        A run in which nothing was due shows nothing, so it does not match.
        """
        return bool(self.due) and not (self.missed or self.inventions or self.differences)

    @property
    def line(self) -> str:
        """The verdict in one line."""
        counts, moved = self.counts, sum(one.is_found for one in self.moves)
        head = "The truth is matched" if self.is_matched else "The truth is NOT matched"
        if not self.due:
            return f"{head}: no change was due in this time; let it run longer."
        held = f", {counts[Outcome.HELD]} held for a person" if counts[Outcome.HELD] else ""
        return (
            f"{head}: {self.due - self.missed} of {self.due} changes that were due are found ({moved} of "
            f"{len(self.moves)} moved scores{held}), {len(self.inventions)} were invented, and "
            f"{self.points - len(self.differences)} of {self.points} points equal their rows."
        )
