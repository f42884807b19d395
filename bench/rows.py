"""A large schedule: the nightly rebuild, the projection of the horizon and the comparison with NATS, and their memory.

Each size runs in a process of its own, so that its peak of memory is its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
import nats

from bench.relayed import drained
from bench.setup import empty_streams, servers
from contracts.ids import derived_id
from handlers.catalogue.assemble import anime_values, character_values
from handlers.schedule.desk import Desk
from handlers.schedule.reconcile import project_all, reconcile
from handlers.sources.scores import means
from handlers.update.flows.schedule_rebuild import rebuild
from handlers.update.look import Tools
from handlers.update.records import RecordStore
from streams.clock import SystemClock
from streams.looks import Looks
from streams.provision import provision
from streams.scheduling import schedule_store
from streams.settings import Settings
from streams.timers import NatsTimers
from streams.topology import DUE, SCHEDULE

SIZES: Final = (50_000, 250_000)
# The shares of a catalogue of 36,000 anime, of which 1,000 air or are announced, with their characters.
_ANIME_SHARE: Final = 0.144
_OPEN_SHARE: Final = 1 / 36
_COPY_ROWS: Final = 20_000
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


async def measure(say: Callable[[str], None]) -> dict[str, float]:
    """Every size, each on servers of its own; the last one's figures, and how the memory of the sizes compares."""
    figures: dict[str, float] = {}
    largest: dict[str, float] = {}
    peaks: list[float] = []
    for rows in SIZES:
        say(f"a schedule of {rows} rows")
        with tempfile.TemporaryDirectory(prefix="echora-bench-") as folder:
            async with servers(Path(folder) / "servers") as (postgres, server):
                found = await _in_a_process(rows, postgres.dsn, server.url)
        peaks.append(found.pop("peak_mb"))
        largest = {f"schedule_{name}": value for name, value in found.items()}
        figures[f"schedule_peak_mb_at_{rows}"] = peaks[-1]
    return largest | figures | {"schedule_peak_ratio": peaks[-1] / peaks[0]}


async def _in_a_process(rows: int, dsn: str, nats_url: str) -> dict[str, float]:
    command = ["-m", "bench.rows", "--rows", str(rows), "--dsn", dsn, "--nats", nats_url]
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"measuring {rows} rows ended with {process.returncode}")
    found: dict[str, float] = json.loads(said)
    return found


# --- the process of one size --------------------------------------------------------------------------------------


@dataclass(slots=True)
class Stopwatch:
    """Seconds by step, and the memory after each."""

    figures: dict[str, float] = field(default_factory=dict)

    async def step(self, name: str, work: Awaitable[Any]) -> Any:
        """Time one step."""
        began = time.perf_counter()
        outcome = await work
        self.figures[f"{name}_s"] = time.perf_counter() - began
        self.figures["peak_mb"] = _peak_mb()
        return outcome


@dataclass(slots=True)
class _Clock:
    """The machine's clock, put forward."""

    ahead: timedelta = timedelta(0)
    own: SystemClock = field(default_factory=SystemClock)

    def now(self) -> datetime:
        return self.own.now() + self.ahead

    def monotonic(self) -> float:
        return self.own.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self.own.sleep(seconds)


async def _run(rows: int, dsn: str, nats_url: str) -> dict[str, float]:
    pool = await asyncpg.create_pool(dsn, min_size=2, max_size=4)
    client = await nats.connect(nats_url)
    clock = _Clock()
    watch = Stopwatch()
    await empty_streams(client)
    await _fill(pool, rows)
    watch.figures["before_mb"] = _peak_mb()
    store = schedule_store(Settings(_env_file=None), clock)
    timers = NatsTimers(lambda: client, lambda name: DUE[name].name)
    records = RecordStore(pool, anime_values, character_values, frozenset())
    tools = _tools(Desk(pool, store, timers), records, clock)
    try:
        watch.figures["rows"] = rows
        await watch.step("first_rebuild", rebuild(tools))
        await watch.step("nightly_rebuild", rebuild(tools))
        await watch.step("relay", drained(pool, client))
        report = await watch.step("reconcile", reconcile(pool, store, timers, clock.now))
        watch.figures |= {"reconcile_timers": report.compared, "reconcile_faults": report.missing + report.stale}
        # With the stream gone, everything within the horizon has to be set again and sent.
        await client.jetstream(timeout=30).delete_stream(SCHEDULE.name)
        began = time.perf_counter()
        await provision(client.jetstream(timeout=30), (SCHEDULE,), tuple(DUE.values()))
        lost = await watch.step("reconcile_lost", reconcile(pool, store, timers, clock.now))
        await drained(pool, client)
        watch.figures["stream_back_s"] = time.perf_counter() - began
        watch.figures["stream_back_timers"] = lost.missing + lost.lost
        clock.ahead = timedelta(days=1)
        watch.figures["projected"] = await watch.step("project", project_all(pool, store, clock.now()))
    finally:
        await client.close()
        await pool.close()
    return watch.figures


def _tools(desk: Desk, records: RecordStore, clock: _Clock) -> Tools:
    """What a rebuild may use, as streams/looks.py gives it."""

    async def plan(workflow: str, plans: Any) -> int:
        return await Looks.plan(_Planning(desk, clock), workflow, plans)  # type: ignore[arg-type]

    async def fetch(*_: Any, **__: Any) -> Any:
        raise AssertionError("a rebuild asks no source")

    return Tools(fetch, records, plan, means, clock.now, frozenset())


@dataclass(slots=True)
class _Planning:
    """The part of Looks that plans."""

    desk: Desk
    calendar: _Clock


async def _fill(pool: asyncpg.Pool, rows: int) -> None:
    """Anime and characters that make so many rows of a schedule."""
    anime = round(rows * _ANIME_SHARE)
    airing = round(anime * _OPEN_SHARE)
    people = rows - anime - 2 * airing
    for start in range(0, anime, _COPY_ROWS):
        part = [_show(number, airing) for number in range(start, min(anime, start + _COPY_ROWS))]
        await pool.copy_records_to_table("anime", records=part, columns=["id", "title", "type", "status", "meta"])
    for start in range(0, people, _COPY_ROWS):
        part_of = [(_id("character", n), f"Name {n}") for n in range(start, min(people, start + _COPY_ROWS))]
        await pool.copy_records_to_table("character", records=part_of, columns=["id", "name"])
    await pool.execute("ANALYZE anime, character")


def _show(number: int, airing: int) -> tuple[UUID, str, str, str, str]:
    if number >= airing:
        return _id("anime", number), f"Title {number}", "TV", "FINISHED", "{}"
    slot = {"day": _DAYS[number % 7], "time": f"{number % 24:02}:30", "timezone": "Asia/Tokyo"}
    return _id("anime", number), f"Title {number}", "TV", "ONGOING", json.dumps({"broadcast": slot})


def _id(kind: str, number: int) -> UUID:
    return derived_id("bench", kind, number)


def _peak_mb() -> float:
    """The most memory that this process has held; the figure of getrusage would begin with its parent's."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    import uvloop

    parser = argparse.ArgumentParser(description="One size of a schedule, for bench.")
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--dsn", required=True)
    parser.add_argument("--nats", required=True)
    given = parser.parse_args()
    print(json.dumps(uvloop.run(_run(given.rows, given.dsn, given.nats))))
