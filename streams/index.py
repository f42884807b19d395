"""index: what was committed reaches the vector index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from faststream import Context
from faststream.nats.message import NatsBatchMessage

from contracts.codec import PoisonMessage
from contracts.events import (
    AnimeCreatedEvent,
    AnimeDeletedEvent,
    AnimeSyncedEvent,
    CharacterSyncedEvent,
    EpisodeSyncedEvent,
    Event,
)
from handlers.index.follow import Outcome, follow
from streams import topology
from streams.broker import Pullers
from streams.runtime import Runtime

Committed = AnimeCreatedEvent | AnimeSyncedEvent | AnimeDeletedEvent | CharacterSyncedEvent | EpisodeSyncedEvent
Batch = Annotated[NatsBatchMessage, Context("message")]


def subscribe(pullers: Pullers, runtime: Runtime) -> None:
    """Declare the subscriber of this step."""

    @pullers.subscriber(topology.INDEX, runtime.settings.index_batch)
    async def follow_committed(events: list[Committed | PoisonMessage], message: Batch) -> None:
        """Points follow their committed rows."""

        async def step(committed: Sequence[Event]) -> list[Outcome]:
            return await follow(runtime.follower, committed, runtime.calendar.now())

        await runtime.settler.deliver(topology.INDEX, message.raw_message, events, step)
