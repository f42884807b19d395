"""The work of an ingest, on books kept in memory: what is sent, what is waited for, and when it gives up."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import Any
from uuid import UUID

import pytest

from contracts import limits
from contracts.errors import Outage
from handlers.ingest import work
from handlers.ingest.books import Decision, Entry, HandedIn, Payload
from handlers.ingest.raw import RawRecord
from handlers.ingest.verdict import Kind, Verdict
from tests.unit.ingest.samples import JumpClock, anime_id, raw_record

Persist = Callable[[Entry], Decision | None]


def all_new(_: Entry) -> Decision:
    return Decision(Kind.NEW, None)


class MemoryBooks:
    """The books in memory; `persist` decides each entry, or leaves it open with None."""

    def __init__(self, persist: Persist = all_new) -> None:
        self.persist = persist
        self.known: set[Payload] = set()
        self.waiting: dict[Payload, frozenset[UUID]] = {}
        self.entered: list[Entry] = []
        self.decisions: dict[UUID, Decision] = {}
        self.finished: list[str | None] = []
        self.outages = 0
        self.open_max = 0

    def _answer(self) -> None:
        if self.outages:
            self.outages -= 1
            raise Outage("PostgreSQL", "away")

    async def begin(self, artifact_uri: str) -> int:
        self._answer()
        return 1

    async def finish(self, run_id: int, error: str | None) -> None:
        self.finished.append(error)

    async def handed_in(self, payloads: Sequence[Payload]) -> Mapping[Payload, HandedIn]:
        self._answer()
        return {one: HandedIn(one in self.known, self.waiting.get(one, frozenset())) for one in payloads}

    async def enter(self, run_id: int, entries: Sequence[Entry]) -> None:
        self._answer()
        self.entered += entries

    async def decided(self, event_ids: Sequence[UUID]) -> Mapping[UUID, Decision]:
        self._answer()
        self.open_max = max(self.open_max, len(event_ids))
        for entry in self.entered:
            decision = self.persist(entry)
            if decision is not None:
                self.decisions[entry.event_id] = decision
        return {one: self.decisions[one] for one in event_ids if one in self.decisions}


def raws(values: Iterable[Any]) -> AsyncIterator[RawRecord]:
    async def arrive() -> AsyncIterator[RawRecord]:
        for position, value in enumerate(values, start=1):
            yield RawRecord(position, value, size_bytes=100)

    return arrive()


async def run(
    books: MemoryBooks, values: Iterable[Any], timeout_s: float = 60.0, clock: JumpClock | None = None
) -> list[Verdict]:
    found = work.ingest(raws(values), books, clock or JumpClock(), artifact_uri="test", inactivity_timeout_s=timeout_s)
    return [verdict async for verdict in found]


async def hear(verdicts: AsyncIterator[Verdict], heard: list[Verdict]) -> None:
    async for verdict in verdicts:
        heard.append(verdict)  # noqa: PERF401 - what was heard before an error counts.


async def test_every_record_gets_its_verdict() -> None:
    books = MemoryBooks()
    verdicts = await run(books, [raw_record(1), {"anime": {}}, raw_record(2), "nonsense"])
    assert Counter(verdict.kind for verdict in verdicts) == {Kind.NEW: 2, Kind.REFUSED: 2}
    assert {verdict.position for verdict in verdicts} == {1, 2, 3, 4}
    assert {verdict.anime_id for verdict in verdicts if verdict.kind is Kind.NEW} == {anime_id(1), anime_id(2)}
    assert books.finished == [None]


async def test_what_is_known_is_not_sent() -> None:
    books = MemoryBooks()
    await run(books, [raw_record(1)])
    books.known = {books.entered[0].payload}
    (verdict,) = await run(books, [raw_record(1)])
    assert verdict.kind is Kind.UNCHANGED
    assert len(books.entered) == 1


async def test_what_an_earlier_run_still_waits_for_is_waited_for_and_not_sent_again() -> None:
    books = MemoryBooks(lambda _: None)
    await run(books, [raw_record(1)], timeout_s=1)
    (entry,) = books.entered
    books.waiting = {entry.payload: frozenset({entry.event_id})}
    books.persist = lambda _: Decision(Kind.CHANGED, None)
    (verdict,) = await run(books, [raw_record(1)])
    assert verdict.kind is Kind.CHANGED
    assert books.entered == [entry]


async def test_the_same_record_twice_in_one_file_is_sent_once() -> None:
    books = MemoryBooks()
    verdicts = await run(books, [raw_record(1), raw_record(1)])
    assert sorted(verdict.kind for verdict in verdicts) == [Kind.NEW, Kind.UNCHANGED]
    assert len(books.entered) == 1


def long_record() -> dict[str, Any]:
    return raw_record() | {
        "characters": [{"name": f"c{at}", "description": "x" * 60_000} for at in range(20)],
        "episodes": [],
    }


@pytest.mark.parametrize(
    ("first", "others", "expected"),
    [
        (Kind.NEW, Kind.CHANGED, Kind.NEW),
        (Kind.UNCHANGED, Kind.UNCHANGED, Kind.UNCHANGED),
        (Kind.UNCHANGED, Kind.CHANGED, Kind.CHANGED),
        (Kind.NEW, Kind.REFUSED, Kind.REFUSED),
    ],
)
async def test_the_verdict_over_several_parts(first: Kind, others: Kind, expected: Kind) -> None:
    books = MemoryBooks(lambda entry: Decision(first if entry.part == 1 else others, None))
    (verdict,) = await run(books, [long_record()])
    assert len(books.entered) > 1
    assert [entry.part for entry in books.entered] == list(range(1, books.entered[0].parts + 1))
    assert verdict.kind is expected


async def test_a_part_that_is_open_keeps_its_record_open() -> None:
    books = MemoryBooks(lambda entry: Decision(Kind.NEW, None) if entry.part == 1 else None)
    (verdict,) = await run(books, [long_record()], timeout_s=5)
    assert verdict.kind is Kind.UNDECIDED


async def test_silence_of_persist_ends_the_wait_and_the_rest_is_still_queued() -> None:
    books = MemoryBooks(lambda _: None)
    count = limits.INGEST_RECORDS_IN_FLIGHT_MAX + 250
    clock = JumpClock()
    verdicts = await run(books, (raw_record(number) for number in range(count)), timeout_s=30, clock=clock)
    assert clock.passed_s < 45, "the timeout is waited for once, not for every record that follows"
    assert len(verdicts) == len(books.entered) == count
    assert {verdict.kind for verdict in verdicts} == {Kind.UNDECIDED}
    assert "decided nothing for" in (verdicts[0].reason or "")
    assert books.open_max <= limits.INGEST_RECORDS_IN_FLIGHT_MAX


async def test_slow_is_not_silent() -> None:
    asked: Counter[UUID] = Counter()

    def one_after_the_other(entry: Entry) -> Decision | None:
        # Each is decided 0.5 s after the one before it, so that all of them take half a minute.
        asked[entry.event_id] += 1
        return Decision(Kind.NEW, None) if asked[entry.event_id] > 10 * int(entry.label.split()[1]) else None

    values = (raw_record(number) for number in range(60))
    verdicts = await run(MemoryBooks(one_after_the_other), values, timeout_s=1)
    assert {verdict.kind for verdict in verdicts} == {Kind.NEW}


async def test_a_short_outage_is_waited_out() -> None:
    books = MemoryBooks()
    books.outages = 5
    (verdict,) = await run(books, [raw_record(1)])
    assert verdict.kind is Kind.NEW


async def test_a_long_outage_is_told_record_by_record_and_then_raised() -> None:
    books = MemoryBooks(lambda _: None)
    verdicts: list[Verdict] = []

    async def arrive() -> AsyncIterator[RawRecord]:
        yield RawRecord(1, raw_record(1), size_bytes=100)
        while not books.entered:
            await JumpClock().sleep(0)
        books.outages = 1_000_000
        yield RawRecord(2, raw_record(2), size_bytes=100)

    found = work.ingest(arrive(), books, JumpClock(), artifact_uri="test", inactivity_timeout_s=9)
    with pytest.raises(Outage):
        await hear(found, verdicts)
    assert {verdict.position for verdict in verdicts if verdict.kind is Kind.UNDECIDED} >= {1}
    assert "PostgreSQL" in (books.finished[0] or "")


async def test_what_ends_the_input_early_is_raised_after_the_verdicts() -> None:
    async def arrive() -> AsyncIterator[RawRecord]:
        yield RawRecord(1, raw_record(1), size_bytes=100)
        raise ConnectionResetError("gone")

    books = MemoryBooks()
    verdicts: list[Verdict] = []
    with pytest.raises(ConnectionResetError):
        await hear(work.ingest(arrive(), books, JumpClock(), artifact_uri="test"), verdicts)
    assert [verdict.kind for verdict in verdicts] == [Kind.NEW]
    assert books.finished == ["ConnectionResetError: gone"]


async def test_who_stops_listening_ends_the_run() -> None:
    books = MemoryBooks(lambda entry: Decision(Kind.NEW, None) if entry.label == "Sample 0" else None)
    found = work.ingest(raws(raw_record(number) for number in range(5)), books, JumpClock(), artifact_uri="test")
    async with aclosing(found) as verdicts:  # type: ignore[type-var]
        await anext(verdicts)
    assert books.finished == ["interrupted before the end of its input"]


async def test_verdicts_go_out_while_the_next_record_is_on_its_way() -> None:
    heard: list[Verdict] = []

    async def arrive() -> AsyncIterator[RawRecord]:
        yield RawRecord(1, raw_record(1), size_bytes=100)
        while not heard:
            await JumpClock().sleep(0)
        yield RawRecord(2, raw_record(2), size_bytes=100)

    await hear(work.ingest(arrive(), MemoryBooks(), JumpClock(), artifact_uri="test"), heard)
    assert [verdict.label for verdict in heard] == ["Sample 1", "Sample 2"]


async def test_a_record_from_the_future_counts_as_observed_now() -> None:
    from handlers.ingest.records import observed_at, prepare
    from tests.unit.ingest.samples import NOW

    ahead = raw_record() | {"enrichment_metadata": {"enriched_at": "2090-01-01T00:00:00Z"}}
    assert observed_at(prepare(ahead, 1), NOW) == NOW
    before = raw_record() | {"enrichment_metadata": {"enriched_at": "2025-01-25T12:00:00Z"}}
    assert observed_at(prepare(before, 1), NOW).year == 2025
    assert observed_at(prepare(raw_record(), 1), NOW) == NOW
