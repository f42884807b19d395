"""A quarter of a million rows: what is projected is found by its index, and nothing reads them all."""

from __future__ import annotations

from datetime import datetime, timedelta

import asyncpg
import pytest

from handlers.schedule.sql import query
from tests.integration.persist.test_query_plans import plan, rows_seen

ROWS = 250_000
UNTIMED = 500
CHUNK = 25_000


@pytest.fixture
async def large(pool: asyncpg.Pool) -> tuple[asyncpg.Pool, datetime]:
    # As it is in a running system: one seventh is timed, the rest waits, and a few came within the horizon just now.
    start = await pool.fetchval("SELECT now()")
    for first in range(1, ROWS, CHUNK):
        await pool.execute(
            """
            INSERT INTO schedule (workflow, entity_id, due_at, slot_at, timer_due_at, timer_queued_at)
            SELECT CASE WHEN n % 3 = 0 THEN 'single' ELSE 'daily' END, gen_random_uuid()::text, due_at, due_at,
                   CASE WHEN due_at <= $5::timestamptz + interval '1 day' AND n > $2 THEN due_at END, now()
            FROM (SELECT n, $5::timestamptz + CASE WHEN n <= $2 THEN n * interval '1 second'
                                         ELSE n * interval '7 days' / $1::int END AS due_at
                  FROM generate_series($3::int, $3::int + $4::int - 1) AS n) AS made""",
            ROWS,
            UNTIMED,
            first,
            CHUNK,
            start,
        )
    # Maintenance of a large table on a busy machine may take longer than a query of the product may.
    async with pool.acquire() as connection:
        await connection.execute("SET statement_timeout = 0")
        await connection.execute("VACUUM ANALYZE schedule", timeout=300)
    return pool, start + timedelta(days=1)


async def test_reading_is_bounded_by_what_is_asked_for(large: tuple[asyncpg.Pool, datetime]) -> None:
    pool, horizon = large
    nodes = await plan(pool, query("claim_untimed"), horizon, 2_000, ["single", "daily"])
    assert "Seq Scan" not in {node["Node Type"] for node in nodes}
    assert rows_seen(nodes) == UNTIMED
    nodes = await plan(pool, query("claim_untimed"), horizon, 50, ["single", "daily"])
    assert rows_seen(nodes) <= 60
    nodes = await plan(pool, query("timed_page"), "single", "8", 2_000)
    assert "Seq Scan" not in {node["Node Type"] for node in nodes}
    assert rows_seen(nodes) <= 2_001
    nodes = await plan(pool, query("next_due"), None, None, 20)
    assert "schedule" not in {node.get("Relation Name") for node in nodes if node["Node Type"] == "Seq Scan"}
    assert rows_seen(nodes) <= 21
    await pool.execute("UPDATE schedule SET paused_at = $1, paused_reason = 'x' WHERE due_at <= $1", horizon)
    # What is due next lies behind everything that is paused, and none of that is read.
    nodes = await plan(pool, query("next_due"), None, None, 20)
    assert rows_seen(nodes) <= 21
    for name, arguments in (("first_due", (horizon,)), ("overdue", (horizon,)), ("paused", (None, None, 20))):
        nodes = await plan(pool, query(name), *arguments)
        assert "schedule" not in {node.get("Relation Name") for node in nodes if node["Node Type"] == "Seq Scan"}, name
        assert rows_seen(nodes) <= 21, name
    keys = await pool.fetch("SELECT workflow, entity_id FROM schedule LIMIT 100")
    columns = [key["workflow"] for key in keys], [key["entity_id"] for key in keys]
    nodes = await plan(pool, query("lock_rows"), *columns)
    assert "schedule" not in {node.get("Relation Name") for node in nodes if node["Node Type"] == "Seq Scan"}
