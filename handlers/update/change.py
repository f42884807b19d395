"""What a diff finds: changes, and words that were heard and not believed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

JSON = Any


@dataclass(frozen=True, slots=True)
class Dissent:
    """A word that differs from what is held and was not followed, and why."""

    field: str
    value: JSON
    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that changes: from what to what (JSON; None is absent), on whose word, as of when, by which rule.

    `field` is a field of the record, or "statistics.mal" or "external_ids.mal" for one key of these maps. `source` is a
    label (belief.py): one source, or several joined by "+". `dissents` are the words on it that were not followed.
    """

    field: str
    old: JSON
    new: JSON
    source: str
    observed_at: datetime
    rule: str
    dissents: tuple[Dissent, ...] = ()


Finding = FieldChange | Dissent
