"""The program's own graph with some of its roles, and short ways to what it holds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext

from contracts import codec
from contracts.events import DeadLetterEvent, Event
from streams import topology
from streams.compose import wire
from streams.database.pool import PoolLimits, open_pool
from streams.graph import Graph
from streams.provision import provision
from streams.settings import Settings
from streams.start import Servers
from tests.alerts import KeptAlerts
from tests.events import at
from tests.waiting import eventually

# Real redeliveries within a test's patience.
ACK_WAIT_S = 0.3
MAX_DELIVER = 2


@dataclass
class Parts:
    """What runs."""

    graph: Graph
    client: Client
    alerts: KeptAlerts = field(default_factory=KeptAlerts)

    @property
    def pool(self) -> asyncpg.Pool:
        return self.graph.runtime.pool

    @property
    def jetstream(self) -> JetStreamContext:
        return self.client.jetstream()

    async def publish(self, subject: str, item: Event | bytes, headers: Mapping[str, str] | None = None) -> int:
        """Its sequence in the stream."""
        data = item if isinstance(item, bytes) else codec.encode(item)
        return (await self.jetstream.publish(subject, data, headers=dict(headers or {}))).seq

    async def letter(self, subject: str, item: Event | bytes, sequence: int, /, **changes: Any) -> DeadLetterEvent:
        """Publish a dead letter, as a step does that gives a message up, and wait until it is a row."""
        payload = item if isinstance(item, bytes) else codec.encode(item)
        story = {"error_class": "Refused", "error": "no", "fingerprint": "f" * 16, "attempts": 5}
        story |= {"stream": "ANIME_EVENTS", "consumer": "postgres-update-consumer", "stream_sequence": sequence}
        story |= {"first_failed_at": at(1), "last_failed_at": at(2), "timestamp": at(2)}
        body = {"event_id": changes.pop("event_id"), "subject": subject, "payload": payload} | story | changes
        event = DeadLetterEvent.model_validate(body)
        await self.publish("anime.dlq.updated", event, {"Nats-Msg-Id": str(event.event_id)})
        await eventually(lambda: self.row(event.event_id))
        return event

    async def row(self, letter_id: Any) -> asyncpg.Record | None:
        return await self.pool.fetchrow("SELECT * FROM dead_letter WHERE id = $1", letter_id)

    async def rows(self) -> list[asyncpg.Record]:
        return list(await self.pool.fetch("SELECT * FROM dead_letter ORDER BY number"))

    async def wire_letters(self) -> int:
        """How many letters the stream holds."""
        return (await self.jetstream.stream_info(topology.DEAD_LETTERS.name)).state.messages

    async def advisories_are_settled(self) -> bool:
        info = await self.jetstream.consumer_info(topology.ADVISED.stream, topology.ADVISED.name)
        return info.delivered is not None and info.num_pending == 0 and info.num_ack_pending == 0

    async def die_on(self, consumer: topology.ConsumerSpec, wanted: int = 1) -> list[Msg]:
        """Take messages as a process does that dies each time before it settles them, until the server gives up."""
        subscription = await self.jetstream.pull_subscribe_bind(consumer.name, consumer.stream)
        taken: list[Msg] = []

        async def advised() -> bool:
            # The server looks at what it waits for only while somebody asks.
            with suppress(TimeoutError):
                taken.extend(await subscription.fetch(10, timeout=0.2))
            state = (await self.jetstream.stream_info(topology.ADVISORIES.name)).state
            return state.messages >= wanted

        await eventually(advised)
        return taken


@asynccontextmanager
async def running_parts(nats_url: str, dsn: str, client: Client, roles: str) -> AsyncIterator[Parts]:
    """The graph with `roles` inside the block."""
    settings = Settings(
        _env_file=None,
        NATS_URL=nats_url,
        POSTGRES_URL=dsn,
        ECHORA_ROLES=roles,
        ECHORA_ACK_WAIT_S=ACK_WAIT_S,
        ECHORA_MAX_DELIVER=MAX_DELIVER,
        RELAY_POLL_S=0.05,
    )
    graph = wire(settings, Servers(None, nats_url, dsn, ()))
    pool = await open_pool(dsn, PoolLimits(4))
    graph.runtime.hold(pool=pool)
    heard = KeptAlerts()
    graph.runtime.alerts = heard
    consumers = [settings.tuning.of(consumer) for consumer in topology.CONSUMERS]
    await provision(client.jetstream(), topology.STREAMS, consumers)
    await graph.broker.connect()
    await graph.broker.start()
    graph.relay.start()
    graph.letters.start()
    try:
        yield Parts(graph, client, heard)
    finally:
        graph.runtime.settler.stopping.set()
        await graph.letters.stop()
        await graph.pullers.stop()
        await graph.relay.stop()
        await graph.broker.stop()
        pool.terminate()
        graph.runtime.release()
