"""The record as it stands, and who said what of it: the form in which persist keeps both. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from handlers.update.belief import label_of, sources_of
from handlers.update.canonical import instant

JSON = Any
_STAR: Final = "*"


@dataclass(frozen=True, slots=True)
class Current:
    """An entity as it stands: values by field (JSON), who said them, and the version of its row.

    `provenance` has an entry [source, observed_at, event id] per field, per key of statistics and external_ids as
    "statistics.mal", and "*" for all that has none of its own. `highest_episode` is the highest number that has a row.
    `switched_off` are sources that nobody asks any more: what they said gives way to whoever speaks.
    """

    values: Mapping[str, JSON] = field(default_factory=dict)
    provenance: Mapping[str, Sequence[str]] = field(default_factory=dict)
    version: int = 0
    highest_episode: int | None = None
    switched_off: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Held:
    """What is held of one field or key: the value (None: nothing), whose word it is, and as of when."""

    value: JSON
    label: str = ""
    observed_at: datetime | None = None

    def outdates(self, moment: datetime) -> bool:
        """Whether a word of that time is no newer; UNKNOWN is nobody's word, so anything is newer."""
        return self.observed_at is not None and moment <= self.observed_at and self.value != "UNKNOWN"


def held(current: Current, name: str) -> Held:
    """What is held under a field or a dotted key.

    Also a removal counts: what was said before it is older. The rule is persist's, so that no event is sent that
    persist would find outdated, again and again.
    """
    outer, dot, key = name.partition(".")
    value = current.values.get(outer)
    if dot:
        value = (value or {}).get(key)
    own = current.provenance.get(name) or (current.provenance.get(_STAR) if value is not None else None)
    entries = [one for one in (own, current.provenance.get(outer) if dot else None) if one]
    if not entries:
        return Held(value)
    source, moment, _ = max(entries, key=lambda one: (instant(one[1]), one[2]))[:3]
    return Held(value, label_of(sources_of(source) - current.switched_off), instant(moment))
