"""NATS and PostgreSQL killed with -9 under load, PostgreSQL also between a COMMIT and its answer."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from time import monotonic

import asyncpg
import psutil
import pytest

from streams.database.migrate import migrate
from streams.embedded import NatsServer, PostgresServer
from tests.faults.conftest import NewLane, chosen
from tests.faults.harness.judge import judge
from tests.faults.harness.lane import Lane, lane
from tests.faults.harness.ledger import Sums
from tests.faults.harness.load import load, probe
from tests.faults.harness.processes import Zygote
from tests.servers import temporary_home
from tests.waiting import eventually

BACK_WITHIN_S = 5.0
# Records are handed in three times a second, and up to the third of them is waited for.
HIT_WITHIN_S = 10.0
# Statements after which the answer is lost: what they did is there, and the program cannot know.
COMMITS = ("sql COMMIT @ handlers/persist/*", "sql COMMIT*")
ANSWERS = (*COMMITS, "sql mark*", "sql enter*")


async def test_broker_killed_under_load(new_lane: NewLane, sums: Sums, dice: random.Random) -> None:
    """Each time until a change that was sent after the server was back took effect."""
    waits: list[float] = []
    async with new_lane() as lane:
        await lane.start()
        async with load(lane):
            for _ in range(chosen(10, 200)):
                await asyncio.sleep(dice.uniform(0.05, 0.6))
                await _kill(lane.nats)
                await asyncio.sleep(dice.uniform(0.0, 0.5))
                await asyncio.to_thread(lane.nats.start)
                waits.append(await probe(lane))
                sums.kills += 1
        said = await judge(lane)
        sums.add(said)
        sums.figures |= _figures(waits)
        assert said.faults == []
        assert max(waits) < BACK_WITHIN_S, waits


@pytest.fixture
async def own_postgres() -> AsyncIterator[PostgresServer]:
    """A PostgreSQL of this test alone, as the program runs it, with everything synced."""
    with temporary_home() as home:
        server = PostgresServer(home)
        try:
            await asyncio.to_thread(server.start)
            await migrate(server.dsn)
            yield server
        finally:
            await asyncio.to_thread(server.stop)


async def test_postgres_killed_under_load(
    zygote: Zygote, own_postgres: PostgresServer, sums: Sums, dice: random.Random
) -> None:
    waits: list[float] = []
    unanswered: Counter[str] = Counter()
    async with lane(zygote, own_postgres.dsn) as one:
        await one.start()
        async with load(one):
            for number in range(chosen(10, 100)):
                await asyncio.sleep(dice.uniform(0.05, 0.5))
                if number % 2:
                    answer = ANSWERS[number // 2 % len(ANSWERS)]
                    unanswered[answer] += await _kill_before_an_answer(one, own_postgres, answer, dice)
                else:
                    await _kill(own_postgres)
                await asyncio.sleep(dice.uniform(0.0, 0.5))
                begun = monotonic()
                await asyncio.to_thread(own_postgres.start)
                sums.figures["longest recovery s"] = round(
                    max(float(sums.figures.get("longest recovery s", 0)), monotonic() - begun), 2
                )
                waits.append(await probe(one))
                sums.kills += 1
        said = await judge(one)
        sums.add(said)
        sums.figures |= _figures(waits)
        sums.figures["killed between a commit and its answer"] = sum(unanswered[name] for name in COMMITS)
        sums.figures["killed before another answer"] = unanswered.total() - sum(unanswered[name] for name in COMMITS)
        assert said.faults == []
        # Else these would be ordinary kills under another name.
        assert all(unanswered[name] for name in ANSWERS), unanswered


async def _kill_before_an_answer(one: Lane, server: PostgresServer, answer: str, dice: random.Random) -> bool:
    """Have the program stop dead between a statement that took effect and its answer, and kill the server there.

    Gives whether it came to that.
    """
    one.program.hit.clear()
    await one.program.arm(answer, "after", dice.randrange(1, 4), "sever")
    with suppress(TimeoutError):
        async with asyncio.timeout(HIT_WITHIN_S):
            await one.program.hit.wait()
    came_to_it = one.program.hit.is_set()
    await _kill(server)
    await one.program.ask("release")
    await one.program.ask("disarm")
    return came_to_it


async def _kill(server: PostgresServer | NatsServer) -> None:
    """Every process of it at once, as a machine would lose them."""
    assert server.pid is not None
    parent = psutil.Process(server.pid)
    for process in [parent, *parent.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    await eventually(lambda: not server.alive())


def _figures(waits: list[float]) -> dict[str, float]:
    ordered = sorted(waits)
    return {"back in s, median": round(ordered[len(ordered) // 2], 2), "back in s, longest": round(ordered[-1], 2)}


async def test_the_database_keeps_what_it_confirmed(own_postgres: PostgresServer) -> None:
    """The suite's own ground: without it the two above would blame the program for the server."""
    connection = await asyncpg.connect(own_postgres.dsn)
    await connection.execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)")
    await _kill(own_postgres)
    with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        await connection.close(timeout=1)
    await asyncio.to_thread(own_postgres.start)
    again = await asyncpg.connect(own_postgres.dsn)
    assert await again.fetchval("SELECT n FROM kept") == 1
    await again.close()
