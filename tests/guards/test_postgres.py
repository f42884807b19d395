"""What PostgreSQL and its driver do by themselves, and what we do about it; see docs/hazards.md."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import AsyncIterator
from inspect import signature

import asyncpg
import pytest

from streams.database.pool import PoolLimits, open_pool
from tests.architecture.source import calls, dotted, trees

TIMEOUTS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")


@pytest.fixture
async def connection(fresh_database: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """A connection as the driver makes it."""
    opened = await asyncpg.connect(fresh_database, timeout=10)
    yield opened
    await opened.close()


# --- waiting for ever --------------------------------------------------------------------------------------------


async def test_by_default_nothing_ends_a_wait(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    assert signature(asyncpg.Pool.acquire).parameters["timeout"].default is None
    assert [await connection.fetchval(f"SHOW {name}") for name in TIMEOUTS] == ["0", "0", "0"]


async def test_by_default_a_query_of_an_exhausted_pool_waits_for_a_connection_without_end(fresh_database: str) -> None:
    """Its own timeout is of the statement, which has not begun."""
    async with asyncpg.create_pool(fresh_database, min_size=1, max_size=1) as pool, pool.acquire():
        waiting = asyncio.create_task(pool.fetchval("SELECT 1", timeout=0.1))
        done, _ = await asyncio.wait([waiting], timeout=0.5)
        assert not done
        waiting.cancel()
        await asyncio.wait([waiting])


async def test_with_us_every_wait_has_an_end(fresh_database: str) -> None:
    limits = PoolLimits(connections_max=1, acquire_timeout_s=0.2)
    pool = await open_pool(fresh_database, limits)
    try:
        expected = [limits.statement_timeout_s, limits.lock_timeout_s, limits.idle_in_transaction_timeout_s]
        asked = [f"SELECT extract(epoch FROM current_setting('{name}')::interval)::float" for name in TIMEOUTS]
        assert [await pool.fetchval(one) for one in asked] == expected
        async with pool.acquire(), asyncio.timeout(10):
            for wait in (pool.fetchval("SELECT 1"), pool.execute("SELECT 1"), pool.fetch("SELECT 1")):
                with pytest.raises(TimeoutError):
                    await wait
        assert await pool.fetchval("SELECT 1") == 1
    finally:
        pool.terminate()


def test_with_us_whoever_takes_a_connection_says_how_long_it_waits() -> None:
    taking = [
        (path, call)
        for path, tree in trees().items()
        for call in calls(tree)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "acquire" and "pool" in dotted(_owner(call))
    ]
    assert len(taking) > 10, "the look for them finds them"
    assert [path for path, call in taking if not any(keyword.arg == "timeout" for keyword in call.keywords)] == []


def _owner(call: ast.Call) -> ast.AST:
    """Whose method it is; of `self._pool().acquire()` what is called before."""
    assert isinstance(call.func, ast.Attribute)
    owner = call.func.value
    return owner.func if isinstance(owner, ast.Call) else owner


# --- what a column takes -------------------------------------------------------------------------------------------


async def test_a_nul_in_a_text_is_refused_and_costs_the_whole_statement(
    connection: asyncpg.Connection[asyncpg.Record],
) -> None:
    """With us it is poison before it comes here, and what the database refuses all the same falls alone
    (tests/unit/contracts/test_codec_poison.py, tests/integration/persist/test_once_and_alone.py)."""
    await connection.execute("CREATE TABLE word (text text)")
    with pytest.raises(asyncpg.CharacterNotInRepertoireError):
        await connection.execute("INSERT INTO word SELECT unnest($1::text[])", ["good", "a\x00b"])
    assert await connection.fetchval("SELECT count(*) FROM word") == 0


# --- order -------------------------------------------------------------------------------------------------------


async def test_an_earlier_id_may_be_committed_later(
    fresh_database: str, connection: asyncpg.Connection[asyncpg.Record]
) -> None:
    """Whoever reads what is above the last id would pass it by; the relay claims by state
    (tests/integration/relay/test_relay.py)."""
    await connection.execute("CREATE TABLE sent (id bigint GENERATED ALWAYS AS IDENTITY, text text)")
    insert = "INSERT INTO sent (text) VALUES ($1) RETURNING id"
    other = await asyncpg.connect(fresh_database, timeout=10)
    try:
        async with connection.transaction():
            earlier = await connection.fetchval(insert, "earlier")
            later = await other.fetchval(insert, "later")
            assert [row["id"] for row in await other.fetch("SELECT id FROM sent")] == [later]
        assert earlier < later
        assert await other.fetch("SELECT id FROM sent WHERE id > $1", later) == []
        assert await other.fetchval("SELECT count(*) FROM sent") == 2
    finally:
        await other.close()
