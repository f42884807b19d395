"""persist: anime.enriched, anime.updated, anime.episode.aired and character.updated become rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import asyncpg
from faststream import Context
from faststream.nats.message import NatsBatchMessage

from contracts.codec import PoisonMessage
from contracts.events import AnimeEnrichedEvent, AnimeUpdatedEvent, CharacterUpdatedEvent, EpisodeAiredEvent, Event
from handlers.persist import aired, apply, enriched, updated
from handlers.persist.batch import Outcome, Step
from handlers.postgres import ACQUIRE_TIMEOUT_S
from streams import topology
from streams.broker import Pullers
from streams.delivery.settle import Step as Delivered
from streams.runtime import Runtime

Batch = Annotated[NatsBatchMessage, Context("message")]


def subscribe(pullers: Pullers, runtime: Runtime) -> None:
    """Declare the subscribers of this step."""
    many, whole = runtime.settings.persist_batch, runtime.settings.enriched_batch

    @pullers.subscriber(topology.ENRICHED, whole)
    async def persist_enriched(events: list[AnimeEnrichedEvent | PoisonMessage], message: Batch) -> None:
        """Whole records."""
        step = _in_one_transaction(runtime, topology.ENRICHED, enriched.apply)
        await runtime.settler.deliver(
            topology.ENRICHED, message.raw_message, events, step, lambda refused: tell_refused(runtime, refused)
        )

    @pullers.subscriber(topology.UPDATED, many)
    async def persist_updated(events: list[AnimeUpdatedEvent | PoisonMessage], message: Batch) -> None:
        """Changed fields of anime."""
        step = _in_one_transaction(runtime, topology.UPDATED, updated.apply_anime)
        await runtime.settler.deliver(topology.UPDATED, message.raw_message, events, step)

    @pullers.subscriber(topology.AIRED, many)
    async def persist_aired(events: list[EpisodeAiredEvent | PoisonMessage], message: Batch) -> None:
        """Episodes that aired."""
        step = _in_one_transaction(runtime, topology.AIRED, aired.apply)
        await runtime.settler.deliver(topology.AIRED, message.raw_message, events, step)

    @pullers.subscriber(topology.CHARACTER_UPDATED, many)
    async def persist_character(events: list[CharacterUpdatedEvent | PoisonMessage], message: Batch) -> None:
        """Changed fields of characters."""
        step = _in_one_transaction(runtime, topology.CHARACTER_UPDATED, updated.apply_characters)
        await runtime.settler.deliver(topology.CHARACTER_UPDATED, message.raw_message, events, step)


def _in_one_transaction(runtime: Runtime, consumer: topology.ConsumerSpec, step: Step) -> Delivered:
    async def run(events: Sequence[Event]) -> list[Outcome]:
        return await apply(runtime.pool, consumer.name, events, step)

    return run


async def tell_refused(runtime: Runtime, refused: Sequence[tuple[Event, str]]) -> None:
    """Whoever waits for the verdict of these records hears that they are refused, and why."""
    pool: asyncpg.Pool = runtime.pool
    async with pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection:
        await enriched.record_refusals(connection, {event.event_id: reason for event, reason in refused})
