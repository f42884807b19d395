"""reconcile: rows and points are compared every night and on demand; an index that was lost is rebuilt."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from prometheus_client import Counter, Gauge

from contracts.errors import EchoraError, Outage
from handlers.index.committed import CommittedRows
from handlers.index.port import Deletion, Stored
from handlers.postgres import ERRORS as POSTGRES_ERRORS
from handlers.postgres import outage
from handlers.reconcile.report import Report
from handlers.reconcile.store import Cause, ReconcileStore
from handlers.reconcile.work import REPAIRS_AT_ONCE, REPAIRS_MAX, Order, Scene, reconcile
from streams import topology
from streams.alerts import Alert, AlertKind
from streams.alone import IsRunning, Work, alone
from streams.runtime import Runtime
from streams.tasks import end_tasks

FAULTS = Counter("echora_reconcile_faults_total", "Differences between rows and points.", ["fault"])
REPAIRS = Counter("echora_reconcile_repairs_total", "Repairs that were queued.")
FINISHED = Gauge("echora_reconcile_finished_timestamp_seconds", "When a pass came to its end last.")
WATCH_EVERY_S: Final = 5.0
NIGHT_EVERY_S: Final = 60.0
LOOK_EVERY_S: Final = 0.5
# A start with a long backlog is given this long before a half empty index is taken for a lost one.
BACKLOG_PATIENCE_S: Final = 120.0
REBUILDS_MAX: Final = 3
ASK_TIMEOUT_S: Final = 5.0
_WAITING = "SELECT count(*) FROM outbox WHERE processed_at IS NULL AND op IS NOT NULL"


@dataclass(slots=True)
class Reconciling:
    """The loops in processes that hold the index, and the pass that a person asks for."""

    runtime: Runtime
    client: Callable[[], Client]
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _repaired_at: float = 0.0
    _doubt: Cause | None = "start"
    _patient_until: float = 0.0

    def start(self) -> None:
        """Begin to watch the index and to wait for the night."""
        self._patient_until = self.runtime.clock.monotonic() + BACKLOG_PATIENCE_S
        self._tasks = [
            asyncio.create_task(self._forever(self._watch), name="index watch"),
            asyncio.create_task(self._forever(self._nightly), name="nightly reconcile"),
        ]

    async def stop(self) -> None:
        """End; a pass that is under way is begun again another time."""
        await end_tasks(*self._tasks)
        self._tasks = []

    async def run(
        self, cause: Cause, *, is_dry: bool = False, repairs_max: int | None = None, rebuilds: bool = False
    ) -> AsyncIterator[Report]:
        """One pass, its report as it grows. Raises IsRunning, Outage."""
        run_id, store = uuid4(), ReconcileStore(self.runtime.pool)
        order = Order(run_id, is_dry, REPAIRS_MAX if repairs_max is None else repairs_max, rebuilds)
        async with alone(self.runtime.pool, Work.RECONCILE):
            await store.begin(run_id, cause, is_dry=is_dry)
            report = Report()
            async for report in reconcile(self._scene(store), order):
                yield report
            await store.end(run_id, report.as_json())
        self._tell(report, cause, order)

    # --- what a pass works with ---------------------------------------------------------------------------------

    def _scene(self, store: ReconcileStore) -> Scene:
        runtime, now = self.runtime, self.runtime.clock.now()
        kept_since = now - timedelta(days=runtime.settings.outbox_retention_days)
        documents = CommittedRows(runtime.pool)
        return Scene(
            store, _Points(runtime), documents, runtime.embedder.model, now, kept_since, self._settled, self._room
        )

    async def _settled(self, seconds: float) -> datetime | None:
        """Wait until everything that was queued for the index has come through."""
        clock = self.runtime.clock
        end = clock.monotonic() + seconds
        while True:
            at: datetime = await self.runtime.pool.fetchval("SELECT now()")
            if not await self._under_way():
                return at
            if clock.monotonic() >= end:
                return None
            await asyncio.sleep(LOOK_EVERY_S)

    async def _room(self) -> None:
        """Wait until the index is nearly idle, and no longer than the rate says, so that updates find their way."""
        clock = self.runtime.clock
        await asyncio.sleep(max(0.0, self._repaired_at - clock.monotonic()))
        while True:
            # An index that is lost once more would never have room; asking it ends the pass, and it is begun again.
            await self.runtime.index.count()
            if await self._under_way() < REPAIRS_AT_ONCE:
                break
            await asyncio.sleep(LOOK_EVERY_S)
        self._repaired_at = clock.monotonic() + REPAIRS_AT_ONCE / self.runtime.settings.repairs_per_s

    async def _under_way(self) -> int:
        # The outbox first: what leaves it in between is counted in the stream, or has come through.
        with outage():
            waiting: int = await self.runtime.pool.fetchval(_WAITING)
        try:
            jetstream = self.client().jetstream(timeout=ASK_TIMEOUT_S)
            info = await jetstream.consumer_info(topology.INDEX.stream, topology.INDEX.name)
        except (NatsError, OSError, TimeoutError) as error:
            raise Outage("NATS", f"{type(error).__name__}: {error}") from error
        return waiting + (info.num_pending or 0) + (info.num_ack_pending or 0)

    def _tell(self, report: Report, cause: Cause, order: Order) -> None:
        FINISHED.set(self.runtime.clock.now().timestamp())
        REPAIRS.inc(report.repaired)
        for fault, count in report.faults.items():
            FAULTS.labels(fault.value).inc(count)
        facts = {"cause": cause, "repaired": report.repaired, **{f.value: n for f, n in report.faults.items() if n}}
        structlog.get_logger("reconcile").info("compared rows and points", rows=report.rows, **facts)
        if report.found and not order.rebuilds:
            text = f"{report.found} differences between rows and points, {report.repaired} are being repaired"
            self.runtime.alerts.tell(Alert(AlertKind.OUT_OF_STEP, "index", text, facts))
        if report.overdue:
            text = f"{report.overdue} rows of the outbox wait for a relay for more than five minutes"
            self.runtime.alerts.tell(Alert(AlertKind.OUT_OF_STEP, "outbox", text, {"rows": report.overdue}))

    # --- the loops ----------------------------------------------------------------------------------------------

    async def _forever(self, loop: Callable[[], Awaitable[None]]) -> None:
        log = structlog.get_logger("reconcile")
        while True:
            try:
                await loop()
            except IsRunning:
                log.debug("a pass runs elsewhere")
            except EchoraError as error:
                log.warning("put off", error=str(error))
            except POSTGRES_ERRORS as error:
                log.warning("put off", error=f"{type(error).__name__}: {error}")
            except Exception:
                # A defect of ours must not end the watching for good.
                log.exception("reconciling failed")
            await asyncio.sleep(WATCH_EVERY_S)

    async def _watch(self) -> None:
        while True:
            await self._look()
            await asyncio.sleep(WATCH_EVERY_S)

    async def _look(self) -> None:
        """Open an index that was deleted under us, and rebuild one that was lost, in part or whole, now or before."""
        if await self._reopened():
            self._doubt = "index lost"
        if self._doubt is None:
            return
        if await self.runtime.index.count() != await ReconcileStore(self.runtime.pool).living():
            is_patient = self._doubt == "start" and self.runtime.clock.monotonic() < self._patient_until
            if is_patient and await self._under_way():
                return
            await self._rebuild(self._doubt)
        self._doubt = None

    async def _reopened(self) -> bool:
        try:
            await self.runtime.index.count()
        except Outage:
            # A server that is away refuses this too; a folder or a collection that was deleted is made again.
            await self.runtime.index.prepare()
            return True
        return False

    async def _rebuild(self, cause: Cause) -> None:
        log, clock, index = structlog.get_logger("reconcile"), self.runtime.clock, self.runtime.index
        store = ReconcileStore(self.runtime.pool)
        for _ in range(REBUILDS_MAX):
            points, living = await index.count(), await store.living()
            if points == living:
                return
            if points < living // 2:
                text = f"the index holds {points} of {living} points; it is rebuilt from PostgreSQL"
                self.runtime.alerts.tell(Alert(AlertKind.OUT_OF_STEP, "index", text, {"points": points}))
            begun = clock.monotonic()
            async for _report in self.run(cause, rebuilds=True):
                pass
            await self._room()
            log.info("the index is rebuilt", points=await index.count(), seconds=round(clock.monotonic() - begun, 1))

    async def _nightly(self) -> None:
        while True:
            await asyncio.sleep(NIGHT_EVERY_S)
            last = await ReconcileStore(self.runtime.pool).last_run()
            if last is None or last < night(self.runtime.clock.now(), self.runtime.settings.reconcile_hour):
                async for _report in self.run("night"):
                    pass


def night(now: datetime, hour: int) -> datetime:
    """The last time that this hour began."""
    today = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    return today if today <= now else today - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Points:
    """The port `Points` on the index of this process."""

    runtime: Runtime

    async def scroll(self, after: UUID | None, limit: int) -> Sequence[Stored]:
        return await self.runtime.index.scroll(after, limit)

    async def stored(self, ids: Sequence[UUID]) -> Mapping[UUID, Stored]:
        return await self.runtime.index.stored(ids)

    async def remove(self, versions: Mapping[UUID, int]) -> None:
        if versions:
            await self.runtime.index.delete([Deletion(one, version) for one, version in versions.items()])


async def reports(reconciling: Reconciling, *, is_dry: bool, repairs_max: int) -> AsyncIterator[Mapping[str, Any]]:
    """A pass that a person asked for, line by line; the last line says that it is whole."""
    report = Report()
    async for report in reconciling.run("asked", is_dry=is_dry, repairs_max=repairs_max):
        yield report.as_json()
    yield report.as_json() | {"is_whole": True, "is_dry": is_dry}
