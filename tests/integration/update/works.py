"""Processes that look: the program's own graph on real servers, against a world that is served on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

import asyncpg
from nats.aio.client import Client
from nats.errors import ConnectionClosedError

from contracts import codec
from contracts.events import AnimeUpdatedEvent, CharacterUpdatedEvent, EpisodeAiredEvent, ScheduleTickEvent
from contracts.workflow import Due
from handlers.schedule.reading import show
from handlers.schedule.row import Row
from handlers.schedule.timer import timer_of
from handlers.update.airtime import ANNOUNCED
from handlers.update.events import Cause, anime_events, episode_events
from handlers.update.look import Flow, Found
from streams import topology
from streams.broker import connection
from streams.compose import wire
from streams.graph import Graph
from streams.looks import Looks, Outcome
from streams.settings import Settings
from streams.start import Servers, running
from streams.tasks import end_tasks
from streams.timekeeping import Timekeeping
from tests.alerts import KeptAlerts
from tests.waiting import eventually

TRACKING: Final = "episode_air_tracking"
_OUTBOX: Final = "SELECT * FROM outbox WHERE payload IS NOT NULL AND entity_type IN ('anime', 'character') ORDER BY id"
_UNDONE: Final = """
    SELECT count(*) FROM outbox AS o
    WHERE processed_at IS NULL OR (
        payload IS NOT NULL AND entity_type IN ('anime', 'character')
        AND NOT EXISTS (SELECT FROM inbox AS i WHERE i.event_id = o.event_id))"""
Told = AnimeUpdatedEvent | CharacterUpdatedEvent | EpisodeAiredEvent


@dataclass(slots=True)
class Halting(Looks):
    """Looks of a process that comes to a certain point and no further, as one that is killed there.

    `at` is `begun` (before any work), `found` (before the looks end) or `ended` (before their ticks are acknowledged);
    the first `let_pass` looks go through.
    """

    at: str = ""
    let_pass: int = 0
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    found: list[Found] = field(default_factory=list)

    async def take(self, flow: Flow, ticks: Sequence[tuple[ScheduleTickEvent, int]]) -> list[Outcome]:
        """Handle the ticks, and never come back."""
        outcomes = await super(Halting, self).take(flow, ticks)
        if self.at == "ended":
            await self._halt()
        return outcomes

    async def _unless_stopped(self, flow: Flow, looks: Any) -> list[Found]:
        if self.at == "begun":
            await self._halt()
        return await super(Halting, self)._unless_stopped(flow, looks)

    async def _end(self, flow: Flow, found: Any, policies: Any) -> None:
        if self.at == "found" and self.let_pass <= 0:
            self.found = [one for _, one in found]
            await self._halt()
        self.let_pass -= 1
        await super(Halting, self)._end(flow, found, policies)

    async def _halt(self) -> None:
        self.reached.set()
        await self.released.wait()


@dataclass
class Process:
    """One process. Its loops run; the timekeeping is made to pass by the test, or started."""

    graph: Graph
    alerts: KeptAlerts
    timekeeping: Timekeeping

    @property
    def looks(self) -> Looks:
        return self.graph.runtime.looks

    @property
    def pool(self) -> asyncpg.Pool:
        return self.graph.runtime.pool

    @property
    def client(self) -> Client:
        return connection(self.graph.broker)

    def now(self) -> datetime:
        return self.looks.calendar.now()

    def halt_at(self, at: str, let_pass: int = 0) -> Halting:
        """From now on looks go so far and no further."""
        known = {one.name: getattr(self.looks, one.name) for one in fields(Looks)}
        halting = Halting(**known, at=at, let_pass=let_pass)
        self.graph.runtime.hold_looks(halting)
        return halting

    async def kill(self) -> None:
        """End as a killed process does: nothing is handed back, acknowledged or flushed."""
        await self.timekeeping.stop()
        pullers = list(self.graph.pullers.by_consumer.values())
        # What a batch in hand has begun, as its heartbeat, ends with its pull loop; nobody starts that again.
        mine = {one._task for one in pullers if one._task is not None} | {self.graph.relay._task}
        self.graph.relay._task = None
        for one in pullers:
            one._task = None
        await end_tasks(*mine)
        await self.client.close()

    async def stop(self) -> None:
        """End as a process does that is told to."""
        self.graph.runtime.settler.stopping.set()
        await self.timekeeping.stop()
        await self.graph.pullers.stop()
        await self.graph.relay.stop()
        await self.graph.broker.stop()

    async def plan(self, entity: UUID | str, workflow: str = TRACKING, due: Due | None = None) -> Row:
        """Have an entity looked at now, or when `due` says; the row afterwards."""
        wanted = due or Due(self.now(), ANNOUNCED)
        assert await self.looks.plan(workflow, {str(entity): wanted}) == 1
        return await self.row(entity, workflow)

    async def row(self, entity: UUID | str, workflow: str = TRACKING) -> Row:
        (listed,) = await show(self.pool, str(entity), workflow)
        return listed.row

    async def ended(self, entity: UUID | str, workflow: str = TRACKING) -> Row | None:
        """The row, once a look has ended."""
        found = await show(self.pool, str(entity), workflow)
        return found[0].row if found and found[0].row.last_run_at is not None else None

    async def tick(self, row: Row) -> ScheduleTickEvent:
        """The tick of this plan of the row, as its timer carries it."""
        timer = timer_of(row, self.looks.store.policy(row), self.now(), lambda instant: instant)
        event = codec.decode(timer.headers["Nats-Schedule-Target"], timer.payload)
        assert isinstance(event, ScheduleTickEvent)
        return event

    async def send_tick(self, row: Row) -> None:
        """A tick of this plan of the row, under a message of its own: as one that was fired twice, or long ago."""
        subject = topology.DUE[row.workflow].subjects[0]
        await self.client.jetstream().publish(subject, codec.encode(await self.tick(row)))

    async def told(self) -> list[Told]:
        """The events of looks, as they are in the outbox."""
        events = [codec.decode(row["subject"], row["payload"]) for row in await self.pool.fetch(_OUTBOX)]
        return [one for one in events if isinstance(one, AnimeUpdatedEvent | CharacterUpdatedEvent | EpisodeAiredEvent)]

    async def is_idle(self, workflow: str = TRACKING) -> bool:
        """Whether every tick of a workflow has been settled, and everything that was queued was sent and persisted."""
        waiting = await self.looks.timers.waiting_ticks(workflow)
        return waiting == 0 and await self.pool.fetchval(_UNDONE) == 0


def expected_ids(found: Sequence[Found], now: datetime) -> set[UUID]:
    """The ids of the events that would tell what these looks found."""
    ids: set[UUID] = set()
    for one in found:
        cause = Cause(one.look.tick_id, now, one.look.tick_id)
        for part in one.parts:
            ids |= {e.event_id for e in anime_events(part.entity_id, part.base_version, part.changes, cause)}
            ids |= {e.event_id for e in episode_events(part.entity_id, part.episodes, cause)}
    return ids


class Starts(Protocol):
    """Whatever starts processes."""

    async def start(self, **settings: Any) -> Process: ...


@asynccontextmanager
async def process(nats_url: str, dsn: str, world_url: str, **settings: Any) -> AsyncIterator[Process]:
    """A process with the roles `update`, `persist` and `relay`, opened as the program opens them."""
    wanted: dict[str, Any] = {
        "NATS_URL": nats_url,
        "POSTGRES_URL": dsn,
        "ECHORA_ROLES": "update,persist,relay",
        "ECHORA_SOURCES": "world",
        "WORLD_URL": world_url,
        "ECHORA_ACK_WAIT_S": 1.0,
        "RELAY_POLL_S": 0.05,
    } | settings
    graph = wire(Settings(_env_file=None, **wanted), Servers(None, nats_url, dsn, ()))
    alerts = KeptAlerts()
    graph.runtime.alerts = alerts
    # One that was killed has no connection left to close.
    with suppress(ConnectionClosedError):
        async with running(graph.servers, graph.broker, graph.runtime):
            await graph.broker.start()
            graph.relay.start()
            one = Process(graph, alerts, Timekeeping(graph.runtime, graph.pullers))
            try:
                yield one
            finally:
                if not graph.runtime.settler.stopping.is_set() and not one.client.is_closed:
                    await one.stop()


async def held(one: Process) -> set[str]:
    """The subjects of the timers that NATS holds."""
    return set(await one.looks.timers.held())


async def settled(one: Process, workflow: str = TRACKING) -> None:
    """Wait until nothing is under way."""
    await eventually(lambda: one.is_idle(workflow), within_s=30)


async def quiet(place: Starts) -> Process:
    """A process that sends and takes no messages: what is planned stays as it is planned, and every timer is due."""
    one = await place.start(TIMER_HORIZON_H=24 * 30)
    await one.graph.pullers.stop()
    await one.graph.relay.stop()
    return one
