"""Letters become rows, and the first of a group is news."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
import orjson

from contracts.events import DeadLetterEvent
from handlers.dead_letters.again import replays_of
from handlers.dead_letters.letter import LACKS
from handlers.dead_letters.sql import query
from handlers.postgres import ACQUIRE_TIMEOUT_S, outage

FINGERPRINT_CHARS_MAX: Final = 100
GROUPS_AT_ONCE_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class News:
    """The first letter of a group that nobody was alerted of."""

    fingerprint: str
    letter_id: UUID
    consumer: str
    subject: str
    error_class: str
    error: str
    attempts: int
    replays: int
    last_failed_at: datetime


async def keep(pool: asyncpg.Pool, letters: Sequence[DeadLetterEvent]) -> None:
    """Write letters as rows; one that is there already stays as it is. Raises Outage."""
    rows = [_row(letter) for letter in letters]
    with outage():
        async with pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection, connection.transaction():
            await connection.execute(query("keep"), *(list(column) for column in zip(*rows, strict=True)))
            await connection.execute(query("enter_groups"), [_fingerprint(letter) for letter in letters])


async def tell_news(pool: asyncpg.Pool, tell: Callable[[News], None]) -> int:
    """Tell of each group that has letters and was not told of; gives how many. Told twice at worst, never left out."""
    with outage():
        async with pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection, connection.transaction():
            found = await connection.fetch(query("unalerted"), GROUPS_AT_ONCE_MAX)
            for row in found:
                tell(_news(row))
    return len(found)


async def forget(pool: asyncpg.Pool, before: datetime, rows_max: int) -> dict[str, int]:
    """Forget old letters, a bounded number at once; gives how many went, by state."""
    with outage():
        gone = await pool.fetch(query("forget"), before, rows_max)
        if gone:
            await pool.execute(query("forget_groups"))
    states = [row["state"] for row in gone]
    return {state: states.count(state) for state in sorted(set(states))}


def _row(letter: DeadLetterEvent) -> tuple[object, ...]:
    replay_of, replays = replays_of(letter.headers)
    return (
        letter.event_id,
        _text(letter.stream),
        _text(letter.consumer),
        letter.stream_sequence,
        _text(letter.subject),
        letter.payload,
        orjson.dumps({_text(name): _text(value) for name, value in letter.headers.items()}).decode(),
        LACKS not in letter.headers,
        _text(letter.error_class),
        _text(letter.error),
        _fingerprint(letter),
        letter.attempts,
        letter.first_failed_at,
        letter.last_failed_at or letter.timestamp,
        replays,
        replay_of,
    )


def _text(value: str) -> str:
    return value.replace("\x00", "\ufffd")  # PostgreSQL cannot store U+0000 in text.


def _fingerprint(letter: DeadLetterEvent) -> str:
    return _text(letter.fingerprint)[:FINGERPRINT_CHARS_MAX]


def _news(row: asyncpg.Record) -> News:
    return News(
        row["fingerprint"],
        row["id"],
        row["consumer"],
        row["subject"],
        row["error_class"],
        row["error"],
        row["attempts"],
        row["replays"],
        row["last_failed_at"],
    )
