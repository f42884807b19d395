"""Figures of the schedule that are read from its rows whenever somebody asks for metrics.

Every process that looks gives the same figures, since they are the database's: alert on the largest, not on the sum.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

import asyncpg
import structlog
from prometheus_client import Gauge

from contracts.clock import Clock
from contracts.errors import Outage
from handlers.schedule.overview import overview
from handlers.schedule.store import ScheduleStore

DUE: Final = Gauge("echora_schedule_due_rows", "Looks whose time has come and that have not begun.", ["workflow"])
LATE: Final = Gauge(
    "echora_schedule_late_seconds", "How late the first of them is, by the catalogue's clock.", ["workflow"]
)
PAUSED: Final = Gauge("echora_schedule_paused_rows", "Rows that are paused.", ["workflow"])
MISSED: Final = Gauge(
    "echora_schedule_missed_slots", "Slots that were recorded as missed within a day.", ["workflow", "reason"]
)
TIMEOUT_S: Final = 3.0


async def measure(pool: asyncpg.Pool, store: ScheduleStore, calendar: Clock) -> None:
    """Bring the figures up to date. While PostgreSQL is away there are none, rather than old ones."""
    gauges: Iterable[Gauge] = (DUE, LATE, PAUSED, MISSED)
    now = calendar.now()
    try:
        async with asyncio.timeout(TIMEOUT_S):
            found = await overview(pool, now, store.slack_s)
    except (Outage, TimeoutError) as error:
        structlog.get_logger("schedule").debug("no figures", error=str(error) or type(error).__name__)
        for gauge in gauges:
            gauge.clear()
        return
    MISSED.clear()
    # By the table of workflows, so that what an older version left in the database makes no labels.
    for workflow in store.workflows:
        late = found.late.get(workflow)
        DUE.labels(workflow).set(late.count if late else 0)
        LATE.labels(workflow).set((now - late.earliest).total_seconds() if late else 0.0)
        PAUSED.labels(workflow).set(found.paused.get(workflow, 0))
    for (workflow, reason), count in found.misses.items():
        if workflow in store.workflows:
            MISSED.labels(workflow, reason.value).set(count)
