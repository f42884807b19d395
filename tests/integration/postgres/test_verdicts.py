"""A batch meets what a real PostgreSQL does to it: no outage costs its event an attempt, and the effect comes once."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import nats
import pytest

from contracts.errors import EchoraError, Outage, Permanent
from contracts.events import Event
from handlers.persist import Outcome, apply, enriched, updated
from handlers.postgres import Connection, Verdict, sqlstate, verdict
from streams.database.migrate import migrate
from streams.database.pool import PoolLimits, open_pool
from streams.embedded import NatsServer, PostgresServer
from streams.tasks import end_tasks
from tests.events import enriched as record
from tests.events import uid
from tests.events import updated as change
from tests.integration.delivery.lane import Lane, open_lane
from tests.servers import temporary_home
from tests.waiting import eventually

Happening = Callable[[Connection, asyncpg.Pool], Awaitable[object]]


async def ended_by_an_operator(connection: Connection, others: asyncpg.Pool) -> None:
    await others.execute("SELECT pg_terminate_backend($1)", await connection.fetchval("SELECT pg_backend_pid()"))
    await connection.execute("SELECT 1")


async def cancelled_by_an_operator(connection: Connection, others: asyncpg.Pool) -> None:
    asleep = asyncio.ensure_future(connection.execute("SELECT pg_sleep(20)"))
    pid = connection.get_server_pid()
    await eventually(lambda: others.fetchval("SELECT wait_event FROM pg_stat_activity WHERE pid = $1", pid))
    while not asleep.done():
        await others.execute("SELECT pg_cancel_backend($1)", pid)
        await asyncio.wait([asleep], timeout=0.1)
    await asleep


async def read_only(connection: Connection, _: asyncpg.Pool) -> None:
    await connection.execute("SET LOCAL transaction_read_only = on")
    await connection.execute("UPDATE anime SET version = version + 1")


async def a_missing_right(connection: Connection, _: asyncpg.Pool) -> None:
    # A role that every server has, and that may write nowhere.
    await connection.execute("SET LOCAL ROLE pg_monitor")
    await connection.execute("UPDATE anime SET version = version + 1")


async def statement_timeout(connection: Connection, _: asyncpg.Pool) -> None:
    await connection.execute("SET LOCAL statement_timeout = '10ms'")
    await connection.execute("SELECT pg_sleep(20)")


async def command_timeout(connection: Connection, _: asyncpg.Pool) -> None:
    await connection.execute("SELECT pg_sleep(20)", timeout=0.01)


async def idle_for_too_long(connection: Connection, others: asyncpg.Pool) -> None:
    await connection.execute("SET LOCAL idle_in_transaction_session_timeout = '10ms'")
    gone, pid = "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)", connection.get_server_pid()
    await eventually(lambda: others.fetchval(gone, pid))
    await connection.execute("SELECT 1")


async def lock_timeout(connection: Connection, others: asyncpg.Pool) -> None:
    await connection.execute("SET LOCAL lock_timeout = '10ms'")
    async with others.acquire() as holder, holder.transaction():
        await holder.execute("SELECT FROM company FOR UPDATE")
        await connection.execute("SELECT FROM company FOR UPDATE")


async def deadlock(connection: Connection, others: asyncpg.Pool) -> None:
    # The one whose patience ends first is the victim.
    await connection.execute("SET LOCAL deadlock_timeout = '10ms'")
    async with others.acquire() as other, other.transaction():
        await other.execute("SELECT FROM company FOR UPDATE")
        await connection.execute("SELECT FROM source_material FOR UPDATE")
        waiting = asyncio.ensure_future(other.execute("SELECT FROM source_material FOR UPDATE"))
        blocked = "SELECT cardinality(pg_blocking_pids($1)) > 0"
        await eventually(lambda: others.fetchval(blocked, other.get_server_pid()))
        try:
            await connection.execute("SELECT FROM company FOR UPDATE")
        finally:
            await end_tasks(waiting)


async def cannot_be_serialised(connection: Connection, others: asyncpg.Pool) -> None:
    async with others.acquire() as mine, mine.transaction(isolation="repeatable_read"):
        await mine.fetch("SELECT * FROM company")
        await others.execute("UPDATE company SET name = name || '!'")
        await mine.execute("UPDATE company SET name = name || '?'")


async def too_many_arguments(connection: Connection, _: asyncpg.Pool) -> None:
    await connection.execute("SELECT $1::int", 1, 2)


async def no_such_table(connection: Connection, _: asyncpg.Pool) -> None:
    await connection.execute("SELECT FROM nothing_of_that_name")


async def a_forbidden_value(connection: Connection, _: asyncpg.Pool) -> None:
    await connection.execute("UPDATE anime SET status = 'AIRING'")


async def a_value_of_another_type(connection: Connection, _: asyncpg.Pool) -> None:
    await connection.execute("UPDATE anime SET year = $1", "soon")


# None where the driver has no SQLSTATE. Of a connection that ends, it sometimes sees the end before the words.
HAPPENINGS: dict[Happening, tuple[Verdict, str | set[str | None] | None]] = {
    ended_by_an_operator: (Verdict.AWAY, {"57P01", "08003", None}),
    cancelled_by_an_operator: (Verdict.AWAY, "57014"),
    read_only: (Verdict.AWAY, "25006"),
    a_missing_right: (Verdict.AWAY, "42501"),
    statement_timeout: (Verdict.AWAY, "57014"),
    command_timeout: (Verdict.AWAY, None),
    idle_for_too_long: (Verdict.AWAY, {"25P03", "08003", None}),
    lock_timeout: (Verdict.CONFLICT, "55P03"),
    deadlock: (Verdict.CONFLICT, "40P01"),
    cannot_be_serialised: (Verdict.CONFLICT, "40001"),
    too_many_arguments: (Verdict.BUG, None),
    no_such_table: (Verdict.BUG, "42P01"),
    a_forbidden_value: (Verdict.REFUSED, "23514"),
    a_value_of_another_type: (Verdict.REFUSED, "22000"),
}
WAITED_OUT = [one for one, (meaning, _) in HAPPENINGS.items() if meaning in (Verdict.AWAY, Verdict.CONFLICT)]


@dataclass
class Struck:
    """Applies changes of anime; while `strikes` lasts, something happens to the transaction after their effect."""

    happening: Happening
    others: asyncpg.Pool
    strikes: int = 1
    errors: list[BaseException] = field(default_factory=list)

    async def __call__(self, connection: Connection, events: Sequence[Event]) -> list[Outcome]:
        outcomes = await updated.apply_anime(connection, events)
        if len(self.errors) < self.strikes:
            try:
                await self.happening(connection, self.others)
            except BaseException as error:
                self.errors.append(error)
                raise
        return outcomes


@pytest.fixture
async def rows(pool: asyncpg.Pool) -> None:
    """An anime, and rows of other tables that transactions may get into each other's way about."""
    assert await apply(pool, "test", [record("Ring", studios=[{"name": "Somebody"}])], enriched.apply) == [None]
    await pool.execute(
        "INSERT INTO source_material (id, title, external_source, external_id) VALUES ($1, 'Book', 'mal', '1')",
        uid("book"),
    )


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("happening", HAPPENINGS, ids=lambda one: one.__name__)
async def test_each_is_taken_for_what_it_is_and_has_no_part_of_an_effect(
    pool: asyncpg.Pool, other_pool: asyncpg.Pool, happening: Happening
) -> None:
    meaning, state = HAPPENINGS[happening]
    event = change("Ring", status="ONGOING")
    step = Struck(happening, other_pool)
    result = await outcome_of(pool, event, step)
    (error,) = step.errors
    assert verdict(error) is meaning, repr(error)
    assert sqlstate(error) in (state if isinstance(state, set) else {state}), repr(error)
    expected = {
        Verdict.AWAY: Outage,
        Verdict.CONFLICT: type(None),
        Verdict.REFUSED: Permanent,
        Verdict.BUG: type(error),
    }
    assert isinstance(result, expected[meaning]), repr(result)
    assert await pool.fetchval("SELECT version FROM anime") == (2 if meaning is Verdict.CONFLICT else 1)
    assert await outcome_of(pool, event, step) is None
    assert await pool.fetchval("SELECT version FROM anime") == 2, "the effect came once"


