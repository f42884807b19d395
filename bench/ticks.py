"""Ticks through the update step, from the stream to the commit that ends the look, beside the statements alone.

machinery   no source is switched on, so a look reads its record and ends
looks       four sources answer at once, in this process: the simulated world behind a transport of its own, without
            any limit of rate. The time in which the world makes its answers is taken off.
raw         the statements that begin and end the same looks, recorded beforehand, on one connection
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

import asyncpg
import httpx
from nats.aio.client import Client

from bench.program import Outside, program
from bench.recorder import Calls, Recorder, replay
from bench.relayed import drained
from bench.setup import Stage, connect, empty_streams, servers
from contracts.events import AnimeEnrichedEvent, AnimeValues
from contracts.ids import derived_id
from contracts.model import AnimeRecord
from contracts.workflow import Due, LookEnd
from handlers.persist import apply, enriched
from handlers.schedule.desk import Desk as ScheduleDesk
from handlers.schedule.moves import finish_of
from handlers.schedule.row import Key
from handlers.schedule.store import ScheduleStore
from handlers.schedule.tick import Tick
from handlers.sources.build import build_sources
from handlers.sources.fetch import Sources
from handlers.sources.policies import WORLD_PATHS, world_policies
from handlers.world.asking import Answer, Ask, Dialect
from handlers.world.changes import Source
from handlers.world.desk import Desk
from handlers.world.world import World
from streams.clock import SystemClock, WorldClock
from streams.scheduling import schedule_store
from streams.settings import Settings
from streams.timers import NatsTimers
from streams.topology import DUE, ENRICHED, SCHEDULE
from streams.world import demo_origin, demo_records

WORKFLOW: Final = "metadata_refresh"
COPIES: Final = 28
ROUNDS: Final = 3
BATCH: Final = 100
WAIT_S_MAX: Final = 600.0
_WORLD_URL: Final = "http://world.bench"
# Far above every id of the demo catalogue, so that the copies are titles of their own.
_NUMBERS: Final = 10_000_000


async def measure(say: Callable[[str], None]) -> dict[str, float]:
    """All three, in turn within each round."""
    with tempfile.TemporaryDirectory(prefix="echora-bench-") as folder:
        async with servers(Path(folder) / "servers") as (postgres, server):
            place = await _Place.open(Stage(Path(folder), server.url, postgres.dsn, ()))
            try:
                return await _rounds(place, say)
            finally:
                await place.close()


async def _rounds(place: _Place, say: Callable[[str], None]) -> dict[str, float]:
    machinery, looks, raw = [], [], []
    transport = _AtOnce(place.world, place.clock)
    for number in range(ROUNDS):
        say(f"{len(place.ids)} ticks through the update step, round {number + 1} of {ROUNDS}")
        raw.append(await place.replayed())
        machinery.append(await place.looked(_sources(place.clock, transport, on=False), lambda: 0.0))
        spent_s = transport.spent_s
        looks.append(
            await place.looked(_sources(place.clock, transport, on=True), lambda s=spent_s: transport.spent_s - s)  # type: ignore[misc]
        )
    return {
        "ticks": len(place.ids),
        "ticks_machinery_per_s": statistics.median(machinery),
        "ticks_looks_per_s": statistics.median(looks),
        "ticks_raw_per_s": statistics.median(raw),
        "ticks_machinery_ratio": statistics.median(one / two for one, two in zip(machinery, raw, strict=True)),
        "ticks_looks_ratio": statistics.median(one / two for one, two in zip(looks, raw, strict=True)),
        "ticks_requests_per_look": transport.requests / (ROUNDS * len(place.ids)),
    }


@dataclass(frozen=True, slots=True)
class _Place:
    """A catalogue of copies of the demo's, on the world's clock, and its schedule."""

    ready: Stage
    pool: asyncpg.Pool
    client: Client
    clock: WorldClock
    world: World
    store: ScheduleStore
    desk: ScheduleDesk
    ids: tuple[str, ...]

    @classmethod
    async def open(cls, ready: Stage) -> _Place:
        client = await connect(ready)
        await empty_streams(client)
        pool = await asyncpg.create_pool(ready.dsn, min_size=2, max_size=4)
        origin = demo_origin()
        clock = WorldClock(origin + timedelta(hours=1), SystemClock().now(), 1.0)
        records = [AnimeRecord.model_validate(one) for one in _copies(demo_records())]
        await _take_in(pool, records, origin)
        store = schedule_store(Settings(_env_file=None), clock)
        desk = ScheduleDesk(pool, store, NatsTimers(lambda: client, lambda name: DUE[name].name))
        ids = tuple(str(one.anime.id) for one in records)
        return cls(ready, pool, client, clock, World(records, seed=7, origin=origin), store, desk, ids)

    async def close(self) -> None:
        await self.client.close()
        await self.pool.close()

    async def looked(self, sources: Sources, elsewhere_s: Callable[[], float]) -> float:
        """Looks a second, over the time from the end of the first batch to that of the last."""
        now = self.clock.now()
        await self._due(now)
        await drained(self.pool, self.client)
        await self._until(lambda: self._waiting(len(self.ids)))
        async with program(self.ready, ("update",), outside=Outside(sources, self.clock)):
            await self._until(lambda: self._waiting(0))
        await sources.close()
        rows = await self.pool.fetch(
            "SELECT last_run_at FROM schedule WHERE workflow = $1 AND last_run_at >= $2", WORKFLOW, now
        )
        ended = sorted(row["last_run_at"] for row in rows)
        assert len(ended) == len(self.ids), f"{len(ended)} of {len(self.ids)} looks have ended"
        span_s = (ended[-1] - ended[0]).total_seconds()
        later = sum(at > ended[0] for at in ended)
        # Each look takes the same of the world's time.
        return float(later / (span_s - elsewhere_s() * later / len(ended)))

    async def replayed(self) -> float:
        """Looks a second of the statements that begin and end them."""
        now = self.clock.now()
        await self._due(now)
        recorded: list[Calls] = []
        async with self.pool.acquire() as connection:
            for start in range(0, len(self.ids), BATCH):
                recorded += await self._recorded(connection, self.ids[start : start + BATCH], self.clock.now())
        began = time.perf_counter()
        await replay(self.pool, recorded)
        rate = len(self.ids) / (time.perf_counter() - began)
        await self.pool.execute("TRUNCATE outbox")
        return rate

    async def _recorded(self, connection: Any, ids: Iterable[str], now: datetime) -> list[Calls]:
        begun: Calls = []
        ended: Calls = []
        keys = [Key(WORKFLOW, one) for one in ids]
        rows = (await self.store.read(connection, keys)).values()
        ticks = [
            Tick(one.workflow, one.entity_id, one.due_at, one.attempt, one.plan_version) for one in rows if one.due_at
        ]
        transaction = connection.transaction()
        await transaction.start()
        await self.store.begin(Recorder(connection, begun), ticks, now)  # type: ignore[arg-type]
        policy = self.store.workflows[WORKFLOW].policy
        ends = [finish_of(one, one.due_at, LookEnd("nothing new"), policy, now) for one in ticks]
        assert all(await self.store.finish(Recorder(connection, ended), ends, now))  # type: ignore[arg-type]
        await transaction.rollback()
        return [begun, ended]

    async def _due(self, now: datetime) -> None:
        """Plan a look at everything just now, and nothing else: what came of the looks before is forgotten."""
        await self.pool.execute("TRUNCATE outbox, schedule")
        await self.client.jetstream(timeout=30).purge_stream(SCHEDULE.name)
        planned = await self.desk.plan(WORKFLOW, {one: Due(now, "bench") for one in self.ids}, now)
        assert planned == len(self.ids), f"{planned} of {len(self.ids)} looks are planned"

    async def _waiting(self, ticks: int) -> bool:
        info = await self.client.jetstream(timeout=30).consumer_info(SCHEDULE.name, DUE[WORKFLOW].name)
        return (info.num_pending, info.num_ack_pending) == (ticks, 0)

    async def _until(self, holds: Any) -> None:
        async with asyncio.timeout(WAIT_S_MAX):
            while not await holds():
                await asyncio.sleep(0.05)


# --- the world ----------------------------------------------------------------------------------------------------


class _OpenDesk(Desk):
    """A world that refuses nobody for asking too often."""

    def _throttled(self, dialect: Dialect, now: datetime) -> Answer | None:
        return None


class _AtOnce(httpx.AsyncBaseTransport):
    """Hands every request to the world without a network between."""

    def __init__(self, world: World, clock: WorldClock) -> None:
        self._desk = _OpenDesk(world, clock)
        self.spent_s = 0.0
        self.requests = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        began = time.perf_counter()
        path = request.url.path
        source, prefix = next((name, one) for name, one in WORLD_PATHS.items() if path.startswith(one))
        query = parse_qsl(request.url.query.decode(), keep_blank_values=True)
        ask = Ask(request.method, path.removeprefix(prefix).rstrip("/"), query, dict(request.headers), body)
        reply = await self._desk.meet(Source(source), ask)
        self.requests += 1
        self.spent_s += time.perf_counter() - began
        return httpx.Response(reply.status, headers=dict(reply.headers), content=reply.body)


def _sources(clock: WorldClock, transport: _AtOnce, *, on: bool) -> Sources:
    policies = {
        name: replace(policy, enabled=on, rate_per_s=None, rate_per_min=None, concurrency=50)
        for name, policy in world_policies(_WORLD_URL).items()
    }
    return build_sources(clock, policies, transport=transport)


# --- the catalogue ------------------------------------------------------------------------------------------------


def _copies(records: list[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """The demo's titles under other ids, without casts; what they are related to is left out, since it is elsewhere."""
    for copy in range(COPIES):
        for number, record in enumerate(records):
            anime = deepcopy(record["anime"]) | {"id": str(derived_id("bench", copy, record["anime"]["id"]))}
            own = str(_NUMBERS + copy * len(records) + number)
            anime["external_ids"] = {"mal": own, "anilist": own, "kitsu": own}
            anime["title"] = f"{anime['title']} {copy}"
            episodes = [
                one | {"id": str(derived_id("bench", copy, one["id"])), "anime_id": anime["id"]}
                for one in record["episodes"]
            ]
            yield {"anime": anime, "characters": [], "episodes": episodes}


async def _take_in(pool: asyncpg.Pool, records: list[AnimeRecord], at: datetime) -> None:
    events = [
        AnimeEnrichedEvent(
            event_id=derived_id("bench", one.anime.id),
            timestamp=at,
            anime_id=one.anime.id,
            anime=AnimeValues.model_construct(**one.anime.__dict__),
            episodes=one.episodes,
            observed_at=at,
        )
        for one in records
    ]
    for start in range(0, len(events), BATCH):
        outcomes = await apply(pool, ENRICHED.name, events[start : start + BATCH], enriched.apply)
        assert not any(outcomes), f"the catalogue was not taken in: {next(filter(None, outcomes))}"
