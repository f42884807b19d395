"""letters: what the server gave up without us becomes dead letters, with the original bytes.

The advisory is acknowledged after the letter is confirmed, and the letter carries the id that the settling place would
have given it, so nothing vanishes between the two and nothing comes twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Final

import structlog
from faststream import Context
from faststream.nats.message import NatsBatchMessage
from nats.aio.client import Client

from contracts import codec
from contracts.advisories import AdvisoryEvent
from contracts.codec import PoisonMessage
from contracts.errors import EchoraError
from contracts.events import DeadLetterEvent, Event
from handlers.dead_letters import Stored, abandoned, has_letter, story_of, took_effect
from handlers.postgres import ERRORS as POSTGRES_ERRORS
from streams import topology
from streams.broker import Pullers, connection
from streams.delivery.metrics import DEAD_LETTERS
from streams.delivery.settle import letter_of
from streams.persist import tell_refused
from streams.runtime import Runtime
from streams.stored import read_stored

Batch = Annotated[NatsBatchMessage, Context("message")]
BATCH_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Rescue:
    """Writes the letter of each message that an advisory names."""

    runtime: Runtime
    client: Callable[[], Client]

    async def __call__(self, events: Sequence[Event]) -> list[EchoraError | None]:
        """The step. Raises Outage, and then everything is looked at again."""
        for event in events:
            assert isinstance(event, AdvisoryEvent)
            await self._rescue(event)
        return [None] * len(events)

    async def _rescue(self, advisory: AdvisoryEvent) -> None:
        log = structlog.get_logger(topology.ADVISED.name)
        consumer = topology.CONSUMER_OF.get((advisory.stream, advisory.consumer))
        if consumer is None:
            log.info("a consumer that is not ours gave a message up", stream=advisory.stream, name=advisory.consumer)
            return
        pool, now = self.runtime.pool, self.runtime.clock.now()
        stored = await read_stored(self.client, advisory.stream, advisory.stream_sequence)
        if await has_letter(pool, advisory, stored):
            return
        if stored is not None and await took_effect(pool, consumer.name, stored):
            log.info("given up by the server, but it took effect", sequence=advisory.stream_sequence)
            return
        letter = abandoned(advisory, stored, await story_of(pool, advisory), now)
        await self.runtime.settler.publisher.publish(letter_of(consumer, letter))
        self._tell(consumer, letter)
        if stored is not None and consumer is topology.ENRICHED:
            await self._refuse(stored, letter)
        await self.runtime.settler.forget(consumer, [advisory.stream_sequence])

    async def _refuse(self, stored: Stored, letter: DeadLetterEvent) -> None:
        event = codec.decode(stored.subject, stored.payload)
        if isinstance(event, Event):
            with suppress(*POSTGRES_ERRORS):
                await tell_refused(self.runtime, [(event, letter.error)])

    def _tell(self, consumer: topology.ConsumerSpec, letter: DeadLetterEvent) -> None:
        DEAD_LETTERS.labels(consumer.name, letter.error_class).inc()
        structlog.get_logger(consumer.name).error(
            "dead letter",
            subject=letter.subject,
            error=letter.error[:500],
            attempts=letter.attempts,
            group=letter.fingerprint,
        )


def subscribe(pullers: Pullers, runtime: Runtime) -> None:
    """Declare the subscriber of this step."""
    rescue = Rescue(runtime, lambda: connection(pullers.broker))

    @pullers.subscriber(topology.ADVISED, BATCH_MAX)
    async def rescue_abandoned(events: list[AdvisoryEvent | PoisonMessage], message: Batch) -> None:
        """What the server gave up."""
        await runtime.settler.deliver(topology.ADVISED, message.raw_message, events, rescue)
