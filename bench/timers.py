"""Many timers due at one instant, with the NATS server killed in between: do all fire once, and how late.

ours   planned through the store, sent by the relay; the server is killed with -9 while half of them are on their
       way, and again when it holds all
bare   the same messages published by a plain loop; the server is killed with -9 when it holds all
"""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import asyncpg
import nats
import numpy as np
from nats.aio.client import Client
from nats.errors import Error as NatsError

from bench.setup import empty_streams, servers
from contracts import subjects
from contracts.ids import derived_id
from contracts.workflow import Due
from handlers.relay import Outgoing
from handlers.schedule.desk import Desk
from handlers.schedule.row import Row
from handlers.schedule.store import ScheduleStore, same_time
from handlers.schedule.timer import TICK, timer_of
from handlers.update.workflows import WORKFLOWS
from streams.clock import SystemClock
from streams.delivery.publish import Publisher
from streams.embedded import NatsServer
from streams.relay import Relay
from streams.timers import NatsTimers
from streams.topology import DUE, SCHEDULE

# The one workflow whose looks are planned one by one.
WORKFLOW: Final = "episode_air_tracking"
# Planning, sending and the restarts have to be over before the timers are due.
OURS_S_PER_TIMER: Final = 0.0025
BARE_S_PER_TIMER: Final = 0.001
LEAD_S_MIN: Final = 30.0
LATE_S_MAX: Final = 600.0
# So long after the last tick nothing more is waited for; what fires twice fires within it.
QUIET_S: Final = 5.0
RELAY_BATCH: Final = 1_000


@dataclass(slots=True)
class Fired:
    """What came out of the stream: each tick's id, and how long after its time it was in our hands."""

    due_at: datetime
    ticks: Counter[str] = field(default_factory=Counter)
    late_s: list[float] = field(default_factory=list)

    def figures(self, name: str, timers: int) -> dict[str, float]:
        """Counts and lateness."""
        p50, p99 = np.percentile(self.late_s, [50, 99])
        return {
            f"timers_{name}_lost": timers - len(self.ticks),
            f"timers_{name}_twice": sum(count > 1 for count in self.ticks.values()),
            f"timers_{name}_late_p50_s": float(p50),
            f"timers_{name}_late_p99_s": float(p99),
        }


async def measure(timers: int, say: Callable[[str], None]) -> dict[str, float]:
    """Both ways, one after the other on servers of their own."""
    figures: dict[str, float] = {"timers": timers}
    with tempfile.TemporaryDirectory(prefix="echora-bench-") as folder:
        async with servers(Path(folder) / "servers") as (postgres, server):
            client = await nats.connect(server.url, max_reconnect_attempts=-1, reconnect_time_wait=0.1, error_cb=_quiet)
            pool = await asyncpg.create_pool(postgres.dsn, min_size=1, max_size=4)
            try:
                say(f"{timers} timers due at one instant, bare NATS loop")
                bare = await _bare(timers, client, server)
                say(f"{timers} timers due at one instant, through store, outbox and relay")
                ours, rates = await _ours(timers, client, server, pool, postgres.dsn)
            finally:
                await client.close()
                await pool.close()
    figures |= rates | ours.figures("ours", timers) | bare.figures("bare", timers)
    figures["timers_late_p99_ratio"] = figures["timers_ours_late_p99_s"] / figures["timers_bare_late_p99_s"]
    return figures


# --- ours ---------------------------------------------------------------------------------------------------------