@pytest.mark.usefixtures("rows")
async def test_no_outage_and_no_conflict_costs_a_message_an_attempt(
    pool: asyncpg.Pool, other_pool: asyncpg.Pool, nats_server: NatsServer
) -> None:
    client = await nats.connect(nats_server.url)
    try:
        lane = await open_lane(client)
        for number, happening in enumerate(WAITED_OUT, 1):
            # More often than a batch repeats a conflict by itself, and than a message has attempts.
            step = Struck(happening, other_pool, strikes=1 if happening is not statement_timeout else 6)
            await through(lane, pool, change("Ring", minute=number, year=2000 + number), step)
            assert len(step.errors) == step.strikes
            assert await pool.fetchval("SELECT year FROM anime") == 2000 + number
        assert lane.failures.stories == {}
        assert (await lane.info()).num_redelivered == 0
        assert await lane.letters() == []
    finally:
        await client.close()


@pytest.fixture
async def small() -> AsyncIterator[PostgresServer]:
    """A server of this test alone, with few connections."""
    with temporary_home() as home:
        server = PostgresServer(home, settings={"max_connections": "8", "superuser_reserved_connections": "0"})
        server.start()
        try:
            yield server
        finally:
            server.stop()


async def test_a_full_server_and_one_that_is_killed_are_away_and_the_effect_comes_after_the_start(
    small: PostgresServer,
) -> None:
    await migrate(small.dsn)
    pool = await open_pool(small.dsn, PoolLimits(connections_max=2))
    event = change("Ring", status="ONGOING")
    assert await apply(pool, "test", [record("Ring")], enriched.apply) == [None]

    held: list[asyncpg.Connection] = []
    async with pool.acquire():  # The next one would be a new connection.
        with suppress(asyncpg.TooManyConnectionsError):
            while True:
                held.append(await asyncpg.connect(small.dsn))
        with pytest.raises(Outage, match="TooManyConnectionsError"):
            await apply(pool, "test", [event], updated.apply_anime)
    for connection in held:
        await connection.close()

    async def killed(connection: Connection, _: asyncpg.Pool) -> None:
        assert small.pid is not None
        os.kill(small.pid, signal.SIGKILL)
        for _turn in range(1_000):
            await connection.execute("SELECT pg_sleep(0.01)")

    step = Struck(killed, pool)
    with pytest.raises(Outage):
        await apply(pool, "test", [event], step)
    assert verdict(step.errors[0]) is Verdict.AWAY
    with pytest.raises(Outage):
        await apply(pool, "test", [event], step)
    await eventually(lambda: not small.alive())
    small.start()
    assert await apply(pool, "test", [event], step) == [None]
    assert await pool.fetchval("SELECT version FROM anime") == 2, "the effect came once"
    pool.terminate()


async def outcome_of(pool: asyncpg.Pool, event: Event, step: Struck) -> Any:
    """What becomes of a batch of one: None, its outcome, or what was raised."""
    try:
        (outcome,) = await apply(pool, "test", [event], step)
    except Exception as error:
        return error
    return outcome


async def through(lane: Lane, pool: asyncpg.Pool, event: Event, step: Struck) -> None:
    """Send the event through the lane and wait until it is settled."""

    async def whole(events: Sequence[Event]) -> list[EchoraError | None]:
        return await apply(pool, lane.consumer.name, events, step)

    puller = lane.puller(lane.settler(), whole)
    puller.start()
    try:
        await lane.publish(event)
        await eventually(lane.is_settled)
    finally:
        await puller.stop()
