"""What a mapping wants to say beside its values: enumeration values that nobody knew, handed out, never logged here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

_SURPRISES_MAX = 100
_VALUE_CHARS_MAX = 80


class Surprise(NamedTuple):
    """A value of a source's enumeration that our tables do not hold."""

    source: str
    table: str
    value: str


@dataclass(slots=True)
class Notes:
    """Collects surprises during one mapping; bounded, since a broken body could hold thousands."""

    source: str
    surprises: list[Surprise] = field(default_factory=list)

    def unknown(self, table: str, value: object) -> None:
        """Remember that `value` is not in `table`."""
        surprise = Surprise(self.source, table, str(value)[:_VALUE_CHARS_MAX])
        if len(self.surprises) < _SURPRISES_MAX and surprise not in self.surprises:
            self.surprises.append(surprise)
