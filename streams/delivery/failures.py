"""How often a message itself failed. Counted by us, because the server also counts deliveries that an outage caused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import asyncpg

from handlers.postgres import ACQUIRE_TIMEOUT_S

# asyncpg's own default is to wait for ever.


@dataclass(frozen=True, slots=True)
class Failures:
    """The story of one message so far."""

    count: int
    first_failed_at: datetime


class FailureCounter(Protocol):
    """Counts failures per stream, consumer and sequence, beyond the life of a process."""

    async def add(self, stream: str, consumer: str, errors: Mapping[int, str], now: datetime) -> dict[int, Failures]:
        """Count one more failure of each sequence and give its story."""
        ...

    async def forget(self, stream: str, consumer: str, sequences: Sequence[int]) -> None:
        """These are settled."""
        ...

    async def forget_stream(self, stream: str) -> None:
        """The stream was made anew: its sequences mean other messages now."""
        ...


_ADD = """
    INSERT INTO delivery_failure (stream, consumer, stream_sequence, failures, error, first_failed_at, last_failed_at)
    SELECT $1, $2, sequence, 1, error, $5, $5 FROM unnest($3::bigint[], $4::text[]) AS row(sequence, error)
    ORDER BY sequence
    ON CONFLICT (stream, consumer, stream_sequence) DO UPDATE
    SET failures = delivery_failure.failures + 1, error = excluded.error, last_failed_at = excluded.last_failed_at
    RETURNING stream_sequence, failures, first_failed_at"""
_FORGET = """
    DELETE FROM delivery_failure WHERE stream = $1 AND consumer = $2 AND stream_sequence = ANY ($3::bigint[])"""


_FORGET_STREAM = "DELETE FROM delivery_failure WHERE stream = $1"


class PostgresFailures:
    """The count in PostgreSQL: while that is away nothing is counted, which is right, since then it is an outage."""

    def __init__(self, pool: Callable[[], asyncpg.Pool]) -> None:
        self._pool = pool

    async def add(self, stream: str, consumer: str, errors: Mapping[int, str], now: datetime) -> dict[int, Failures]:
        """See FailureCounter."""
        sequences, texts = list(errors), [text.replace("\x00", "")[:2_000] for text in errors.values()]
        async with self._pool().acquire(timeout=ACQUIRE_TIMEOUT_S) as connection:
            rows = await connection.fetch(_ADD, stream, consumer, sequences, texts, now)
        return {row["stream_sequence"]: Failures(row["failures"], row["first_failed_at"]) for row in rows}

    async def forget(self, stream: str, consumer: str, sequences: Sequence[int]) -> None:
        """See FailureCounter."""
        async with self._pool().acquire(timeout=ACQUIRE_TIMEOUT_S) as connection:
            await connection.execute(_FORGET, stream, consumer, list(sequences))

    async def forget_stream(self, stream: str) -> None:
        """See FailureCounter."""
        async with self._pool().acquire(timeout=ACQUIRE_TIMEOUT_S) as connection:
            await connection.execute(_FORGET_STREAM, stream)
