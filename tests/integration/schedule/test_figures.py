"""The figures of the schedule as Prometheus reads them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import asyncpg
import pytest
from prometheus_client import Gauge

from contracts.workflow import Due
from handlers.schedule.store import ScheduleStore
from streams.schedule_metrics import DUE, LATE, MISSED, PAUSED, measure
from tests.integration.schedule.test_people import NOW, Still


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    """The gauges are the process's; other tests find them empty."""
    yield
    for gauge in (DUE, LATE, PAUSED, MISSED):
        gauge.clear()


def figures(gauge: Gauge) -> dict[tuple[str, ...], float]:
    (family,) = gauge.collect()
    return {tuple(sample.labels.values()): sample.value for sample in family.samples}


async def filled(pool: asyncpg.Pool, store: ScheduleStore) -> None:
    late = {name: Due(NOW - timedelta(minutes=minutes), "x") for name, minutes in (("a", 5), ("b", 90))}
    async with pool.acquire() as connection, connection.transaction():
        await store.plan(connection, "single", {**late, "c": Due(NOW, "on time")}, NOW - timedelta(days=1))
    await pool.execute(
        "INSERT INTO schedule (workflow, entity_id, paused_at, paused_reason) VALUES ('daily', 'a', $1, 'x'), "
        "('older', 'b', $1, 'x')",
        NOW,
    )
    await pool.execute(
        "INSERT INTO schedule_miss (workflow, entity_id, due_at, reason, at) VALUES ('daily', 'a', $1, 'down', $1), "
        "('older', 'a', $1, 'down', $1)",
        NOW - timedelta(hours=1),
    )


async def test_what_is_late_paused_and_missed_by_workflow(pool: asyncpg.Pool, store: ScheduleStore) -> None:
    await filled(pool, store)
    await measure(pool, store, Still())
    assert figures(DUE) == {("daily",): 0.0, ("single",): 2.0}
    assert figures(LATE) == {("daily",): 0.0, ("single",): 5_400.0}
    assert figures(PAUSED) == {("daily",): 1.0, ("single",): 0.0}
    assert figures(MISSED) == {("daily", "down"): 1.0}
    await pool.execute("DELETE FROM schedule_miss")
    await pool.execute("UPDATE schedule SET paused_at = NULL, paused_reason = NULL, due_at = NULL, slot_at = NULL")
    await measure(pool, store, Still())
    assert figures(DUE) == {("daily",): 0.0, ("single",): 0.0}
    assert (figures(PAUSED), figures(MISSED)) == ({("daily",): 0.0, ("single",): 0.0}, {})


async def test_without_a_database_there_are_no_figures_rather_than_old_ones(
    pool: asyncpg.Pool, store: ScheduleStore
) -> None:
    await filled(pool, store)
    await measure(pool, store, Still())
    assert figures(DUE)
    pool.terminate()
    await measure(pool, store, Still())
    assert [figures(gauge) for gauge in (DUE, LATE, PAUSED, MISSED)] == [{}, {}, {}, {}]
