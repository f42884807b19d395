"""The letter of a message that the server gave up, which no code of ours has seen die."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from contracts import codec
from contracts.advisories import AdvisoryEvent
from contracts.codec import PoisonMessage
from contracts.errors import Abandoned
from contracts.events import DeadLetterEvent
from handlers.dead_letters.letter import LACKS, Delivery, dead_letter, letter_id
from handlers.dead_letters.sql import query
from handlers.postgres import outage


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as its stream holds it."""

    subject: str
    payload: bytes
    headers: Mapping[str, str]
    stored_at: datetime


@dataclass(frozen=True, slots=True)
class Story:
    """What our own count knows of a message: how often it failed, how last, and since when."""

    failures: int
    error: str
    first_failed_at: datetime


def abandoned(advisory: AdvisoryEvent, stored: Stored | None, story: Story | None, now: datetime) -> DeadLetterEvent:
    """The letter of the message that an advisory names; without the message, one that says what is missing."""
    error = Abandoned(_words(advisory, story))
    if stored is None or stored.stored_at > advisory.timestamp:
        # What stands at this sequence now was stored after the server spoke: the stream was made anew.
        gone = Stored("unknown", b"", {LACKS: "everything: it had left its stream"}, advisory.timestamp)
        return dead_letter(_delivery(advisory, gone, story), error, now)
    return dead_letter(_delivery(advisory, stored, story), error, now)


async def has_letter(pool: asyncpg.Pool, advisory: AdvisoryEvent, stored: Stored | None) -> bool:
    """Whether the message has its letter already; beyond the stream's own memory of ids, this is what knows."""
    place = (advisory.stream, advisory.stream_sequence, advisory.consumer)
    with outage():
        if stored is None:
            return bool(await pool.fetchval(query("known_by_sequence"), *place))
        own = letter_id(advisory.stream, advisory.consumer, advisory.stream_sequence, stored.stored_at)
        return bool(await pool.fetch(query("known"), [own]))


async def took_effect(pool: asyncpg.Pool, consumer: str, stored: Stored) -> bool:
    """Whether the effect of the message was committed after all, so that only its acknowledgement was lost."""
    event = codec.decode(stored.subject, stored.payload)
    if isinstance(event, PoisonMessage):
        return False
    event_id: UUID = event.event_id
    with outage():
        return bool(await pool.fetchval(query("took_effect"), consumer, event_id))


async def story_of(pool: asyncpg.Pool, advisory: AdvisoryEvent) -> Story | None:
    """What our own count knows of the message."""
    with outage():
        row = await pool.fetchrow(query("story"), advisory.stream, advisory.consumer, advisory.stream_sequence)
    return Story(**row) if row else None


def _words(advisory: AdvisoryEvent, story: Story | None) -> str:
    if advisory.kind == "terminated":
        said = f": {advisory.reason}" if advisory.reason else ""
        return f"a client of {advisory.consumer} terminated it{said}"
    last = f"; the last failure that was counted: {story.error}" if story else ""
    return (
        f"{advisory.consumer} was given it {advisory.deliveries} times and never settled it: whoever took it died, "
        f"hung or was stopped{last}"
    )


def _delivery(advisory: AdvisoryEvent, stored: Stored, story: Story | None) -> Delivery:
    return Delivery(
        advisory.stream,
        advisory.consumer,
        advisory.stream_sequence,
        stored.subject,
        stored.payload,
        stored.headers,
        advisory.deliveries,
        story.first_failed_at if story else stored.stored_at,
        stored.stored_at,
    )
