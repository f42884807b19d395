"""What was told and never was true: each told value beside what its source showed at the time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from handlers.verdict.evidence import Told

JSON = Any
Shown = Callable[[Told], Iterable[JSON]]
"""What the sources of a told value showed of its field when it was observed; several values where it just changed.
They are taken one by one until the told value is explained."""
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
        parts = items(one.field, one.value)
        unknown = _unknown(one, parts - before, shown, items)
        if unknown:
            found.append(Invention(one, titles.get(one.entity_id, one.entity_id), tuple(sorted(map(str, unknown)))))
        held[key] = before | parts
    return found


def _unknown(told: Told, parts: frozenset[object], shown: Shown, items: Items) -> frozenset[object]:
    left = parts
    if left:
        for value in shown(told):
            left -= items(told.field, value)
            if not left:
                break
    return left
