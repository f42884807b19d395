"""A world that goes sixty times as fast as ours, served on loopback, and a catalogue as of its beginning."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from contracts.ids import derived_id
from contracts.limits import SERVER_PAYLOAD_BYTES_MAX
from handlers.world.changes import Source
from handlers.world.desk import Desk
from handlers.world.running import serving
from streams.clock import WorldClock
from streams.embedded import NatsServer
from tests.integration.ingest.persisting import hand_in
from tests.integration.update.works import Process, process
from tests.servers import running_nats, temporary_home
from tests.unit.world.catalogue import ORIGIN, HandClock, catalogue, world

SPEED = 60.0
# Every running show has aired at least once since the records were written.
BEGIN = ORIGIN + timedelta(days=8, hours=12)


@pytest.fixture
def nats() -> Iterator[NatsServer]:
    """A NATS server of this test alone that takes what the program sends."""
    with temporary_home() as home, running_nats(home, payload_bytes_max=SERVER_PAYLOAD_BYTES_MAX) as server:
        yield server


@dataclass
class Place:
    """The servers, the world, and the processes that a test starts."""

    nats: NatsServer
    dsn: str
    desk: Desk
    clock: WorldClock
    world_url: str
    stack: AsyncExitStack
    processes: list[Process] = field(default_factory=list)

    async def start(self, **settings: Any) -> Process:
        """Another process; it ends with the test at the latest."""
        one = await self.stack.enter_async_context(process(self.nats.url, self.dsn, self.world_url, **settings))
        self.processes.append(one)
        return one

    def show(self, number: int) -> UUID:
        """The anime `Show <number>` of the catalogue."""
        return derived_id("test", number)

    def aired(self, anime_id: UUID, source: Source = Source.ANILIST, at: datetime | None = None) -> list[int]:
        """The numbers that a service lists as aired."""
        now = at or self.clock.now()
        shown = self.desk.world.anime_at(source, anime_id, now)
        assert shown is not None
        return sorted(one.episode_number for one in shown.episodes if one.aired and one.aired <= now)


@pytest.fixture
async def place(nats: NatsServer, database: str, pool: asyncpg.Pool) -> AsyncIterator[Place]:
    """The catalogue is in PostgreSQL; nothing runs yet."""
    await hand_in(pool, catalogue(), clock=HandClock(ORIGIN))
    await pool.execute("DELETE FROM outbox")
    clock = WorldClock(BEGIN, datetime.now(UTC), SPEED)
    desk = Desk(world(), clock)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(serving(desk))
        yield Place(nats, database, desk, clock, url, stack)
