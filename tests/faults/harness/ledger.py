"""The ledger: what was sent, what was acknowledged, what took effect and how often; and the sums of the whole run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from typing import TypeAlias
from uuid import UUID

Key: TypeAlias = tuple[str, UUID]
"""A relation, and an entity in it."""


@dataclass(slots=True)
class Entry:
    """One change with a token of its own, which shows in a column of `relation` once it took effect.

    Of two changes of one entity the one with the higher `minute` was observed later, and stands in the end.
    """

    token: str
    relation: str
    entity: UUID
    minute: float
    consumer: str
    event_id: UUID | None = None
    sent: int = 0
    acknowledged: bool = False

    @property
    def key(self) -> Key:
        """What it changes."""
        return self.relation, self.entity


@dataclass(slots=True)
class Ledger:
    """What one lane was given. `poison` counts bodies that must become one dead letter each, by their token."""

    entries: dict[str, Entry] = field(default_factory=dict)
    refused: dict[UUID, bool] = field(default_factory=dict)
    poison: dict[str, bool] = field(default_factory=dict)
    deleted: dict[UUID, bool] = field(default_factory=dict)
    records: dict[UUID, bool] = field(default_factory=dict)

    def add(self, entry: Entry) -> Entry:
        self.entries[entry.token] = entry
        return entry

    def newest(self) -> dict[Key, Entry]:
        """The acknowledged change of each entity that was observed last."""
        found: dict[Key, Entry] = {}
        for entry in self.entries.values():
            held = found.get(entry.key)
            if entry.acknowledged and (held is None or entry.minute > held.minute):
                found[entry.key] = entry
        return found


@dataclass(slots=True)
class Judgement:
    """What the ledger says. The lists must be empty; each item is one sentence."""

    sent: int = 0
    acknowledged: int = 0
    applied: int = 0
    superseded: int = 0
    dead_letters: int = 0
    repeated: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        kinds = ("lost", "doubled", "stale", "stuck", "leaked")
        return [f"{kind}: {words}" for kind in kinds for words in getattr(self, kind)]


@dataclass(slots=True)
class Sums:
    """The figures of one scenario."""

    name: str
    kills: int = 0
    sent: int = 0
    acknowledged: int = 0
    applied: int = 0
    superseded: int = 0
    dead_letters: int = 0
    repeated: int = 0
    lost: int = 0
    doubled: int = 0
    stale: int = 0
    stuck: int = 0
    leaked: int = 0
    figures: dict[str, float | int | str] = field(default_factory=dict)

    def add(self, judgement: Judgement) -> None:
        for one in fields(judgement):
            value = getattr(judgement, one.name)
            count = len(value) if isinstance(value, list) else value
            setattr(self, one.name, getattr(self, one.name) + count)


@dataclass(slots=True)
class Canaries:
    """Words in the place of secrets: where they were planted, how much was searched for them, and where one was found.

    What a saboteur leaves behind does not count.
    """

    planted: set[str] = field(default_factory=set)
    places: int = 0
    searched_bytes: int = 0
    found: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        searched = f"{self.searched_bytes:,} bytes in {self.places:,} places searched"
        return f"canaries: {len(self.planted)} planted, {searched}, {len(self.found)} found"


@dataclass(slots=True)
class Book:
    """Every scenario of the run."""

    scenarios: dict[str, Sums] = field(default_factory=dict)
    saboteurs: dict[str, str] = field(default_factory=dict)
    canaries: Canaries = field(default_factory=Canaries)

    def of(self, name: str) -> Sums:
        return self.scenarios.setdefault(name, Sums(name))

    def as_json(self) -> dict[str, object]:
        return {
            "scenarios": [asdict(sums) for sums in self.scenarios.values()],
            "saboteurs": self.saboteurs,
            "canaries": asdict(self.canaries) | {"planted": sorted(self.canaries.planted)},
        }


BOOK = Book()
COLUMNS = (
    ("kills", "kills"),
    ("sent", "sent"),
    ("acknowledged", "acked"),
    ("applied", "applied"),
    ("superseded", "superseded"),
    ("repeated", "repeated"),
    ("dead_letters", "dead"),
    ("lost", "lost"),
    ("doubled", "doubled"),
    ("stale", "stale"),
    ("stuck", "stuck"),
    ("leaked", "leaked"),
)


def table(book: Book) -> Iterable[str]:
    """The ledger as lines for a terminal."""
    width = max([len(name) for name in book.scenarios] + [len("scenario")])
    yield "  ".join(["scenario".ljust(width), *(title.rjust(len(title)) for _, title in COLUMNS)])
    totals = Sums("in all")
    for sums in book.scenarios.values():
        for name, _ in COLUMNS:
            setattr(totals, name, getattr(totals, name) + getattr(sums, name))
    for sums in [*book.scenarios.values(), totals]:
        numbers = [str(getattr(sums, name)).rjust(len(title)) for name, title in COLUMNS]
        yield "  ".join([sums.name.ljust(width), *numbers])
    for sums in book.scenarios.values():
        if sums.figures:
            yield f"{sums.name}: " + ", ".join(f"{name} {value}" for name, value in sums.figures.items())
    yield str(book.canaries)
    for name, caught in book.saboteurs.items():
        yield f"saboteur {name}: {caught}"
