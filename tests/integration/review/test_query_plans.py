"""What the database has to look at for reviews: bounded by what is asked for, not by what was ever decided."""

from __future__ import annotations

from datetime import timedelta

import asyncpg
import pytest

from handlers.persist.sql import query as persist_query
from handlers.review.reading import conditions
from handlers.review.sql import query
from handlers.review.wanted import Wanted
from tests.events import NOON
from tests.integration.persist.test_query_plans import plan, rows_seen

DECIDED, WAITING = 50_000, 20


@pytest.fixture
async def stored(pool: asyncpg.Pool) -> asyncpg.Pool:
    await pool.execute(
        """INSERT INTO review (id, entity_type, entity_id, field, old, new, source, observed_at, event_id, reasons,
                               base_version, state, created_at, decided_at)
           SELECT gen_random_uuid(), 'anime', gen_random_uuid(), 'title', '"a"', '"b"', 'mal', noon, gen_random_uuid(),
                  '[]', 1, CASE WHEN n <= $1 THEN 'approved' ELSE 'pending' END, noon + n * interval '1 second',
                  CASE WHEN n <= $1 THEN noon END
           FROM generate_series(1, $1::int + $2::int) AS n, (SELECT $3::timestamptz AS noon) AS day""",
        DECIDED, WAITING, NOON,
    )  # fmt: skip
    await pool.execute(
        """INSERT INTO guarded_word
           SELECT entity_id, field, gen_random_uuid(), source, observed_at, new, created_at, NULL, true, true, false
           FROM review"""
    )
    await pool.execute("ANALYZE review, guarded_word")
    return pool


async def test_a_batch_looks_at_its_own_fields_and_no_other(stored: asyncpg.Pool) -> None:
    ids = [row["entity_id"] for row in await stored.fetch("SELECT entity_id FROM review LIMIT 100")]
    for name in ("words_of", "reviews_of"):
        nodes = await plan(stored, persist_query(name), ids, ["title", "synopsis"])
        assert "Seq Scan" not in {node["Node Type"] for node in nodes}, name
        assert rows_seen(nodes) <= len(ids), name
    nodes = await plan(stored, persist_query("pending_of"), ids)
    assert rows_seen(nodes) <= len(ids)


async def test_the_list_of_what_waits_does_not_read_what_was_decided(stored: asyncpg.Pool) -> None:
    waiting = conditions(Wanted(state="pending"))
    assert rows_seen(await plan(stored, query("newest"), *waiting, None, 50)) <= WAITING
    assert rows_seen(await plan(stored, query("oldest"), *waiting, None, 50)) <= WAITING
    assert rows_seen(await plan(stored, query("count"), *waiting)) <= WAITING
    # The newest of all come off their index.
    assert rows_seen(await plan(stored, query("newest"), *conditions(Wanted()), None, 50)) <= 51


async def test_expiring_reads_what_waits(stored: asyncpg.Pool) -> None:
    late = NOON + timedelta(days=40)
    nodes = await plan(stored, query("expire"), late, late - timedelta(days=30), "late", 5_000)
    assert rows_seen(nodes) <= WAITING
