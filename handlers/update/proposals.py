"""Changes that were proposed before: what waits for a person, or was rejected, is not proposed again. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from contracts.risk import risks_of
from handlers.update.canonical import canonical
from handlers.update.change import JSON, FieldChange


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change that waits for a decision or was rejected: the field, and from what to what."""

    field: str
    old: JSON
    new: JSON


def unproposed(changes: Iterable[FieldChange], known: Iterable[Proposal]) -> list[FieldChange]:
    """The changes without the risky ones that a person has before them, or has decided against.

    The record does not have what is held, so every look finds it again. It is the same proposal as long as both values
    are; a source that says something else, or a record that moved, makes a new one.
    """
    told = {_key(one.field, one.old, one.new) for one in known}
    return [
        one
        for one in changes
        if _key(one.field, one.old, one.new) not in told or not risks_of(one.field, one.old, one.new)
    ]


def _key(field: str, old: JSON, new: JSON) -> tuple[str, object, object]:
    return field, canonical(field, old), canonical(field, new)
