"""One ingest: records in, verdicts out, with a bounded number of them on their way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final, TypeVar

from contracts import limits
from contracts.clock import Clock
from contracts.errors import Outage
from handlers.ingest.arrivals import Arrivals
from handlers.ingest.books import Books
from handlers.ingest.flight import Flight
from handlers.ingest.raw import RawRecord
from handlers.ingest.records import Prepared
from handlers.ingest.sending import Batch, encode, sort_out
from handlers.ingest.verdict import Kind, Verdict

INACTIVITY_TIMEOUT_S: Final = 60.0
POLL_S: Final = 0.05
RETRY_S: Final = 0.5
CHUNK_RECORDS_MAX: Final = 100
CHUNK_BYTES_MAX: Final = 8_000_000
T = TypeVar("T")


async def ingest(
    records: AsyncIterator[RawRecord],
    store: Books,
    clock: Clock,
    *,
    artifact_uri: str,
    inactivity_timeout_s: float = INACTIVITY_TIMEOUT_S,
) -> AsyncIterator[Verdict]:
    """Hand in `records` and give a verdict on each, in the order in which they are decided.

    What is queued is in PostgreSQL before anything is published. When persist decides nothing for
    `inactivity_timeout_s` seconds, what is on its way is reported as undecided, and so is at once what comes after it.
    Raises Outage when PostgreSQL stays away that long; whatever ended `records` early is raised after the verdicts.
    """
    run = _Run(store, clock, inactivity_timeout_s)
    run_id = await run.patiently(lambda: store.begin(artifact_uri))
    arrivals = Arrivals(records)
    error: str | None = "interrupted before the end of its input"
    try:
        while not (arrivals.over and run.flight.empty):
            taken = arrivals.take(min(CHUNK_RECORDS_MAX, run.flight.room), CHUNK_BYTES_MAX)
            await run.send(run_id, taken)
            await run.look()
            verdicts = run.told()
            for verdict in verdicts:
                yield verdict
            if not taken and not verdicts:
                await arrivals.wait(clock, POLL_S)
        arrivals.raise_failure()
        error = None
    except Outage as outage:
        error = str(outage)
        run.abandon(error)
        for verdict in run.told():
            yield verdict
        raise
    except Exception as failure:
        error = f"{type(failure).__name__}: {failure}"
        raise
    finally:
        await arrivals.stop()
        with suppress(Outage):
            # Shielded, because whoever waits for the verdicts may be gone, and the run must not look as if it went on.
            await asyncio.shield(store.finish(run_id, error))


class _Run:
    """The state of one ingest: what is on its way, what is to be told, and when persist was last heard of."""

    def __init__(self, store: Books, clock: Clock, timeout_s: float) -> None:
        self.flight = Flight(limits.INGEST_RECORDS_IN_FLIGHT_MAX)
        self._store = store
        self._clock = clock
        self._timeout_s = timeout_s
        self._heard_at_s = clock.monotonic()
        self._gave_up = False
        self._verdicts: list[Verdict] = []
        self._unsent: Sequence[Prepared] = ()

    def told(self) -> list[Verdict]:
        """The verdicts since the last time."""
        verdicts, self._verdicts = self._verdicts, []
        return verdicts

    async def send(self, run_id: int, raws: Sequence[RawRecord]) -> None:
        """Queue what is new; what needs no waiting is decided at once."""
        if not raws:
            return
        if self.flight.empty:
            self._heard_at_s = self._clock.monotonic()
        prepared, refused = await asyncio.to_thread(sort_out, raws)
        self._verdicts += refused
        self._unsent = prepared
        books = await self.patiently(lambda: self._store.handed_in([one.payload for one in prepared]))
        self._verdicts += [one.verdict(Kind.UNCHANGED) for one in prepared if books[one.payload].known]
        self._unsent = unknown = [one for one in prepared if not books[one.payload].known]
        fresh = [one for one in unknown if not books[one.payload].waiting and not self.flight.has(one.payload)]
        entries, refused = await asyncio.to_thread(encode, Batch(run_id, self._clock.now(), fresh))
        if entries:
            await self.patiently(lambda: self._store.enter(run_id, entries))
        self._unsent = ()
        self._verdicts += refused
        self.flight.add(unknown, entries, {payload: book.waiting for payload, book in books.items()})

    async def look(self) -> None:
        """Take in what persist has decided since, or has not decided for too long."""
        if self.flight.empty:
            return
        verdicts = self.flight.decide(await self.patiently(lambda: self._store.decided(self.flight.event_ids())))
        self._verdicts += verdicts
        if verdicts:
            self._heard_at_s, self._gave_up = self._clock.monotonic(), False
        silent_s = self._clock.monotonic() - self._heard_at_s
        if self._gave_up or silent_s >= self._timeout_s:
            self._gave_up = True
            self._verdicts += self.flight.give_up(
                f"undecided: it is queued, but persist has decided nothing for {silent_s:.0f} s; look at `echora "
                "status`, and ingest it again to hear what became of it"
            )

    def abandon(self, why: str) -> None:
        """PostgreSQL stays away: nothing more is heard, and what was not queued is not in."""
        self._verdicts += [one.verdict(Kind.UNDECIDED, f"undecided: not queued, {why}") for one in self._unsent]
        self._verdicts += self.flight.give_up(f"undecided: queued, but its verdict was not heard, {why}")

    async def patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask until PostgreSQL answers. Raises its Outage when it has not for the timeout."""
        began_s = self._clock.monotonic()
        while True:
            try:
                return await ask()
            except Outage:
                if self._clock.monotonic() - began_s >= self._timeout_s:
                    raise
                await self._clock.sleep(RETRY_S)
