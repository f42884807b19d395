"""The reconciler: at start, every night, and whenever the stream was lost, rows and timers agree again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from handlers.postgres import ACQUIRE_TIMEOUT_S, outage
from handlers.schedule.compare import OVERDUE_S, Scene, fault, nobodys
from handlers.schedule.moves import Moved
from handlers.schedule.ports import HeldTimer, Timers
from handlers.schedule.records import row_of
from handlers.schedule.row import Key, Row
from handlers.schedule.sql import query
from handlers.schedule.store import ScheduleStore
from handlers.schedule.timer import subject_of

PAGE_ROWS: Final = 2_000
PASSES_MAX: Final = 10_000
CANCELS_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Report:
    """What a pass found and repaired. `set` are timers that were only due to be set."""

    set: int
    compared: int
    missing: int
    stale: int
    lost: int
    cancelled: int


async def reconcile(
    pool: asyncpg.Pool,
    store: ScheduleStore,
    timers: Timers,
    clock: Callable[[], datetime],
    *,
    overdue_s: float = OVERDUE_S,
) -> Report:
    """One pass: set what came within the horizon, repair what is missing or stale, cancel what is nobody's.

    Rows are read in pages and locked only to be repaired; `clock` and `overdue_s` are the program's. Raises Outage
    while PostgreSQL or NATS is away; the next pass repairs the rest.
    """
    was_set = await project_all(pool, store, clock())
    scene = await _look(pool, store, timers, clock, timedelta(seconds=overdue_s))
    found: Counter[str] = Counter()
    owned: set[str] = set()
    compared = 0
    after = Key("", "")
    for _ in range(PASSES_MAX):
        page = await _page(pool, after)
        if not page:
            break
        after = page[-1].key
        compared += len(page)
        owned.update(subject_of(row.workflow, row.entity_id) for row in page)
        faults = {
            row.key: (row, wrong)
            for row in page
            if row.workflow in store.workflows and (wrong := fault(row, store.policy(row), scene)) is not None
        }
        found.update(wrong for _, wrong in faults.values())
        await _repair(pool, store, {key: row for key, (row, _) in faults.items()}, clock())
    stray = nobodys(scene.held, owned, store.real(clock()))
    await _cancel(timers, stray)
    return Report(was_set, compared, found["missing"], found["stale"], found["lost"], len(stray))


async def project_all(pool: asyncpg.Pool, store: ScheduleStore, now: datetime) -> int:
    """Set the timers of everything that came within the horizon, in transactions of one page each; gives how many."""
    rows = 0
    for _ in range(PASSES_MAX):
        with outage():
            async with pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection, connection.transaction():
                looked_at = await store.project(connection, now, PAGE_ROWS)
        rows += looked_at
        if looked_at < PAGE_ROWS:
            break
    return rows


async def _look(
    pool: asyncpg.Pool, store: ScheduleStore, timers: Timers, clock: Callable[[], datetime], overdue: timedelta
) -> Scene:
    # In this order: what leaves the outbox after it was read is seen in the stream, or was queued after we began.
    with outage():
        begun_at = await pool.fetchval("SELECT now()")
        in_flight = frozenset(row["subject"] for row in await pool.fetch(query("in_flight")))
    made_at = await timers.made_at()
    held = await timers.held()
    # What was due while we read has fired and is held no more: by now it waits to be handled, or was.
    now = clock()
    waiting = {name: await timers.waiting_ticks(name) for name in store.workflows}
    return Scene(now, store.real, overdue, begun_at, made_at, held, in_flight, waiting, store.slack_s)


async def _page(pool: asyncpg.Pool, after: Key) -> list[Row]:
    with outage():
        records = await pool.fetch(query("timed_page"), after.workflow, after.entity_id, PAGE_ROWS)
    return [row_of(record) for record in records]


async def _repair(pool: asyncpg.Pool, store: ScheduleStore, seen: dict[Key, Row], now: datetime) -> None:
    """Have the timers of these rows set again, unless they changed since they were seen."""
    if not seen:
        return

    def set_again(row: Row) -> Moved:
        if (row.plan_version, row.timer_number) != (seen[row.key].plan_version, seen[row.key].timer_number):
            return Moved(row)
        return Moved(replace(row, timer_due_at=None))

    with outage():
        async with pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection, connection.transaction():
            await store.move(connection, list(seen), set_again, now)


async def _cancel(timers: Timers, stray: list[HeldTimer]) -> None:
    # A pass cancels a bounded number; what is left fires into a tick that its row does not know, or waits for the next.
    for timer in stray[:CANCELS_MAX]:
        await timers.cancel([timer.subject], timer.sequence)
