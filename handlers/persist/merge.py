"""The rule that decides which incoming values replace what is held. Pure: values in, values out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

JSON = Any
Entry = list[Any]
Provenance = dict[str, Entry]

STAR: Final = "*"
# These are maps whose keys come from different sources: each key is held, and overwritten, on its own.
OVERLAID: Final = frozenset({"statistics", "external_ids"})
# A source that does not know says nothing (data-model.md, review policy).
UNKNOWN: Final = "UNKNOWN"
NEVER_UNKNOWN: Final = frozenset({"type", "status", "rating", "source_material"})
# What a source does not know any more is no change of these; only a person takes it away. Texts and lists, a break and
# the parts of dates and slots can come to be none, and a source may say so.
NEVER_BLANKED: Final = frozenset(
    {
        *("episode_count", "year", "season", "month", "duration", "nsfw", "country_of_origin", "favorites"),
        *("score", "statistics", "external_ids"),
    }
)


@dataclass(slots=True)
class Saying:
    """Who said it, when it was observed, and in which event; `entry` is how that is stored.

    Computed once, because every field of an event is compared with it. `beliefs` say, for the fields of which that is
    known, by which rule the word was believed and what others said.
    """

    source: str
    observed_at: datetime
    event_id: UUID
    beliefs: Mapping[str, JSON] = field(default_factory=dict)
    entry: Entry = field(init=False)
    order: tuple[datetime, str] = field(init=False)

    def __post_init__(self) -> None:
        event_id = str(self.event_id)
        self.entry = [self.source, instant(self.observed_at), event_id]
        self.order = (self.observed_at, event_id)

    @classmethod
    def of_field(cls, name: str, source: str, observed_at: datetime, event_id: UUID, belief: JSON) -> Saying:
        """What was said of one field; without a `belief` nobody has kept why it was believed."""
        return cls(source, observed_at, event_id, {name: belief} if belief else {})

    def entry_of(self, name: str) -> Entry:
        """How it is stored that this said a field: with why it was believed, where that is known."""
        belief = self.beliefs.get(name)
        return [*self.entry, belief] if belief else self.entry


@dataclass(slots=True)
class Held:
    """What is held of one entity: values by field, and who said them. Merging writes into it."""

    values: dict[str, JSON]
    provenance: Provenance
    changed: set[str] = field(default_factory=set)
    attributed: bool = False
    before: dict[str, JSON] = field(default_factory=dict)

    @property
    def touched(self) -> bool:
        """Whether anything about it, if only who said it last, is different from the stored row."""
        return bool(self.changed) or self.attributed

    def assign(self, name: str, value: JSON) -> None:
        """Set a value. One that ends as the stored row has it is no change, whatever it was in between."""
        if self.values.get(name) != value:
            before = self.before.setdefault(name, self.values.get(name))
            self.values[name] = value
            if before == value:
                self.changed.discard(name)
            else:
                self.changed.add(name)


def instant(moment: datetime) -> str:
    """An instant in the one form in which it is stored and compared: ISO 8601 in UTC, ending in Z."""
    return moment.isoformat().replace("+00:00", "Z")


def merge(held: Held, incoming: Mapping[str, JSON], saying: Saying, *, whole_record: bool = False) -> None:
    """Put `incoming` (field → value, None removes it) into `held`, where it is not older than what is there.

    `whole_record` moves the default attribution instead of writing one entry per field.
    """
    won: list[str] = []
    for name, value in incoming.items():
        if name in OVERLAID:
            won += _overlay(held, name, value, saying)
        elif _wins(held, name, held.values.get(name), value, saying):
            held.assign(name, value)
            won.append(name)
    attribute(held, won, saying, whole_record=whole_record)


def _overlay(held: Held, name: str, incoming: Mapping[str, JSON] | None, saying: Saying) -> list[str]:
    current: dict[str, JSON] = dict(held.values.get(name) or {})
    # None removes the keys that were said before it; the whole map's entry then keeps late sayings of them out.
    said = dict.fromkeys(current) if incoming is None else dict(incoming)
    won = [key for key, value in said.items() if _wins(held, f"{name}.{key}", current.get(key), value, saying)]
    merged = {key: value for key, value in (current | {key: said[key] for key in won}).items() if value is not None}
    held.assign(name, merged or None)
    if incoming is not None:
        return [f"{name}.{key}" for key in won]
    removed = holder(held.provenance, name, held_now=False)
    return [name] if removed is None or _order(removed) <= saying.order else []


def _wins(held: Held, key: str, current: JSON, value: JSON, saying: Saying) -> bool:
    if is_silent(key, current, value):
        return False
    if key in NEVER_UNKNOWN and current == UNKNOWN:
        return True  # Whoever knows wins over whoever does not, however late that was said.
    entry = holder(held.provenance, key, held_now=current is not None)
    return entry is None or _order(entry) <= saying.order


def is_silent(key: str, current: JSON, value: JSON) -> bool:
    """Whether a word says nothing: a source that does not know takes nothing away."""
    return key in NEVER_UNKNOWN and (value is None or (value == UNKNOWN and current is not None))


def holder(provenance: Provenance, key: str, *, held_now: bool) -> Entry | None:
    """Who said the value of `key`: its own entry, else the default when there is a value, or who removed its map."""
    own = provenance.get(key) or (provenance.get(STAR) if held_now else None)
    name, dot, _ = key.partition(".")
    removed = provenance.get(name) if dot else None
    return max((entry for entry in (own, removed) if entry), key=_order, default=None)


def _order(entry: Entry) -> tuple[datetime, str]:
    # Two events that observed at one instant are ordered by id, so that every order of arrival ends the same.
    return datetime.fromisoformat(entry[1]), entry[2]


def attribute(held: Held, won: list[str], saying: Saying, *, whole_record: bool = False) -> None:
    """Keep who said the fields that were `won`, in the shortest form."""
    if not won:
        return
    entry = saying.entry
    star = held.provenance.get(STAR)
    if whole_record and (star is None or _order(star) <= saying.order):
        own = {key: value for key, value in held.provenance.items() if key != STAR and key not in won}
        kept = {key: star for key in _keys_with_values(held.values) if star and key not in won and key not in own}
        provenance = own | kept | {STAR: entry}
    elif star == entry:
        provenance = {key: value for key, value in held.provenance.items() if key not in won}
    else:
        provenance = held.provenance | {name: saying.entry_of(name) for name in won}
    if provenance != held.provenance:
        held.provenance = provenance
        held.attributed = True


def _keys_with_values(values: Mapping[str, JSON]) -> list[str]:
    keys: list[str] = []
    for name, value in values.items():
        if name in OVERLAID:
            keys += [f"{name}.{key}" for key in value or {}]
        elif value is not None:
            keys.append(name)
    return keys