async def _ours(
    timers: int, client: Client, server: NatsServer, pool: asyncpg.Pool, dsn: str
) -> tuple[Fired, dict[str, float]]:
    await empty_streams(client)
    clock = SystemClock()
    now = clock.now()
    due_at = now + _lead(timers, OURS_S_PER_TIMER)
    store = ScheduleStore({name: flow.workflow for name, flow in WORKFLOWS.items()}, horizon_s=86_400)
    held = NatsTimers(lambda: client, lambda name: DUE[name].name)
    began = time.perf_counter()
    await Desk(pool, store, held).plan(WORKFLOW, {one: Due(due_at, "bench") for one in _entities(timers)}, now)
    planned_s = time.perf_counter() - began
    relay = _relay(client, dsn)
    killer = asyncio.create_task(_when(lambda: _sent(pool, timers // 2), server, client))
    began = time.perf_counter()
    relay.start()
    try:
        await _until(lambda: _sent(pool, timers))
        relayed_s = time.perf_counter() - began
        await killer
    finally:
        await relay.stop()
    await _killed(server, client)
    fired = await _read(client, due_at, timers)
    return fired, {"timers_planned_per_s": timers / planned_s, "timers_relayed_with_a_kill_s": relayed_s}


def _relay(client: Client, dsn: str) -> Relay:
    async def connect() -> asyncpg.Connection[asyncpg.Record]:
        return await asyncpg.connect(dsn, timeout=5, command_timeout=30)

    return Relay(connect, Publisher(lambda: client), SystemClock(), lambda: 0.0, RELAY_BATCH, 0.2, timedelta(days=7))


async def _sent(pool: asyncpg.Pool, at_least: int) -> bool:
    sent: int = await pool.fetchval("SELECT count(*) FROM outbox WHERE processed_at IS NOT NULL")
    return sent >= at_least


# --- bare ---------------------------------------------------------------------------------------------------------


async def _bare(timers: int, client: Client, server: NatsServer) -> Fired:
    await empty_streams(client)
    due_at = SystemClock().now() + _lead(timers, BARE_S_PER_TIMER)
    jetstream = client.jetstream(timeout=30, publish_async_max_pending=4_000)
    messages = _messages(timers, due_at)
    for start in range(0, timers, RELAY_BATCH):
        futures = [
            await jetstream.publish_async(one.subject, one.payload, headers=one.headers, wait_stall=30)
            for one in messages[start : start + RELAY_BATCH]
        ]
        await asyncio.gather(*futures)
    await _killed(server, client)
    return await _read(client, due_at, timers)


def _messages(timers: int, due_at: datetime) -> list[Outgoing]:
    """The messages that the store makes, without the store."""
    policy, now = WORKFLOWS[WORKFLOW].workflow.policy, SystemClock().now()
    rows = (replace(Row(WORKFLOW, one).due(Due(due_at, "bench")), timer_number=1) for one in _entities(timers))
    made = [timer_of(row, policy, now, same_time) for row in rows]
    return [Outgoing(0, one.subject, one.payload, {**one.headers, "Nats-Msg-Id": str(one.event_id)}) for one in made]


# --- what both use ------------------------------------------------------------------------------------------------


def _entities(timers: int) -> list[str]:
    return [str(derived_id("bench", number)) for number in range(timers)]


def _lead(timers: int, s_per_timer: float) -> timedelta:
    return timedelta(seconds=max(LEAD_S_MIN, timers * s_per_timer))


async def _killed(server: NatsServer, client: Client) -> None:
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    while server.alive():
        await asyncio.sleep(0.01)
    await asyncio.to_thread(server.start)
    async with asyncio.timeout(60):
        while not client.is_connected:
            await asyncio.sleep(0.01)


async def _when(holds: Callable[[], Awaitable[bool]], server: NatsServer, client: Client) -> None:
    await _until(holds)
    await _killed(server, client)


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(LATE_S_MAX):
        while not await holds():
            await asyncio.sleep(0.02)


async def _read(client: Client, due_at: datetime, timers: int) -> Fired:
    jetstream = client.jetstream(timeout=30)
    state = (await jetstream.stream_info(SCHEDULE.name, subjects_filter=f"{subjects.SCHEDULE_DUE}.>")).state
    if SystemClock().now() >= due_at or state.subjects:
        raise RuntimeError("the timers were due before all of them were set: give them more time (…_S_PER_TIMER)")
    fired = Fired(due_at)
    subscription = await jetstream.pull_subscribe_bind(DUE[WORKFLOW].name, SCHEDULE.name)
    last = (due_at - SystemClock().now()).total_seconds() + time.monotonic()
    while time.monotonic() < last + (QUIET_S if len(fired.ticks) == timers else 6 * QUIET_S):
        try:
            messages = await subscription.fetch(1_000, timeout=1)
        except (NatsError, TimeoutError):
            continue
        last = time.monotonic()
        late_s = (SystemClock().now() - due_at).total_seconds()
        for message in messages:
            fired.ticks[(message.headers or {})[TICK]] += 1
            fired.late_s.append(late_s)
            await message.ack()
    return fired


async def _quiet(_: Exception) -> None:
    """The server is killed on purpose; the client's account of it is of no use."""
