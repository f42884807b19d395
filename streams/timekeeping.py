"""Keeping the schedule: what is new gets its looks, what comes soon gets its timer, and what got lost is found.

Every pass may run in several processes at once; rows are locked, and doing it twice changes nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog
from nats.js.errors import NotFoundError

from contracts.errors import Outage, Permanent
from handlers.postgres import outage
from handlers.schedule.reading import forget_misses
from handlers.schedule.reconcile import Report, project_all, reconcile
from handlers.schedule.upkeep import forget_ended
from handlers.update.planning import people_plans, show_plans
from streams import topology
from streams.alone import IsRunning, Work, alone
from streams.broker import Pullers, connection
from streams.calendar import speed_of
from streams.looks import Looks
from streams.provision import provision
from streams.runtime import Runtime
from streams.scheduling import overdue_s
from streams.tasks import end_tasks

# Real seconds between two passes, and of the catalogue's clock between two that compare everything.
PASS_S: Final = 10.0
PASS_MIN_S: Final = 0.5
RECONCILE_S: Final = 86_400.0
# At least so many passes fall into one horizon, so that a timer is set well before it is due.
PASSES_PER_HORIZON: Final = 24
NEW_ROWS_MAX: Final = 2_000
MISSES_KEPT: Final = timedelta(days=90)
MISSES_FORGOTTEN_MAX: Final = 100_000
WHOLE: Final = "all"


@dataclass(slots=True)
class Timekeeping:
    """The loop in processes that look."""

    runtime: Runtime
    pullers: Pullers
    last_report: Report | None = None
    _stream_made_at: datetime | None = None
    _reconnects: int | None = None
    _compared_at: datetime | None = None
    _failing: bool = False
    _task: asyncio.Task[None] | None = field(default=None)

    def start(self) -> None:
        """Begin; the first pass compares everything."""
        self._task = asyncio.create_task(self._run(), name="timekeeping")

    async def stop(self) -> None:
        """End at once; a pass that is under way is begun again at the next start."""
        await end_tasks(self._task)
        self._task = None

    async def once(self) -> None:
        """One pass. Raises Outage while PostgreSQL or NATS is away."""
        looks = self.runtime.looks
        now = looks.calendar.now()
        await self._enrol_alone(looks, now)
        await project_all(looks.pool, looks.store, now)
        made_at = await self._stream(looks)
        # A server that went away and came back may have lost what it had confirmed: that is looked at, not hoped for.
        reconnects: int = connection(self.pullers.broker).stats["reconnects"]
        is_new = made_at != self._stream_made_at or reconnects != self._reconnects
        is_night = self._compared_at is None or now - self._compared_at >= timedelta(seconds=RECONCILE_S)
        if is_new or is_night:
            patience_s, clock = overdue_s(looks.calendar), looks.calendar.now
            report = await reconcile(looks.pool, looks.store, looks.timers, clock, overdue_s=patience_s)
            await forget_ended(looks.pool, "score_part", now - timedelta(days=2))
            await forget_misses(looks.pool, now - MISSES_KEPT, MISSES_FORGOTTEN_MAX)
            self._stream_made_at, self._compared_at, self.last_report = made_at, now, report
            self._reconnects = reconnects
            if report.missing or report.stale or report.lost or report.cancelled:
                structlog.get_logger("schedule").warning(
                    "timers repaired",
                    missing=report.missing,
                    stale=report.stale,
                    lost=report.lost,
                    cancelled=report.cancelled,
                )

    async def _stream(self, looks: Looks) -> datetime:
        """When the stream of timers was made; it is made again when somebody deleted it."""
        try:
            return await looks.timers.made_at()
        except Outage as outage:
            if not isinstance(outage.__cause__, NotFoundError):
                raise
        jetstream = connection(self.pullers.broker).jetstream(timeout=10)
        replicas = self.runtime.settings.nats_replicas
        await provision(jetstream, (topology.SCHEDULE,), tuple(topology.DUE.values()), replicas=replicas)
        return await looks.timers.made_at()

    async def _enrol_alone(self, looks: Looks, now: datetime) -> None:
        # Two at once would plan the first look of a new show at two instants, and set its timer twice.
        try:
            with outage():
                async with alone(looks.pool, Work.ENROL):
                    await self._enrol(looks, now)
        except IsRunning:
            return

    async def _enrol(self, looks: Looks, now: datetime) -> None:
        """Plan the looks of what is new, and of the catalogue as a whole."""
        fresh = await looks.records.new_shows(NEW_ROWS_MAX)
        window = timedelta(days=looks.wishes.episode_window_days)
        for workflow, plans in show_plans(fresh, now, window).items():
            if plans:
                await looks.plan(workflow, plans)
        people = await looks.records.new_people(NEW_ROWS_MAX)
        if people:
            for workflow, plans in people_plans(people).items():
                await looks.plan(workflow, plans)
        for name, workflow_spec in looks.store.workflows.items():
            if workflow_spec.entity_kind.value == "catalogue" and workflow_spec.policy.interval_s is not None:
                await looks.plan(name, {WHOLE: None})

    def _pause_s(self) -> float:
        looks = self.runtime.looks
        horizon_s = looks.store.horizon.total_seconds() / speed_of(looks.calendar)
        return max(PASS_MIN_S, min(PASS_S, horizon_s / PASSES_PER_HORIZON))

    async def _run(self) -> None:
        log = structlog.get_logger("schedule")
        while True:
            try:
                await self.once()
                if self._failing:
                    log.info("keeping time again")
                self._failing = False
            except Outage as outage:
                if not self._failing:
                    log.warning("put off", error=str(outage))
                self._failing = True
            except Permanent as error:
                log.error("a pass cannot be made", error=str(error))
            except Exception:
                # A defect of ours in one pass must not stop the clock for good.
                log.exception("a pass failed")
            await asyncio.sleep(self._pause_s())
