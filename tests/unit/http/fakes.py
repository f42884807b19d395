"""A program behind the routes that answers from memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from prometheus_client import CollectorRegistry, Counter

from contracts.events import Belief
from contracts.model import Anime
from handlers.catalogue import StoredRecord
from handlers.catalogue.stored import Attribution
from handlers.index.choice import ModelName
from handlers.index.filters import SearchFilters
from handlers.ingest import Kind, RawRecord, Verdict
from handlers.snapshot.restore import Restored
from streams.http import Services, http_application
from streams.http.models import (
    ConsumerStatus,
    IndexStatus,
    LettersStatus,
    OutboxStatus,
    ReindexState,
    ScheduleStatus,
    SearchHit,
    Status,
    StreamStatus,
)
from tests.unit.http.letter_fakes import Letters
from tests.unit.http.review_fakes import Reviews
from tests.unit.http.schedule_fakes import Schedule
from tests.unit.snapshot.lines import written

ID = UUID("a14d8236-ea4c-5a2f-8965-58670a85bc90")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SAID = Attribution(
    source="jikan",
    observed_at=NOW,
    event_id=ID,
    belief=Belief(rule="most believed", dissents={"kitsu": "Cowboy\x1b[2J Bebop: The Show"}),
)
STATUS = Status(
    now=NOW,
    roles=["persist"],
    streams=[StreamStatus(name="ANIME_EVENTS", messages=5, bytes=900, last_sequence=7)],
    consumers=[ConsumerStatus(name="qdrant-consumer", stream="ANIME_EVENTS", lag=3, last_progress_age_s=90.0)],
    outbox=OutboxStatus(pending=2, oldest_age_s=4000.0),
    dead_letters=LettersStatus(waiting=41, groups=2),
    index=IndexStatus(engine="Qdrant Edge", points=71, model="a model"),
    schedule=ScheduleStatus(
        now=NOW, next_due_at=NOW + timedelta(hours=3), overdue=4, latest_s=120.0, paused=41, missed=2
    ),
    reviews_waiting=3,
    versions={"program": "0.1.0"},
)


@dataclass
class Program:
    """What was asked, and what to answer; `failure` is raised by everything that is asked."""

    ready: list[str] = field(default_factory=list)
    failure: Exception | None = None
    searches: list[tuple[str, SearchFilters, int, int]] = field(default_factory=list)
    received: list[RawRecord] = field(default_factory=list)
    artifacts: list[str] = field(default_factory=list)
    ingest_failure: Exception | None = None
    snapshot_lines: list[bytes] = field(default_factory=lambda: list(written()))
    snapshot_failure: Exception | None = None
    restored: bytes = b""
    restore_failure: Exception | None = None
    restored_before_at: datetime | None = None
    schedule: Schedule = field(default_factory=Schedule)
    wanted: list[ModelName] = field(default_factory=list)
    states: list[ReindexState] = field(default_factory=list)
    republished: list[tuple[str, list[str] | None, bool]] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)
    reconciled: list[tuple[bool, int]] = field(default_factory=list)
    reconcile_failure: Exception | None = None
    letters: Letters = field(default_factory=Letters)
    review: Reviews = field(default_factory=Reviews)

    def _ask(self) -> None:
        if self.failure:
            raise self.failure

    async def status(self) -> Status:
        self._ask()
        return STATUS

    async def readiness(self) -> Sequence[str]:
        return self.ready

    async def liveness(self) -> Sequence[str]:
        return []

    async def record(self, anime_id: UUID) -> StoredRecord | None:
        self._ask()
        if anime_id != ID:
            return None
        return StoredRecord(
            id=ID,
            version=3,
            created_at=NOW,
            updated_at=NOW,
            anime=Anime(id=ID, title="Cowboy Bebop", synopsis="A \x1b[31mship\x1b[0m."),
            characters=[],
            episodes=[],
            relations=[],
            provenance={"title": SAID},
        )

    async def delete(self, anime_id: UUID) -> int | None:
        self._ask()
        return 4 if anime_id == ID else None

    async def search(self, query: str, filters: SearchFilters, limit: int, offset: int) -> Sequence[SearchHit]:
        self._ask()
        self.searches.append((query, filters, limit, offset))
        return [SearchHit(id=ID, score=0.61, title="Hajime no Ippo", genres=["Sports"], year=2000)]

    async def ingest(self, records: AsyncIterator[RawRecord], artifact_uri: str) -> AsyncIterator[Verdict]:
        """Takes every object whose `ok` is not false."""
        self._ask()
        self.artifacts.append(artifact_uri)
        async for record in records:
            self.received.append(record)
            value: Any = record.value
            if isinstance(value, dict) and value.get("ok", True):
                yield Verdict(f"r{record.position}", ID, Kind.NEW, None, {"anime.mood": 2}, record.position)
            else:
                reason = record.problem or "not ok"
                yield Verdict(f"r{record.position}", None, Kind.REFUSED, reason, {}, record.position)
        if self.ingest_failure:
            raise self.ingest_failure

    async def snapshot(self) -> AsyncIterator[bytes]:
        self._ask()
        for line in self.snapshot_lines:
            yield line
        if self.snapshot_failure:
            raise self.snapshot_failure

    async def restore(self, chunks: AsyncIterator[bytes]) -> Restored:
        if self.restore_failure:
            raise self.restore_failure
        self.restored = b"".join([chunk async for chunk in chunks])
        return Restored("2026-11-22T12:00:00+00:00", {"company": 2}, self.restored_before_at)

    async def ask(self, wanted: ModelName) -> ReindexState:
        self._ask()
        self.wanted.append(wanted)
        return self.states.pop(0)

    async def state(self) -> ReindexState:
        self._ask()
        return self.states.pop(0)

    async def republish(self, since: str, subjects: Sequence[str] | None, *, is_dry: bool) -> dict[str, int]:
        self._ask()
        self.republished.append((since, None if subjects is None else list(subjects), is_dry))
        return {"anime.synced": 1200}

    async def reconcile(self, *, is_dry: bool, repairs_max: int) -> AsyncIterator[dict[str, Any]]:
        self._ask()
        self.reconciled.append((is_dry, repairs_max))
        for report in self.reports:
            yield report
        if self.reconcile_failure:
            raise self.reconcile_failure

    def services(self) -> Services:
        return Services(
            status=self.status,
            readiness=self.readiness,
            liveness=self.liveness,
            record=self.record,
            delete=self.delete,
            ingest=self.ingest,
            search=self.search,
            snapshot=self.snapshot,
            restore=self.restore,
            reconcile=self.reconcile,
            schedules=lambda: self.schedule,
            dead_letters=self.letters,
            reviews=self.review,
            republish=self.republish,
            reindex=self,
        )

    def client(self, services: Services | None = None) -> httpx.AsyncClient:
        registry = CollectorRegistry()
        Counter("echora_sample", "A count.", registry=registry).inc()
        app = http_application(services or self.services(), version="0.1.0", registry=registry)
        # A server answers an unexpected error and logs it; the transport would raise it into the test instead.
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://echora.test")
