"""Workflows of the tests, and the ticks that NATS fires for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
from nats.aio.client import Client
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import AckPolicy, ConsumerConfig

from contracts import codec
from contracts.events import ScheduleTickEvent
from contracts.workflow import DAY_S, Due, EntityKind, Overlap, Policy, Workflow
from handlers.schedule.moves import Finish
from handlers.schedule.row import Row
from handlers.schedule.store import ScheduleStore
from handlers.schedule.tick import Decision, Run, Tick, tick_of
from streams.clock import SystemClock
from streams.topology import SCHEDULE

DAILY: Final = Workflow("daily", Policy(interval_s=DAY_S, catch_up_age_max_s=DAY_S), EntityKind.ANIME, "test")
SINGLE: Final = Workflow(
    "single", Policy(interval_s=None, overlap=Overlap.BUFFER_ONE, retries_max=2), EntityKind.ANIME, "test"
)
TABLE: Final = {"daily": DAILY, "single": SINGLE}


def consumer_of(workflow: str) -> str:
    return f"schedule-{workflow}"


def now() -> datetime:
    return SystemClock().now()


def soon(seconds: float) -> Due:
    return Due(now() + timedelta(seconds=seconds), "a test")


@dataclass(slots=True)
class Ticks:
    """Reads the fired ticks of every test workflow, and keeps what it read."""

    client: Client
    subscriptions: list[Any]
    seen: list[tuple[Tick, dict[str, str]]] = field(default_factory=list)

    @classmethod
    async def open(cls, client: Client) -> Ticks:
        jetstream = client.jetstream()
        for name in TABLE:
            config = ConsumerConfig(
                durable_name=consumer_of(name),
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=30,
                filter_subject=f"anime.schedule.due.{name}",
            )
            await jetstream.add_consumer(SCHEDULE.name, config=config)
        return cls(client, [await jetstream.pull_subscribe_bind(consumer_of(n), SCHEDULE.name) for n in TABLE])

    async def read(self, batch: int = 500) -> list[Tick]:
        """Whatever has fired by now, acknowledged; [] when nothing has."""
        found: list[Tick] = []
        for subscription in self.subscriptions:
            try:
                messages = await subscription.fetch(batch, timeout=0.1)
            except (NatsTimeoutError, TimeoutError):
                continue
            for message in messages:
                event = codec.decode(message.subject, message.data)
                assert isinstance(event, ScheduleTickEvent), event
                tick = tick_of(event, message.metadata.sequence.stream)
                self.seen.append((tick, dict(message.headers or {})))
                found.append(tick)
                await message.ack()
        return found

    async def some(self) -> bool:
        """Whether at least one tick came, now or before."""
        await self.read()
        return bool(self.seen)

    def entities(self) -> list[str]:
        return sorted(tick.entity_id for tick, _ in self.seen)


async def begin(
    pool: asyncpg.Pool, store: ScheduleStore, ticks: Sequence[Tick], at: datetime | None = None
) -> list[Decision]:
    async with pool.acquire() as connection, connection.transaction():
        return await store.begin(connection, ticks, at or now())


async def finish(
    pool: asyncpg.Pool, store: ScheduleStore, tick: Tick, next_due: Due | None, at: datetime | None = None
) -> bool:
    async with pool.acquire() as connection, connection.transaction():
        return (await store.finish(connection, [Finish(tick, "done", next_due)], at or now()))[0]


async def handle(pool: asyncpg.Pool, store: ScheduleStore, tick: Tick, next_due: Due | None = None) -> Decision:
    """Begin and, if it runs, finish."""
    (decision,) = await begin(pool, store, [tick])
    if isinstance(decision, Run):
        assert await finish(pool, store, tick, next_due)
    return decision


async def row(pool: asyncpg.Pool, entity_id: str, workflow: str = "single") -> Row:
    from handlers.schedule.reading import show

    (listed,) = await show(pool, entity_id, workflow)
    return listed.row


async def unsent(pool: asyncpg.Pool) -> int:
    return int(await pool.fetchval("SELECT count(*) FROM outbox WHERE processed_at IS NULL"))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]
