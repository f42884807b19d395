"""The run: take the catalogue in, let the world's days pass, bring everything to rest, judge.

The catalogue is taken in while the world's clock goes at our own speed, since embedding it takes half a minute. Then
the program is stopped and started on the fast clock: the world's own time does not jump.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import asyncpg
import httpx

from contracts.clock import Clock
from contracts.errors import Outage, Permanent
from handlers.verdict.report import Report
from handlers.world.world import World
from streams.clock import SystemClock
from streams.database.pool import PoolLimits, open_pool
from streams.demo.child import Child
from streams.demo.evidence import read_evidence
from streams.demo.folder import Plan, go_on, note_stop
from streams.demo.judging import Findings, judged
from streams.demo.kills import kill_times
from streams.demo.points import points_in, rows_as_points
from streams.demo.screen import Screen
from streams.demo.watch import Frame, Watch
from streams.embedded.sockets import socket_folder
from streams.world import WorldPlan, demo_records, remembered

LOOK_EVERY_S: Final = 0.5
IMPORT_S: Final = 600.0
# What was due before the end may still wait: late looks are spread over up to two days of the world's.
TAIL_S: Final = 300.0
REST_S: Final = 120.0
_CALM: Final = 3
# A slot is over when its look has ended, and those that were repeated.
_OPEN: Final = "SELECT count(*) FROM schedule WHERE slot_at <= $1 AND paused_at IS NULL"
_IMPORTED: Final = "SELECT coalesce((SELECT status = 'finished' FROM ingestion_runs ORDER BY id DESC LIMIT 1), false)"


@dataclass(slots=True)
class Demo:
    """One run in one folder."""

    home: Path
    plan: Plan
    screen: Screen
    clock: Clock = field(default_factory=SystemClock)
    child: Child = field(init=False)
    _kills: list[datetime] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.child = Child(self.home)

    async def run(self, *, resume: bool) -> Report:
        """All of it. Raises Permanent when the program does not start, Outage when it does not come to rest."""
        async with httpx.AsyncClient(base_url=self.child.url, timeout=10, trust_env=False) as client:
            watch = Watch(client)
            try:
                if resume:
                    go_on(self.home, self.clock.now())
                else:
                    await self._take_in(client, watch)
                findings = await self._watched(client, watch, resume=resume)
            finally:
                await self.child.stop()
                note_stop(self.home, self.clock.now())
        points = await points_in(self.home / "index")
        return await asyncio.to_thread(judged, findings, points, self.plan)

    # --- the phases -------------------------------------------------------------------------------------------

    async def _take_in(self, client: httpx.AsyncClient, watch: Watch) -> None:
        self.screen.show(Frame("starting servers and the program", None, 0.0), watch)
        await self.child.start(self._settings(speed=1.0))
        await self.child.ready(client)
        await self._until_quiet(watch, "taking in and embedding the catalogue", IMPORT_S, imported=True)
        await self.child.stop()
        watch.tally.died()

    async def _watched(self, client: httpx.AsyncClient, watch: Watch, *, resume: bool) -> Findings:
        await self.child.start(self._settings(self.plan.speed))
        await self.child.ready(client)
        world = remembered(self.home / "world.json", self.plan.seed, self.plan.speed, self.clock)
        end = world.begun + timedelta(days=self.plan.days)
        self._kills = kill_times(self.plan.kills, self.plan.seed, world.begun, timedelta(days=self.plan.days))
        if resume:
            # A run that was left at its end has paused everything, and kills that are over are not made up for.
            await self._all_workflows(client, "resume")
            self._kills = [at for at in self._kills if at > world.clock().now()]
        await self._days(client, watch, world, end)
        await self._tail(client, watch, world, end)
        await self._all_workflows(client, "pause", reason="the demo is over")
        await self._until_quiet(watch, "coming to rest", REST_S, world=world)
        return await self._read(client, watch, world, end)

    async def _days(self, client: httpx.AsyncClient, watch: Watch, world: WorldPlan, end: datetime) -> None:
        calendar = world.clock()
        while (now := calendar.now()) < end:
            if not self.child.is_running:
                raise Permanent(f"the program ended by itself; {self.child.log} says:\n{self.child.last_words()}")
            await self._kill_when_due(client, watch, now, self._frame("watching", world, end))
            await watch.look()
            self.screen.show(self._frame("watching", world, end), watch)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _kill_when_due(self, client: httpx.AsyncClient, watch: Watch, now: datetime, frame: Frame) -> None:
        if not self._kills or now < self._kills[0]:
            return
        self._kills.pop(0)
        await self.child.kill()
        watch.tally.died()
        self.screen.show(Frame("killed with -9, starting again", now, frame.share, self.child.kills), watch)
        await self.child.start(self._settings(self.plan.speed))
        await self.child.ready(client)

    async def _tail(self, client: httpx.AsyncClient, watch: Watch, world: WorldPlan, end: datetime) -> None:
        """Wait for the looks that were due before the end."""
        try:
            async with asyncio.timeout(TAIL_S), self._pool() as pool:
                while left := await pool.fetchval(_OPEN, end):
                    await watch.look()
                    self.screen.show(self._frame(f"waiting for {left} looks that were due", world, end), watch)
                    await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError:
            raise Outage("the program", f"it did not look at everything that was due; see {self.child.log}") from None

    async def _all_workflows(self, client: httpx.AsyncClient, act: str, **wish: str) -> None:
        activity = (await client.get("/activity")).raise_for_status().json()
        for one in activity["workflows"]:
            (await client.post(f"/schedules/{one['name']}/{act}", json=wish)).raise_for_status()

    async def _until_quiet(
        self,
        watch: Watch,
        phase: str,
        timeout_s: float,
        *,
        imported: bool = False,
        world: WorldPlan | None = None,
    ) -> None:
        """Wait until nothing is on its way, several looks long: between outbox and stream a message is in neither."""
        calm = 0
        try:
            async with asyncio.timeout(timeout_s), self._pool() as pool:
                while calm < _CALM:
                    await watch.look()
                    now = world.clock().now() if world else None
                    self.screen.show(Frame(phase, now, 1.0 if world else 0.0, self.child.kills), watch)
                    is_calm = watch.is_at_rest and (not imported or await pool.fetchval(_IMPORTED))
                    calm = calm + 1 if is_calm else 0
                    await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError:
            raise Outage(
                "the program", f"it did not finish {phase} within {timeout_s:g} s; see {self.child.log}"
            ) from None

    async def _read(self, client: httpx.AsyncClient, watch: Watch, world: WorldPlan, end: datetime) -> Findings:
        async with self._pool() as pool, httpx.AsyncClient(timeout=60, trust_env=False) as outside:
            window = {"from": world.begun.isoformat(), "to": world.clock().now().isoformat()}
            truth = (await outside.get(f"{watch.world_url}/truth", params=window)).raise_for_status().json()
            records = World(demo_records(), seed=world.seed, origin=world.begun).records
            evidence = await read_evidence(pool, records)
            model = str(watch.status["index"]["model"])
            rows = await rows_as_points(pool, model, world.clock().now())
        return Findings(world, end, truth["changes"], evidence, rows)

    # --- what all of them use ---------------------------------------------------------------------------------

    def _frame(self, phase: str, world: WorldPlan, end: datetime) -> Frame:
        now = world.clock().now()
        share = min(1.0, (now - world.begun) / (end - world.begun))
        return Frame(phase, now, share, self.child.kills, self.plan.speed)

    def _settings(self, speed: float) -> dict[str, str]:
        return {"ECHORA_SOURCES": "world", "WORLD_SEED": str(self.plan.seed), "WORLD_SPEED": f"{speed:g}"}

    @asynccontextmanager
    async def _pool(self) -> AsyncIterator[asyncpg.Pool]:
        pool = await open_pool(f"postgresql://echora@/postgres?host={socket_folder(self.home)}", PoolLimits(4))
        try:
            yield pool
        finally:
            pool.terminate()
