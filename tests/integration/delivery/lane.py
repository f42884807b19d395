"""A stream, a consumer and a dead-letter stream of one test alone, on a shared server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import ConsumerInfo

from contracts import codec
from contracts.codec import PoisonMessage
from contracts.events import AnimeUpdatedEvent, DeadLetterEvent, Event
from streams.clock import SystemClock
from streams.delivery.failures import Failures
from streams.delivery.publish import Publisher
from streams.delivery.pull import Puller
from streams.delivery.settle import Settler, Step
from streams.provision import provision
from streams.topology import ConsumerSpec, StreamSpec

_NUMBERS = count(1)


@dataclass
class CountedInMemory:
    """The failure counter without a database."""

    stories: dict[int, Failures] = field(default_factory=dict)

    async def add(self, stream: str, consumer: str, errors: Mapping[int, str], now: datetime) -> dict[int, Failures]:
        for sequence in errors:
            story = self.stories.get(sequence, Failures(0, now))
            self.stories[sequence] = Failures(story.count + 1, story.first_failed_at)
        return {sequence: self.stories[sequence] for sequence in errors}

    async def forget(self, stream: str, consumer: str, sequences: Sequence[int]) -> None:
        for sequence in sequences:
            self.stories.pop(sequence, None)

    async def forget_stream(self, stream: str) -> None:
        self.stories.clear()


@dataclass
class Lane:
    """Where a test publishes, what consumes it, and where its dead letters go."""

    client: Client
    stream: StreamSpec
    letters_stream: StreamSpec
    consumer: ConsumerSpec
    failures: CountedInMemory = field(default_factory=CountedInMemory)

    @property
    def jetstream(self) -> JetStreamContext:
        return self.client.jetstream()

    def settler(self, publisher: Publisher | None = None) -> Settler:
        own = publisher or Publisher(lambda: self.client)
        return Settler(own, self.failures, SystemClock(), lambda: 0.0)

    def puller(self, settler: Settler, step: Step, batch_max: int = 20) -> Puller:
        """Pulls, decodes item by item and delivers, as a subscriber of the program does."""

        async def handle(raw: list[Msg]) -> None:
            events = [codec.decode_as(AnimeUpdatedEvent, message.subject, message.data) for message in raw]
            await settler.deliver(self.consumer, raw, events, step)

        return Puller(lambda: self.client, self.consumer, batch_max, handle, SystemClock())

    async def publish(self, *items: Event | bytes, headers: dict[str, str] | None = None) -> list[int]:
        """The stream sequences of what was published."""
        sequences = []
        for item in items:
            data = item if isinstance(item, bytes) else codec.encode(item)
            ack = await self.jetstream.publish(self.stream.subjects[0], data, headers=headers)
            sequences.append(ack.seq)
        return sequences

    async def info(self) -> ConsumerInfo:
        return await self.jetstream.consumer_info(self.stream.name, self.consumer.name)

    async def is_settled(self) -> bool:
        """Whether every message was delivered and acknowledged."""
        info = await self.info()
        return info.num_pending == 0 and info.num_ack_pending == 0

    async def letters(self) -> list[DeadLetterEvent]:
        """Every dead letter so far."""
        state = (await self.jetstream.stream_info(self.letters_stream.name)).state
        found: list[DeadLetterEvent] = []
        for sequence in range(max(1, state.first_seq), state.last_seq + 1):
            raw = await self.jetstream.get_msg(self.letters_stream.name, sequence)
            assert raw.data is not None
            letter = codec.decode_as(DeadLetterEvent, "letter", raw.data)
            assert not isinstance(letter, PoisonMessage), letter.reason
            assert isinstance(letter, DeadLetterEvent)
            assert raw.headers
            assert raw.headers["Nats-Msg-Id"] == str(letter.event_id)
            found.append(letter)
        return found


async def open_lane(client: Client, *, ack_wait_s: float = 30, message_bytes_max: int = 1_100_000) -> Lane:
    """Provision streams and a consumer under names that nobody else uses."""
    number = next(_NUMBERS)
    stream = StreamSpec(f"LANE_{number}", (f"lane{number}.events",), 3_600, message_bytes_max)
    letters = StreamSpec(f"LANE_{number}_DLQ", (f"lane{number}.dlq",), 3_600, -1)
    consumer = ConsumerSpec(
        f"lane-{number}", stream.name, stream.subjects, ack_wait_s, letters.subjects[0], "a consumer under test"
    )
    await provision(client.jetstream(), (stream, letters), (consumer,))
    return Lane(client, stream, letters, consumer)
