"""A quarter of a million rows: what is projected is found by its index, and nothing reads them all."""

from __future__ import annotations

import asyncpg
import pytest

from handlers.schedule.sql import query
from tests.integration.persist.test_query_plans import plan, rows_seen

ROWS = 250_000
UNTIMED = 500


@pytest.fixture
async def large(pool: asyncpg.Pool) -> asyncpg.Pool:
    # As it is in a running system: one seventh is timed, the rest waits, and a few came within the horizon just now.
    await pool.execute(
        """
        INSERT INTO schedule (workflow, entity_id, due_at, slot_at, timer_due_at, timer_queued_at)
        SELECT CASE WHEN n % 3 = 0 THEN 'single' ELSE 'daily' END, gen_random_uuid()::text, due_at, due_at,
               CASE WHEN due_at < now() + interval '1 day' AND n > $2 THEN due_at END, now()
        FROM (SELECT n, now() + CASE WHEN n <= $2 THEN n * interval '1 second'
                                     ELSE n * interval '7 days' / $1::int END AS due_at
              FROM generate_series(1, $1::int) AS n) AS made""",
        ROWS,
        UNTIMED,
        timeout=120,
    )
    await pool.execute("VACUUM ANALYZE schedule", timeout=120)
    return pool


async def test_reading_is_bounded_by_what_is_asked_for(large: asyncpg.Pool) -> None:
    horizon = await large.fetchval("SELECT now() + interval '1 day'")
    nodes = await plan(large, query("claim_untimed"), horizon, 2_000, ["single", "daily"])
    assert "Seq Scan" not in {node["Node Type"] for node in nodes}
    assert UNTIMED <= rows_seen(nodes) <= UNTIMED + 10
    nodes = await plan(large, query("claim_untimed"), horizon, 50, ["single", "daily"])
    assert rows_seen(nodes) <= 60
    nodes = await plan(large, query("timed_page"), "single", "8", 2_000)
    assert "Seq Scan" not in {node["Node Type"] for node in nodes}
    assert rows_seen(nodes) <= 2_001
    nodes = await plan(large, query("next_due"), None, None, 20)
    assert "schedule" not in {node.get("Relation Name") for node in nodes if node["Node Type"] == "Seq Scan"}
    assert rows_seen(nodes) <= 21
    keys = await large.fetch("SELECT workflow, entity_id FROM schedule LIMIT 100")
    columns = [key["workflow"] for key in keys], [key["entity_id"] for key in keys]
    nodes = await plan(large, query("lock_rows"), *columns)
    assert "schedule" not in {node.get("Relation Name") for node in nodes if node["Node Type"] == "Seq Scan"}
