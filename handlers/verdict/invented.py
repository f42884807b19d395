"""What was told and never was true: each told value beside what its source showed at the time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handlers.verdict.evidence import Told

JSON = Any
Shown = Callable[[Told], Sequence[JSON]]
"""What the sources of a told value showed of its field when it was observed; several values where it just changed."""
Items = Callable[[str, JSON], frozenset[object]]
"""The parts that a value of a field is made of: itself, or the items of a list and the parts of an object."""


@dataclass(frozen=True, slots=True)
class Invention:
    """A told value with parts that nobody had said."""

    told: Told
    title: str
    parts: tuple[str, ...]


def inventions(
    told: Iterable[Told], shown: Shown, was: Mapping[str, Mapping[str, JSON]], titles: Mapping[str, str], items: Items
) -> list[Invention]:
    """The told values that are not made of what their sources showed and what the record held already."""
    found: list[Invention] = []
    held: dict[tuple[str, str], frozenset[object]] = {}
    for one in sorted(told, key=lambda each: each.at):
        key = one.entity_id, one.field
        before = held.get(key, items(one.field, was.get(one.entity_id, {}).get(one.field)))
        said = frozenset().union(*(items(one.field, value) for value in shown(one)))
        parts = items(one.field, one.value)
        unknown = parts - before - said
        if unknown:
            found.append(Invention(one, titles.get(one.entity_id, one.entity_id), tuple(sorted(map(str, unknown)))))
        held[key] = before | parts
    return found
