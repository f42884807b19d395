"""A page costs what a page holds, however many rows there are."""

from __future__ import annotations

from uuid import UUID

import asyncpg

from handlers.reconcile.sql import query
from tests.integration.persist.test_query_plans import plan, rows_seen

ROWS, PAGE = 20_000, 500


async def test_a_page_is_read_off_the_two_indexes_of_ids(pool: asyncpg.Pool) -> None:
    for table, column in (("anime", "title"), ("character", "name")):
        await pool.execute(
            f'INSERT INTO "{table}" (id, {column}) SELECT gen_random_uuid(), $1 FROM generate_series(1, $2::int)',
            "x",
            ROWS,
        )
        await pool.execute(f'ANALYZE "{table}"')
    middle = await pool.fetchval("SELECT id FROM anime ORDER BY id OFFSET $1 LIMIT 1", ROWS // 2)
    for after in (UUID(int=0), middle):
        nodes = await plan(pool, query("page"), after, PAGE)
        assert "Seq Scan" not in {node["Node Type"] for node in nodes}
        assert rows_seen(nodes) <= PAGE


async def test_what_nobody_was_told_of_is_found_without_a_look_per_row(pool: asyncpg.Pool) -> None:
    await pool.execute(
        "INSERT INTO anime (id, title) SELECT gen_random_uuid(), 'x' FROM generate_series(1, $1::int)", ROWS
    )
    await pool.execute(
        """INSERT INTO outbox (event_id, bucket, subject, entity_type, entity_id, op, version, processed_at)
           SELECT gen_random_uuid(), 0, 'anime.created', 'anime', id, 'upsert', 1, now() FROM anime"""
    )
    await pool.execute("ANALYZE anime")
    await pool.execute("ANALYZE outbox")
    week = await pool.fetchval("SELECT now() - interval '7 days'")
    nodes = await plan(pool, query("unannounced"), week, 100)
    assert max(node["Actual Loops"] for node in nodes) <= 2
