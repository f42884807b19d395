"""What a pass comes to. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from handlers.reconcile.faults import Fault, Found

SAMPLES_MAX: Final = 10


@dataclass(slots=True)
class Report:
    """Counts so far, and a few examples of each fault.

    `under_way` were different and are being brought up to date anyway; `overdue` outbox rows wait for a relay for too
    long. What was found and not repaired is `left`.
    """

    rows: int = 0
    points: int = 0
    under_way: int = 0
    overdue: int = 0
    repaired: int = 0
    faults: dict[Fault, int] = field(default_factory=lambda: dict.fromkeys(Fault, 0))
    samples: dict[Fault, list[str]] = field(default_factory=lambda: {fault: [] for fault in Fault})

    @property
    def found(self) -> int:
        """Faults of every kind."""
        return sum(self.faults.values())

    def add(self, faults: Iterable[Found]) -> None:
        """Count these."""
        for one in faults:
            self.faults[one.fault] += 1
            if len(self.samples[one.fault]) < SAMPLES_MAX:
                self.samples[one.fault].append(str(one.entity.id))

    def as_json(self) -> dict[str, Any]:
        """The report for programs and for the table of runs."""
        return {
            "rows": self.rows,
            "points": self.points,
            "faults": {fault.value: count for fault, count in self.faults.items()},
            "found": self.found,
            "repaired": self.repaired,
            "left": self.found - self.repaired,
            "under_way": self.under_way,
            "overdue": self.overdue,
            "samples": {fault.value: ids for fault, ids in self.samples.items() if ids},
        }
