"""What the database has to look at: bounded by the rows that are asked for, not by those that are stored."""

from __future__ import annotations

from typing import Any

import asyncpg
import orjson
import pytest

from handlers.persist import statements
from handlers.persist.columns import ANIME
from handlers.persist.sql import query as persist_query
from handlers.relay.sql import query
from tests.events import uid

SENT, UNSENT = 100_000, 10


@pytest.fixture
async def long_outbox(pool: asyncpg.Pool) -> asyncpg.Pool:
    await pool.execute(
        """
        INSERT INTO outbox (event_id, bucket, subject, entity_type, entity_id, op, version, queued_at, processed_at)
        SELECT gen_random_uuid(), n % 16, 'anime.synced', 'anime', gen_random_uuid(), 'upsert', 1, now(),
               CASE WHEN n <= $1::int THEN now() - n * interval '1 second' END
        FROM generate_series(1, $1::int + $2::int) AS n""",
        SENT,
        UNSENT,
    )
    await pool.execute("VACUUM ANALYZE outbox")
    return pool


async def plan(pool: asyncpg.Pool, sql: str, *values: object) -> list[dict[str, Any]]:
    """Every node of the plan as it ran; what it changed is rolled back."""
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            text = await connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", *values)
        finally:
            await transaction.rollback()
    nodes, stack = [], [orjson.loads(text)[0]["Plan"]]
    while stack:
        node = stack.pop()
        nodes.append(node)
        stack += node.get("Plans", [])
    return nodes


def rows_seen(nodes: list[dict[str, Any]]) -> int:
    """The most rows that any node read, filtered ones included."""
    return int(
        max(
            (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
            for node in nodes
            if "Scan" in node["Node Type"]
        )
    )


async def test_the_outbox_is_read_by_state_and_not_as_a_whole(long_outbox: asyncpg.Pool) -> None:
    for buckets in (list(range(16)), [3]):
        nodes = await plan(long_outbox, query("claim"), buckets, 1_000, [], [])
        assert "Seq Scan" not in {node["Node Type"] for node in nodes}
        assert {node["Index Name"] for node in nodes if "Index Name" in node} == {"outbox_unsent"}
        assert rows_seen(nodes) <= UNSENT
    # Forgetting sees the rows that it forgets.
    oldest = await long_outbox.fetchval("SELECT min(processed_at) + interval '100 seconds' FROM outbox")
    nodes = await plan(long_outbox, query("prune"), oldest, 50)
    assert "Seq Scan" not in {node["Node Type"] for node in nodes}
    assert rows_seen(nodes) <= 50


async def test_a_batch_reads_its_own_anime_and_no_other(pool: asyncpg.Pool) -> None:
    await pool.execute("INSERT INTO anime (id, title) SELECT gen_random_uuid(), 'x' FROM generate_series(1, 20000)")
    await pool.execute("INSERT INTO anime (id, title) VALUES ($1, 'y')", uid("Ring"))
    await pool.execute("ANALYZE anime")
    nodes = await plan(pool, statements.read(ANIME, frozenset({"status"})), [uid("Ring")])
    assert rows_seen(nodes) <= 1
    nodes = await plan(
        pool, statements.update(ANIME, frozenset({"status"})), [uid("Ring")], [2], ['{"status": "ONGOING"}'], ["{}"]
    )
    assert "anime" not in {node.get("Relation Name") for node in nodes if node["Node Type"] == "Seq Scan"}


async def test_looking_for_owners_of_external_ids_uses_their_index(pool: asyncpg.Pool) -> None:
    await pool.execute("INSERT INTO anime (id, title) VALUES ($1, 'y')", uid("Ring"))
    await pool.execute(
        "INSERT INTO anime_reference SELECT 'mal', n::text, $1 FROM generate_series(1, 50000) AS n", uid("Ring")
    )
    await pool.execute("ANALYZE anime_reference")
    nodes = await plan(pool, persist_query("reference_owners"), ["mal", "mal"], ["7", "70000"])
    assert "anime_reference" not in {node.get("Relation Name") for node in nodes if node["Node Type"] == "Seq Scan"}
