"""What became of one acknowledged change, told from what the database wrote down itself. Pure.

A change without a visible effect is nothing to worry about when something that was observed later stood already, or
came in the same transaction; also when that one was never confirmed to us, as at the end of a load that is cut off. All
else is a loss, and its sentence says what is known of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from uuid import UUID

from tests.faults.harness.ledger import Entry, Key


@dataclass(frozen=True, slots=True)
class Shown:
    """A value that took effect: the place of its version among all versions, and its token."""

    place: int
    token: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the database says of one lane.

    `claims` gives for each consumer and event that was claimed the place of the last version that was there when its
    transaction committed. That transaction holds the row until then, so each version of the row up to that place was
    committed before it or by it, and each beyond it later.
    """

    shown: Mapping[Key, Sequence[Shown]]
    claims: Mapping[tuple[str, UUID], int]
    reviews: Mapping[UUID, str] = field(default_factory=dict)
    gone: frozenset[Key] = frozenset()


@dataclass(frozen=True, slots=True)
class Fate:
    """How often it took effect, what superseded it if it did not, and the sentence of a fault if it is one."""

    times: int = 0
    superseded_by: str | None = None
    lost: str | None = None


def fate(entry: Entry, entries: Mapping[str, Entry], evidence: Evidence) -> Fate:
    """What became of one change."""
    shown = evidence.shown.get(entry.key, ())
    times = sum(1 for one in shown if one.token == entry.token)
    if times or not entry.acknowledged:
        return Fate(times)
    if entry.key in evidence.gone:
        return Fate(superseded_by="its deletion")
    if entry.event_id is None:
        # A record has its verdict, and which event carried it is not known here: whatever came later explains it.
        later = _first_later(entry, entries, shown)
        words = "no later one of the same took effect"
        return Fate(superseded_by=later) if later else Fate(lost=_lost(entry, words, entries, shown))
    place = evidence.claims.get((entry.consumer, entry.event_id))
    if place is None:
        words = "the event was never claimed, so nobody handled it"
        return Fate(lost=_lost(entry, words, entries, shown))
    before = [one for one in shown if one.place <= place]
    later = _first_later(entry, entries, before)
    if later:
        return Fate(superseded_by=later)
    words = f"the event was claimed when “{_short(before[-1].token) if before else 'nothing'}” stood, which is no newer"
    if entry.event_id in evidence.reviews:
        words += f"; it is held for a person ({evidence.reviews[entry.event_id]})"
    return Fate(lost=_lost(entry, words, entries, shown))


def gone_back(entries: Mapping[str, Entry], evidence: Evidence) -> list[str]:
    """Where a row came to show what was observed before the value that it showed already; a sentence for each."""
    found: list[str] = []
    for key, shown in evidence.shown.items():
        known = [entries[one.token] for one in shown if one.token in entries]
        found += [
            f"{key[0]} {key[1]} went from “{_short(earlier.token)}” back to “{_short(later.token)}”"
            for earlier, later in pairwise(known)
            if later.minute < earlier.minute
        ]
    return found


def _first_later(entry: Entry, entries: Mapping[str, Entry], shown: Iterable[Shown]) -> str | None:
    known = (entries[one.token] for one in shown if one.token in entries)
    return next((one.token for one in known if one.minute > entry.minute), None)


def _lost(entry: Entry, words: str, entries: Mapping[str, Entry], shown: Sequence[Shown]) -> str:
    after = _first_later(entry, entries, shown)
    if after:
        unsure = "" if entries[after].acknowledged else ", which was never confirmed,"
        words += f"; “{_short(after)}”{unsure} took effect only after that"
    sent = f"sent {entry.sent} times, event {entry.event_id or 'unknown'}"
    return f"“{_short(entry.token)}” ({sent}) was acknowledged for {entry.consumer} and never took effect: {words}"


def _short(token: str) -> str:
    return token.rstrip(".")
