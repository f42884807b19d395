"""What a person decides: messages are sent again through the outbox, or given up with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import asyncpg
import orjson

from contracts.ids import derived_id, outbox_bucket
from handlers.dead_letters.again import entity_of, headers_again
from handlers.dead_letters.choice import Choice
from handlers.dead_letters.sql import query
from handlers.postgres import ACQUIRE_TIMEOUT_S, outage

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
else:
    Connection = asyncpg.Connection

_LOCK: Final = 0x0D1E


@dataclass(frozen=True, slots=True)
class Part:
    """The letters of a choice that one consumer gave up on one subject."""

    consumer: str
    subject: str
    letters: int
    not_whole: int
    first_failed_at: datetime
    last_failed_at: datetime


@dataclass(frozen=True, slots=True)
class Chosen:
    """A choice as it stands now. Letters that come later do not belong to it: they may come of its own replay."""

    choice: Choice
    last_number: int
    parts: Sequence[Part]

    @property
    def letters(self) -> int:
        """How many wait."""
        return sum(part.letters for part in self.parts)

    @property
    def not_whole(self) -> int:
        """How many of them lack something, and so cannot be sent again."""
        return sum(part.not_whole for part in self.parts)


async def choose(pool: asyncpg.Pool, choice: Choice) -> Chosen:
    """Look at what waits of a choice, and change nothing."""
    with outage():
        async with pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection:
            last_number = await connection.fetchval(query("last_number"))
            rows = await connection.fetch(query("chosen"), *choice.parameters, last_number)
    return Chosen(choice, last_number, [Part(**row) for row in rows])


async def replay_next(pool: asyncpg.Pool, chosen: Chosen, rows_max: int, by: str, now: datetime) -> int:
    """Queue the next letters of a choice to be sent again, in the order of their stream; 0 when none is left.

    A letter and its outbox row change in one transaction, so dying here sends nothing twice and leaves nothing out.
    The message keeps its subject, its bytes and with them its event id; only the id on the wire is another one, or
    JetStream would drop it as known.
    """
    with outage():
        async with pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection, connection.transaction():
            await connection.execute(query("replay_turn"), _LOCK)
            rows = await connection.fetch(query("claim"), *chosen.choice.parameters, chosen.last_number, rows_max)
            if rows:
                messages = [_message(row) for row in rows]
                await connection.execute(query("queue"), *(list(column) for column in zip(*messages, strict=True)))
                await connection.execute(query("mark_replayed"), [row["id"] for row in rows], now, by)
                await _settle(connection, rows, chosen)
    return len(rows)


async def drop(pool: asyncpg.Pool, chosen: Chosen, reason: str, by: str, now: datetime) -> int:
    """Give up what waits of a choice; gives how many. The rows stay, with the reason, until they are old."""
    with outage():
        async with pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection, connection.transaction():
            parameters = (*chosen.choice.parameters, chosen.last_number, reason, by, now)
            rows = await connection.fetch(query("drop"), *parameters)
            await _settle(connection, rows, chosen)
    return len(rows)


async def _settle(connection: Connection, rows: Sequence[asyncpg.Record], chosen: Chosen) -> None:
    # A long replay's first letters may be back before its last ones are sent: those must not keep the alert silent.
    await connection.execute(query("settled_groups"), sorted({row["fingerprint"] for row in rows}), chosen.last_number)


def _message(row: asyncpg.Record) -> tuple[object, ...]:
    replays = row["replays"] + 1
    kind, entity_id = entity_of(row["subject"], row["payload"], row["id"])
    headers = headers_again(orjson.loads(row["headers"]), row["id"], replays)
    return (
        derived_id("replay", row["id"], replays),
        outbox_bucket(entity_id),
        row["subject"],
        kind,
        entity_id,
        orjson.dumps(headers).decode(),
        row["payload"],
    )
