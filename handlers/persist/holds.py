"""Held changes as rows: a review for each, and word of it to whoever listens, in the running transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from contracts import codec, subjects
from contracts.events import EntityType, ReviewReadyEvent
from contracts.ids import derived_id, outbox_bucket
from contracts.sameness import value_key
from handlers.persist.columns import Table
from handlers.persist.merge import JSON, Saying
from handlers.persist.sql import query
from handlers.persist.words import Proposal
from handlers.postgres import Connection

Key = tuple[UUID, str]


@dataclass(frozen=True, slots=True)
class Hold:
    """A review to be entered: what is proposed for which field of which entity, judged on the row of that version."""

    key: Key
    proposal: Proposal
    base_version: int

    @property
    def id(self) -> UUID:
        """The same proposal of the same event is the same review, however often it is judged."""
        word = self.proposal.word
        return derived_id("review", word.saying.event_id, *self.key, value_key(self.proposal.old))


async def enter(connection: Connection, table: Table, holds: Sequence[Hold]) -> None:
    """Enter these reviews, and tell of those that nobody was told of."""
    if holds:
        await connection.execute(query("enter_reviews"), *_columns(table, holds))
        await _tell(connection, table, [hold for hold in holds if not hold.proposal.word.is_told])


def _columns(table: Table, holds: Sequence[Hold]) -> tuple[Any, ...]:
    words = [hold.proposal.word for hold in holds]
    return (
        table.name,
        [hold.id for hold in holds],
        [hold.key[0] for hold in holds],
        [hold.key[1] for hold in holds],
        [as_json(hold.proposal.old) for hold in holds],
        [as_json(word.value) for word in words],
        [word.saying.source for word in words],
        [word.saying.observed_at for word in words],
        [word.saying.event_id for word in words],
        [word.correlation_id for word in words],
        [as_json([flag.model_dump(mode="json") for flag in hold.proposal.flags]) for hold in holds],
        [hold.base_version for hold in holds],
        [word.said_at for word in words],
        [believed(hold.key[1], hold.proposal.word.saying) for hold in holds],
    )


async def _tell(connection: Connection, table: Table, holds: Sequence[Hold]) -> None:
    """What the update step had not flagged is told by an event of its own; what it had flagged was told already."""
    if not holds:
        return
    events = [
        ReviewReadyEvent(
            event_id=derived_id("review.ready", hold.id),
            timestamp=hold.proposal.word.said_at,
            correlation_id=hold.proposal.word.correlation_id,
            causation_id=hold.proposal.word.saying.event_id,
            review_id=hold.id,
            entity_type=EntityType(table.name.upper()),
            entity_id=hold.key[0],
            field=hold.key[1],
            source=hold.proposal.word.saying.source,
            reasons=[flag.reason for flag in hold.proposal.flags],
            base_version=hold.base_version,
        )
        for hold in holds
    ]
    await connection.execute(
        query("queue_reviews_ready"),
        subjects.REVIEW_READY,
        [event.event_id for event in events],
        [outbox_bucket(event.entity_id) for event in events],
        [event.review_id for event in events],
        [event.entity_id for event in events],
        [event.correlation_id for event in events],
        [event.causation_id for event in events],
        [codec.encode(event) for event in events],
    )


def believed(name: str, saying: Saying) -> str | None:
    """Why what was said of a field was believed, as a column of JSON takes it; None where nobody has kept that."""
    belief = saying.beliefs.get(name)
    return as_json(belief) if belief else None


def as_json(value: JSON) -> str:
    """A value as a column of JSON takes it; None becomes its null."""
    return orjson.dumps(value).decode()
