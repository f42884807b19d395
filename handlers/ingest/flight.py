"""Records that wait for persist's word. Pure: what is known comes in as values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from handlers.ingest.books import Decision, Entry, Payload
from handlers.ingest.records import Prepared
from handlers.ingest.verdict import Kind, Verdict, of_parts


@dataclass(slots=True)
class _Waiting:
    """One payload, the records that carry it (a file may hold it twice), and its events."""

    records: list[Prepared]
    open: set[UUID]
    kinds: list[Kind] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def verdicts(self) -> list[Verdict]:
        kind = of_parts(self.kinds)
        reason = "; ".join(self.reasons) or None
        again = kind if kind is Kind.REFUSED else Kind.UNCHANGED
        return [
            record.verdict(kind if first else again, reason)
            for first, record in zip([True] + [False] * len(self.records), self.records, strict=False)
        ]


class Flight:
    """What is on its way, by payload."""

    def __init__(self, records_max: int) -> None:
        self._records_max = records_max
        self._waiting: dict[Payload, _Waiting] = {}
        self._payload_of: dict[UUID, Payload] = {}

    @property
    def empty(self) -> bool:
        """Whether nothing is waited for."""
        return not self._waiting

    @property
    def room(self) -> int:
        """How many records more may be on their way."""
        return max(0, self._records_max - sum(len(waiting.records) for waiting in self._waiting.values()))

    def has(self, payload: Payload) -> bool:
        """Whether this payload is on its way already."""
        return payload in self._waiting

    def event_ids(self) -> Sequence[UUID]:
        """The events whose verdict is open."""
        return list(self._payload_of)

    def add(
        self, records: Iterable[Prepared], entries: Iterable[Entry], elsewhere: Mapping[Payload, Collection[UUID]]
    ) -> None:
        """Wait for these records: for the events that were entered, or those that an earlier run entered."""
        events: dict[Payload, set[UUID]] = {payload: set(ids) for payload, ids in elsewhere.items()}
        for entry in entries:
            events.setdefault(entry.payload, set()).add(entry.event_id)
        for record in records:
            waiting = self._waiting.get(record.payload)
            if waiting is not None:
                waiting.records.append(record)
            elif events.get(record.payload):
                self._waiting[record.payload] = _Waiting([record], events[record.payload])
                self._payload_of |= dict.fromkeys(events[record.payload], record.payload)

    def decide(self, decided: Mapping[UUID, Decision]) -> list[Verdict]:
        """Take in what was decided; the verdicts on the records that are complete by it."""
        verdicts: list[Verdict] = []
        for event_id, decision in decided.items():
            payload = self._payload_of.pop(event_id, None)
            if payload is None:
                continue
            waiting = self._waiting[payload]
            waiting.open.discard(event_id)
            waiting.kinds.append(decision.kind)
            waiting.reasons += [decision.reason] if decision.reason else []
            if not waiting.open:
                verdicts += self._waiting.pop(payload).verdicts()
        return verdicts

    def give_up(self, reason: str) -> list[Verdict]:
        """Wait no longer for anything."""
        verdicts = [
            record.verdict(Kind.UNDECIDED, reason) for waiting in self._waiting.values() for record in waiting.records
        ]
        self._waiting.clear()
        self._payload_of.clear()
        return verdicts
