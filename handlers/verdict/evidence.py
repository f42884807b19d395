"""What the catalogue has to show for itself: its records, what it told, and what it holds for a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

JSON = Any
Same = Callable[[str, JSON, JSON], bool]
"""Whether what the catalogue says of a field (first) is what was true of it (second)."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One entity: its values at the end and as they were handed in, its episodes' numbers, where it has an id."""

    title: str
    values: Mapping[str, JSON]
    was: Mapping[str, JSON] = field(default_factory=dict)
    episodes: frozenset[int] = frozenset()
    platforms: frozenset[str] = frozenset()
    is_timed: bool = True


@dataclass(frozen=True, slots=True)
class Told:
    """One field that an event told: the value, on whose word, as of when, and when it was told."""

    entity_id: str
    field: str
    value: JSON
    source: str
    observed_at: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """A change that waits for a person, or was decided by one, and the reasons."""

    entity_id: str
    field: str
    value: JSON
    at: datetime
    reasons: tuple[str, ...]
    state: str = "pending"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that was found at the end, by entity."""

    stored: Mapping[str, Stored]
    told: Sequence[Told]
    held: Sequence[Held]
    same: Same

    def telling(self, entity_id: str, name: str, value: JSON) -> list[Told]:
        """The events that told this value of a field, first told first."""
        of_field = (one for one in self.told if (one.entity_id, one.field) == (entity_id, name))
        return sorted((one for one in of_field if self.same(name, one.value, value)), key=lambda one: one.at)

    def holding(self, entity_id: str, name: str, value: JSON) -> list[Held]:
        """The reviews of this value of a field, oldest first."""
        of_field = (one for one in self.held if (one.entity_id, one.field) == (entity_id, name))
        return sorted((one for one in of_field if self.same(name, one.value, value)), key=lambda one: one.at)
