"""From raw records to entries for the books. Pure; it takes its time, so it runs in a thread beside the event loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from contracts import codec
from contracts.errors import Permanent, Refused
from handlers.ingest.books import Entry
from handlers.ingest.raw import RawRecord
from handlers.ingest.records import Prepared, label_of, observed_at, prepare
from handlers.ingest.split import Sending, split
from handlers.ingest.verdict import Kind, Verdict


@dataclass(frozen=True, slots=True)
class Batch:
    """Records that go out together."""

    run_id: int
    now: datetime
    records: Sequence[Prepared]


def sort_out(raws: Sequence[RawRecord]) -> tuple[list[Prepared], list[Verdict]]:
    """Which of the raw records may go in, and the verdicts on the others."""
    prepared: list[Prepared] = []
    refused: list[Verdict] = []
    for raw in raws:
        try:
            if raw.problem is not None:
                raise Refused(f"record {raw.position}", "", raw.problem)
            prepared.append(prepare(raw.value, raw.position))
        except Refused as error:
            label = label_of(raw.value, raw.position)
            refused.append(Verdict(label, None, Kind.REFUSED, str(error), position=raw.position))
    return prepared, refused


def encode(batch: Batch) -> tuple[list[Entry], list[Verdict]]:
    """The events of the records as messages, and the verdicts on records that no message can hold."""
    entries: dict[object, Entry] = {}
    refused: list[Verdict] = []
    for prepared in batch.records:
        try:
            entries |= {entry.event_id: entry for entry in _entries(batch, prepared)}
        except Permanent as error:
            refused.append(prepared.verdict(Kind.REFUSED, str(error)))
    return list(entries.values()), refused


def _entries(batch: Batch, prepared: Prepared) -> list[Entry]:
    events = split(prepared, Sending(batch.run_id, observed_at(prepared, batch.now), batch.now))
    return [
        Entry(event.event_id, prepared.payload, prepared.label, codec.encode(event), number, len(events))
        for number, event in enumerate(events, start=1)
    ]
