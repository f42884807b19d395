"""Changes that were proposed before: what waits for a person, or was rejected, is not proposed again, and what its
source takes back waits no longer. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from contracts.observation import Observation
from contracts.risk import risks_of
from handlers.update import belief
from handlers.update.canonical import canonical
from handlers.update.change import JSON, FieldChange
from handlers.update.current import Current, Held, held
from handlers.update.statements import Statement, statements
from handlers.update.vocabulary import agrees


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change that waits for a decision or was rejected: the field, and from what to what.

    One that waits says by its label whose word it is, and as of when.
    """

    field: str
    old: JSON
    new: JSON
    label: str = ""
    observed_at: datetime | None = None


def news(
    found: Iterable[FieldChange],
    current: Current,
    observations: Iterable[Observation],
    known: Sequence[Proposal],
    fields: frozenset[str] | None = None,
) -> tuple[FieldChange, ...]:
    """The changes that go on: those that nobody has before them, and the taking back of what its source says no more.

    `fields` are those that the look is about; without it, all.
    """
    changes = list(found)
    withdrawn = taken_back(current, observations, known, {one.field for one in changes})
    return (*unproposed(changes, known), *(one for one in withdrawn if fields is None or one.field in fields))


def taken_back(
    current: Current, observations: Iterable[Observation], known: Iterable[Proposal], changing: Iterable[str]
) -> list[FieldChange]:
    """For each change that waits and whose source says again what the record holds: that word, as a change of nothing.

    It is newer than the one that waits, so that persist gives up asking. Where several said it together, all must have
    come back to it; where somebody else moves the field now (`changing`), that is the newer word.
    """
    waiting = [one for one in known if one.observed_at is not None and one.field not in set(changing)]
    if not waiting:
        return []
    said = statements(observations)
    words = ((one, held(current, one.field), _words(one, said.get(one.field, ()))) for one in waiting)
    return [
        FieldChange(
            one.field, now.value, now.value, one.label, max(word.observed_at for word in own), belief.TAKEN_BACK
        )
        for one, now, own in words
        if own and all(_is_back(one, now, word) for word in own)
    ]


def _words(proposal: Proposal, said: Sequence[Statement]) -> list[Statement]:
    """What those said now who proposed it; nothing unless all of them spoke."""
    sources = belief.sources_of(proposal.label)
    own = [one for one in said if one.source in sources]
    return own if {one.source for one in own} == sources else []


def _is_back(proposal: Proposal, now: Held, word: Statement) -> bool:
    if proposal.observed_at is None or word.observed_at <= proposal.observed_at or now.outdates(word.observed_at):
        return False
    # Whose word is believed more keeps its place; a newer word of theirs has ended the waiting already.
    trust = belief.trust(proposal.field, word.source, word.platform)
    return belief.held_trust(proposal.field, now.label) >= trust and agrees(
        word.source, proposal.field, now.value, word.value
    )


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
