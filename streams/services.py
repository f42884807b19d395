"""What HTTP asks of the running program, and what happens once everything runs: the demo, and a word of welcome."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog
from fastapi import FastAPI

from contracts.errors import Outage
from contracts.observation import Kind
from handlers.catalogue import StoredRecord, read_record
from handlers.index.filters import SearchFilters
from handlers.index.search import search
from handlers.ingest import IngestStore, RawRecord, Verdict, demo_catalogue, ingest
from handlers.persist import delete_anime
from handlers.snapshot.restore import Restored, restore
from handlers.snapshot.write import snapshot
from streams import asyncapi, status
from streams.activity import activity_of
from streams.asking import ask_source
from streams.banner import welcome
from streams.clock import DatedClock
from streams.dead_letters import DeadLetterAnswers
from streams.desk import schedule_desk
from streams.fullness import Fullness
from streams.healing import Healing
from streams.housekeeping import Housekeeping
from streams.http import Services, http_application
from streams.http.messages import message_routes
from streams.http.models import SearchHit, Status
from streams.identify import Identification
from streams.reviews import ReviewDesk
from streams.schedule_metrics import measure
from streams.tasks import end_tasks
from streams.timekeeping import Timekeeping

if TYPE_CHECKING:
    from streams.graph import Graph
    from streams.runtime import Runtime

INACTIVITY_TIMEOUT_S = 60.0


@dataclass(slots=True)
class Surroundings:
    """The HTTP application, and the tasks that run beside the graph."""

    graph: Graph
    http: FastAPI
    housekeeping: Housekeeping
    identification: Identification
    timekeeping: Timekeeping
    healing: Healing
    fullness: Fullness
    _demo: asyncio.Task[None] | None = field(default=None)

    async def started(self) -> None:
        """Everything runs: say so, keep house, and load the demo into an empty database."""
        if self.graph.settings.runs("persist"):
            self.housekeeping.start()
        if self.graph.settings.runs("update"):
            self.identification.start()
            self.timekeeping.start()
        if self.graph.settings.runs("letters"):
            self.graph.letters.start()
        self.healing.start()
        self.fullness.start()
        is_empty = not await self.graph.runtime.pool.fetchval("SELECT EXISTS (SELECT FROM anime)")
        wants_demo = is_empty and self.graph.settings.demo and self.graph.settings.all_embedded
        welcome(self.graph, with_demo=wants_demo)
        if wants_demo:
            self._demo = asyncio.create_task(_load_demo(self.graph), name="demo catalogue")

    async def stopping(self) -> None:
        """End what runs beside."""
        await end_tasks(self._demo)
        await self.timekeeping.stop()
        await self.identification.stop()
        await self.graph.letters.stop()
        await self.healing.stop()
        await self.fullness.stop()
        await self.housekeeping.stop()


def build_services(graph: Graph) -> Surroundings:
    """Bind the rooms to what the graph holds once it runs."""
    runtime, pullers, relay, settings = graph.runtime, graph.pullers, graph.relay, graph.settings

    async def find(query: str, filters: SearchFilters, limit: int, offset: int) -> Sequence[SearchHit]:
        hits = await search(*runtime.searcher, query, filters, limit, offset)
        return [_hit(hit.id, hit.score, dict(hit.payload)) for hit in hits]

    async def now() -> Status:
        return await status.status(runtime, pullers, relay)

    async def not_ready() -> Sequence[str]:
        return await status.not_ready(runtime, pullers, relay)

    async def alive() -> Sequence[str]:
        return ()  # That this runs at all is the answer: an outage elsewhere is no reason to restart us.

    async def record(anime_id: UUID) -> StoredRecord | None:
        return await read_record(runtime.pool, anime_id)

    async def delete(anime_id: UUID) -> int | None:
        return await delete_anime(runtime.pool, anime_id)

    async def fetch(
        source: str, kind: Kind, ids: Sequence[str], fields: Sequence[str] | None, *, fresh: bool
    ) -> Mapping[str, Any]:
        return await ask_source(runtime.sources, source, kind, ids, fields, fresh=fresh)

    def take_snapshot() -> AsyncIterator[bytes]:
        versions = {"contracts": asyncapi.contracts_version(), "schema": runtime.versions["schema"]}
        return snapshot(runtime.pool, runtime.clock.now(), **versions)

    async def restore_snapshot(chunks: AsyncIterator[bytes]) -> Restored:
        return await restore(runtime.pool, chunks, contracts=asyncapi.contracts_version())

    healing = Healing.of(graph)
    services = Services(
        status=now,
        readiness=not_ready,
        liveness=alive,
        record=record,
        delete=delete if settings.runs("persist") else None,
        ingest=(lambda records, artifact_uri: _ingest(graph, records, artifact_uri))
        if settings.runs("ingest")
        else None,
        search=find if settings.runs("search") else None,
        fetch=fetch if settings.runs("update") else None,
        activity=activity_of(runtime) if settings.runs("update") else None,
        snapshot=take_snapshot,
        restore=restore_snapshot if settings.runs("ingest") else None,
        schedules=(lambda: schedule_desk(runtime.looks)) if settings.runs("update") else None,
        measure=_measure(runtime) if settings.runs("update") else None,
        dead_letters=DeadLetterAnswers(runtime) if settings.runs("letters") else None,
        reviews=ReviewDesk(runtime) if settings.runs("update") else None,
        reconcile=healing.reconcile,
        republish=healing.republish,
        reindex=healing.reindex,
    )
    http = http_application(services, version=version("echora-streams"))
    http.include_router(message_routes(lambda: asyncapi.document(graph.broker), lambda: asyncapi.as_yaml(graph.broker)))
    return Surroundings(
        graph,
        http,
        Housekeeping(runtime, runtime.clock),
        Identification(runtime),
        Timekeeping(runtime, pullers),
        healing,
        Fullness.of(graph),
    )


def _measure(runtime: Runtime) -> Callable[[], Awaitable[None]]:
    return lambda: measure(runtime.looks.pool, runtime.looks.store, runtime.looks.calendar)


def _ingest(graph: Graph, records: AsyncIterator[RawRecord], artifact_uri: str) -> AsyncIterator[Verdict]:
    store = IngestStore(graph.runtime.pool)
    # In a world the words of an import are as old as the world, or nothing that it says would be newer.
    clock = DatedClock(graph.runtime.clock, graph.runtime.calendar)
    return ingest(records, store, clock, artifact_uri=artifact_uri, inactivity_timeout_s=INACTIVITY_TIMEOUT_S)


async def _load_demo(graph: Graph) -> None:
    log = structlog.get_logger("demo")
    counts: dict[str, int] = {}
    try:
        async for verdict in _ingest(graph, demo_catalogue(), "demo catalogue"):
            counts[verdict.kind] = counts.get(verdict.kind, 0) + 1
            if verdict.reason:
                log.warning("record not taken", record=verdict.label, reason=verdict.reason)
    except Outage as error:
        log.warning("the demo catalogue is not complete", error=str(error))
        return
    log.info("demo catalogue loaded", **counts)


def _hit(anime_id: UUID, score: float, payload: dict[str, object]) -> SearchHit:
    known = {name: payload[name] for name in SearchHit.model_fields if name in payload and name not in ("id", "score")}
    return SearchHit.model_validate({"id": anime_id, "score": score, "title": "", **known})
