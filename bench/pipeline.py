"""From the stream to the index: events per second of the program and of the reference, over the same events."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg
from nats.aio.client import Client

from bench import reference
from bench.program import program
from bench.setup import Stage, connect, empty_streams, open_index, publish_all, score_changes
from streams import topology

DRAIN_TIMEOUT_S = 600.0
# The reference is slow; it drains this many, and its rate is what is compared.
REFERENCE_EVENTS = 3_000


@dataclass(frozen=True, slots=True)
class Drained:
    """How long it took until nothing waited anywhere."""

    events: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Events per second, from stream to index."""
        return self.events / self.seconds


async def measure(ready: Stage, events: int, say: Callable[[str], None]) -> dict[str, float]:
    """Both contenders; the program in one process and with its roles in two."""
    client = await connect(ready)
    try:
        say(f"reference, {REFERENCE_EVENTS} events")
        plain = await _reference(ready, client, REFERENCE_EVENTS)
        say(f"program in one process, {events} events")
        one = await _one_process(ready, client, events)
        say(f"program with its roles in two processes, {events} events")
        two = await _two_processes(ready, client, events)
    finally:
        await client.close()
    return {
        "events": events,
        "reference_per_s": plain.per_second,
        "one_process_per_s": one.per_second,
        "two_processes_per_s": two.per_second,
        "one_process_ratio": one.per_second / plain.per_second,
        "two_processes_ratio": two.per_second / plain.per_second,
    }


async def _prepared(ready: Stage, client: Client, events: int, seed: int) -> None:
    await empty_streams(client)
    connection = await asyncpg.connect(ready.dsn)
    await connection.execute("TRUNCATE outbox, inbox")
    await connection.close()
    await publish_all(client, score_changes(ready.ids, events, observed_at=datetime.now(UTC), seed=seed))


async def _reference(ready: Stage, client: Client, events: int) -> Drained:
    await _prepared(ready, client, events, seed=1)
    done = asyncio.Event()
    async with AsyncExitStack() as stack:
        pool = await asyncpg.create_pool(ready.dsn, min_size=4, max_size=8)
        stack.push_async_callback(pool.close)
        index = open_index(ready)
        await index.prepare()
        stack.push_async_callback(index.close)
        own = await connect(ready)
        stack.push_async_callback(own.close)
        began = time.perf_counter()
        loops = asyncio.create_task(reference.run(own, pool, index, done))
        await drained(ready, client, events)
        seconds = time.perf_counter() - began
        done.set()
        await loops
    return Drained(events, seconds)


async def _one_process(ready: Stage, client: Client, events: int) -> Drained:
    await _prepared(ready, client, events, seed=2)
    began = time.perf_counter()
    async with program(ready):
        await drained(ready, client, events)
        return Drained(events, time.perf_counter() - began)


async def _two_processes(ready: Stage, client: Client, events: int) -> Drained:
    await _prepared(ready, client, events, seed=3)
    command = ["-m", "bench.program", "--folder", str(ready.folder), "--nats", ready.nats_url, "--dsn", ready.dsn]
    worker = await asyncio.create_subprocess_exec(
        sys.executable, *command, "--roles", "index,search", "--index", "index", stdout=asyncio.subprocess.PIPE
    )
    assert worker.stdout is not None
    await worker.stdout.readline()
    try:
        began = time.perf_counter()
        async with program(ready, ("ingest", "persist", "relay")):
            await drained(ready, client, events)
            return Drained(events, time.perf_counter() - began)
    finally:
        worker.terminate()
        await worker.wait()


async def drained(ready: Stage, client: Client, events: int) -> None:
    """Wait until every event was persisted, relayed and indexed."""
    jetstream = client.jetstream(timeout=10)
    connection = await asyncpg.connect(ready.dsn)
    try:
        async with asyncio.timeout(DRAIN_TIMEOUT_S):
            await _until(lambda: _consumed(jetstream, topology.UPDATED.name, events))
            await _until(lambda: _sent(connection))
            await _until(lambda: _consumed(jetstream, topology.INDEX.name, 1))
    finally:
        await connection.close()


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    while not await holds():
        await asyncio.sleep(0.05)


async def _consumed(jetstream: object, name: str, at_least: int) -> bool:
    info = await jetstream.consumer_info(topology.EVENTS.name, name)  # type: ignore[attr-defined]
    delivered = info.delivered.consumer_seq if info.delivered else 0
    return delivered >= at_least and info.num_pending == 0 and info.num_ack_pending == 0


async def _sent(connection: asyncpg.Connection) -> bool:
    return not await connection.fetchval("SELECT EXISTS (SELECT FROM outbox WHERE processed_at IS NULL)")
