"""Counters of a program that is killed now and then: what each of its lives counted, added up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

Key = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(slots=True)
class Tally:
    """Sums over lives. A counter that is lower than it was has begun anew."""

    _ended: dict[Key, float] = field(default_factory=dict)
    _life: dict[Key, float] = field(default_factory=dict)

    def take(self, text: str) -> None:
        """Take what /metrics says now."""
        now = {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text)
            if family.type == "counter"
            for sample in family.samples
            if sample.name.endswith("_total")
        }
        if any(value < self._life.get(key, 0) for key, value in now.items()):
            self.died()
        self._life = self._life | now

    def died(self) -> None:
        """The program is gone; what it counted last stays counted."""
        for key, value in self._life.items():
            self._ended[key] = self._ended.get(key, 0) + value
        self._life = {}

    def sums(self, name: str, *labels: str) -> Mapping[tuple[str, ...], int]:
        """The sums of a counter by the values of these labels."""
        found: dict[tuple[str, ...], int] = {}
        for part in (self._ended, self._life):
            for (counter, own), value in part.items():
                if counter == name:
                    key = tuple(dict(own).get(label, "") for label in labels)
                    found[key] = found.get(key, 0) + int(value)
        return found
