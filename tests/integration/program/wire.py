"""Looking behind the program: its streams and its rows, as an operator with the servers' own tools would."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import nats
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from contracts import codec
from contracts.events import DeadLetterEvent, Event
from contracts.subjects import DEAD_LETTERS
from streams import topology
from tests.integration.program.running import Program


@dataclass(frozen=True, slots=True)
class Wire:
    """Connections to the servers of a running program."""

    client: Client
    rows: asyncpg.Connection

    @property
    def jetstream(self) -> JetStreamContext:
        return self.client.jetstream(timeout=10)

    async def send(self, subject: str, *events: Event) -> None:
        """Publish these events as any other program would."""
        for event in events:
            headers = {"Nats-Msg-Id": str(event.event_id), "content-type": codec.CONTENT_TYPE}
            await self.jetstream.publish(subject, codec.encode(event), stream=topology.EVENTS.name, headers=headers)

    async def send_bytes(self, subject: str, data: bytes, stream: str = topology.EVENTS.name) -> int:
        """Publish bytes; their sequence in the stream."""
        return (await self.jetstream.publish(subject, data, stream=stream)).seq

    async def dead_letters(self) -> list[DeadLetterEvent]:
        """Every dead letter there is."""
        state = (await self.jetstream.stream_info(topology.DEAD_LETTERS.name)).state
        found: list[DeadLetterEvent] = []
        for sequence in range(max(1, state.first_seq), state.last_seq + 1):
            try:
                message = await self.jetstream.get_msg(topology.DEAD_LETTERS.name, sequence)
            except NotFoundError:
                continue
            assert message.subject is not None
            assert message.subject.startswith(DEAD_LETTERS)
            letter = codec.decode(message.subject, message.data or b"")
            assert isinstance(letter, DeadLetterEvent), letter
            found.append(letter)
        return found

    async def events_about(self, subject: str, anime_id: UUID) -> list[Event]:
        """The events of that subject about that anime, in their order."""
        config = ConsumerConfig(deliver_policy=DeliverPolicy.ALL, ack_policy=AckPolicy.NONE)
        subscription = await self.jetstream.pull_subscribe(subject, stream=topology.EVENTS.name, config=config)
        left = (await subscription.consumer_info()).num_pending or 0
        found: list[Event] = []
        while left > 0:
            for message in await subscription.fetch(min(left, 100), timeout=10):
                left -= 1
                event = codec.decode(subject, message.data)
                if isinstance(event, Event) and getattr(event, "anime_id", None) == anime_id:
                    found.append(event)
        await subscription.unsubscribe()
        return found


@asynccontextmanager
async def wire(program: Program) -> AsyncIterator[Wire]:
    """Connected to the servers of that program."""
    client = await nats.connect(program.nats_url, connect_timeout=10, allow_reconnect=False)
    try:
        rows = await asyncpg.connect(program.postgres_url, timeout=10)
        try:
            yield Wire(client, rows)
        finally:
            await rows.close(timeout=5)
    finally:
        await client.close()
