"""The reconciler: at start, every night, and whenever the stream was lost, rows and timers agree again."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from contracts.subjects import SCHEDULE_TIMER
from handlers.postgres import ACQUIRE_TIMEOUT_S, Connection, outage
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
    found: Counter[str] = Counter()
    owned: set[str] = set()
    compared = 0
    after = Key("", "")
    async with _snapshot(pool) as rows:
        scene = await _look(rows, store, timers, clock, timedelta(seconds=overdue_s))
        for _ in range(PASSES_MAX):
            page = await _page(rows, after)
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
            repaired = await _repair(pool, store, {key: row for key, (row, _) in faults.items()}, clock())
            found.update(faults[key][1] for key in repaired)
    stray = await _strays(pool, nobodys(scene.held, owned, store.real(clock())))
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


@asynccontextmanager
async def _snapshot(pool: asyncpg.Pool) -> AsyncIterator[Connection]:
    """Rows and outbox as of one instant: of a timer whose row is seen, the message is seen to wait, or was sent."""
    with outage():
        async with (
            pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield connection


async def _look(
    rows: Connection, store: ScheduleStore, timers: Timers, clock: Callable[[], datetime], overdue: timedelta
) -> Scene:
    # In this order: what had left the outbox by the instant of the snapshot is in the stream, unless it has fired.
    in_flight = frozenset(row["subject"] for row in await rows.fetch(query("in_flight")))
    made_at = await timers.made_at()
    held = await timers.held()
    # What was due while we read has fired and is held no more: by now it waits to be handled, or was.
    now = clock()
    waiting = {name: await timers.waiting_ticks(name) for name in store.workflows}
    return Scene(now, store.real, overdue, made_at, held, in_flight, waiting, store.slack_s)


async def _page(rows: Connection, after: Key) -> list[Row]:
    return [
        row_of(record) for record in await rows.fetch(query("timed_page"), after.workflow, after.entity_id, PAGE_ROWS)
    ]


async def _repair(pool: asyncpg.Pool, store: ScheduleStore, seen: dict[Key, Row], now: datetime) -> set[Key]:
    """Have the timers of these rows set again, unless they changed since they were seen; gives which were."""
    repaired: set[Key] = set()
    if not seen:
        return repaired

    def set_again(row: Row) -> Moved:
        before = seen[row.key]
        if (row.plan_version, row.timer_number, row.due_at) != (
            before.plan_version,
            before.timer_number,
            before.due_at,
        ):
            return Moved(row)
        repaired.add(row.key)
        return Moved(replace(row, timer_due_at=None))

    with outage():
        async with pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection, connection.transaction():
            await store.move(connection, list(seen), set_again, now)
    return repaired


async def _strays(pool: asyncpg.Pool, suspects: Sequence[HeldTimer]) -> list[HeldTimer]:
    """Those that no row has by now either: a timer may have been set after the snapshot, and its row came before it."""
    if not suspects:
        return []
    with outage():
        records = await pool.fetch(query("timed_among"), [timer.subject for timer in suspects], f"{SCHEDULE_TIMER}.")
    owned = {record["subject"] for record in records}
    return [timer for timer in suspects if timer.subject not in owned]


async def _cancel(timers: Timers, stray: list[HeldTimer]) -> None:
    # A pass cancels a bounded number; what is left fires into a tick that its row does not know, or waits for the next.
    for timer in stray[:CANCELS_MAX]:
        await timers.cancel([timer.subject], timer.sequence)
