"""One batch, one transaction; and what happens when the database refuses something in it.

The events of a batch are claimed in the inbox first, so an effect takes place once per event id whatever is delivered
twice or to two replicas at once. A batch that the database refuses is halved until the one guilty event stands alone:
the rest commits, and only that one is given up.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import asyncpg

from contracts.errors import Awaited, EchoraError, Outage, Permanent
from contracts.events import Event
from handlers.persist.sql import query
from handlers.postgres import ACQUIRE_TIMEOUT_S, RACES, Connection, is_refused, sqlstate

Outcome = EchoraError | None
"""What became of one event: None when its effect is committed, else why not."""

Step = Callable[[Connection, Sequence[Event]], Awaitable[list[Outcome]]]
"""Apply events that are new to the inbox, inside the running transaction; one outcome per event."""

CONFLICT_RETRIES_MAX: Final = 3


async def apply(pool: asyncpg.Pool, consumer: str, events: Sequence[Event], step: Step) -> list[Outcome]:
    """Apply a batch and say what became of each event, in their order.

    Raises Outage when PostgreSQL is away, or when others hold the rows for so long that the batch cannot get through:
    that is no fault of any event either.
    """
    for attempt in range(1, CONFLICT_RETRIES_MAX + 1):
        try:
            async with pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection, connection.transaction():
                return await _claim_and_apply(connection, consumer, events, step)
        except Exception as error:
            is_race = sqlstate(error) in RACES and attempt < CONFLICT_RETRIES_MAX
            if is_refused(error) and not is_race:
                return await _isolate(pool, consumer, events, step, error)
    raise Outage("PostgreSQL", f"other transactions held the rows of {consumer} {CONFLICT_RETRIES_MAX} times")


async def _isolate(
    pool: asyncpg.Pool, consumer: str, events: Sequence[Event], step: Step, error: Exception
) -> list[Outcome]:
    if len(events) == 1:
        return [Permanent(f"PostgreSQL refuses {type(events[0]).__name__} {events[0].event_id}: {error}")]
    middle = len(events) // 2
    first = await apply(pool, consumer, events[:middle], step)
    return first + await apply(pool, consumer, events[middle:], step)


async def _claim_and_apply(connection: Connection, consumer: str, events: Sequence[Event], step: Step) -> list[Outcome]:
    claimed = await connection.fetch(query("claim_events"), consumer, [event.event_id for event in events])
    waiting = {row["event_id"] for row in claimed}
    fresh: list[Event] = []
    for event in events:
        if event.event_id in waiting:
            waiting.discard(event.event_id)  # The same event twice in one batch counts once.
            fresh.append(event)
    outcomes = await step(connection, fresh) if fresh else []
    by_event = {event.event_id: outcome for event, outcome in zip(fresh, outcomes, strict=True)}
    without_effect = [event_id for event_id, outcome in by_event.items() if outcome is not None]
    if without_effect:
        await connection.execute(query("unclaim_events"), consumer, without_effect)
    return [by_event.get(event.event_id) for event in events]


def awaited(event: Event, what: str) -> Awaited:
    """The outcome of an event that came before what it refers to."""
    return Awaited(f"{type(event).__name__} {event.event_id}: {what} is not there yet")
