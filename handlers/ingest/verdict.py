"""What became of one record that was handed in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from uuid import UUID


class Kind(StrEnum):
    """The outcome of a record."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    # Queued, but persist did not decide in time: it may still go in. Whoever reports counts it as not done.
    UNDECIDED = "undecided"


FAILURES: Final = frozenset({Kind.REFUSED, Kind.UNDECIDED})
_WEIGHT: Final = {Kind.UNCHANGED: 0, Kind.CHANGED: 1, Kind.NEW: 2, Kind.UNDECIDED: 3, Kind.REFUSED: 4}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of one record.

    `label` names it as a person would, `reason` says why it is not in, `ignored` counts the keys of the record that
    nothing is known to do with, by their path, and `position` is its place in what was handed in, from 1.
    """

    label: str
    anime_id: UUID | None
    kind: Kind
    reason: str | None = None
    ignored: Mapping[str, int] = field(default_factory=dict)
    position: int | None = None


def of_parts(kinds: Iterable[Kind]) -> Kind:
    """The outcome of a record that was sent in parts: refused if any is, else new, else changed, else unchanged."""
    return max(kinds, key=_WEIGHT.__getitem__, default=Kind.UNCHANGED)
