"""Sending again what the outbox still remembers: because a person asks for it, or because a stream was lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import asyncpg

from handlers.postgres import outage
from handlers.relay.sql import query

ROWS_AT_ONCE: Final = 5_000
PASSES_MAX: Final = 100_000
EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


async def sent_since(pool: asyncpg.Pool, since: datetime, subjects: Sequence[str] | None) -> dict[str, int]:
    """How many messages of each subject `send_again` would send; without subjects, of all but timers."""
    with outage():
        until = await pool.fetchval("SELECT now()")
        rows = await pool.fetch(query("sent_since"), since, subjects, until)
    return {row["subject"]: row["messages"] for row in rows}


async def send_again(
    pool: asyncpg.Pool, since: datetime, subjects: Sequence[str] | None, *, without_letters: bool = False
) -> dict[str, int]:
    """Have what was sent since then sent again, in the order of the rows; how many messages of each subject.

    Whoever handled them before handles them without effect: the inbox knows their events, and a point its version.
    """
    counts: Counter[str] = Counter()
    with outage():
        # What is sent again meanwhile is sent after this instant, so every row is taken once.
        until = await pool.fetchval("SELECT now()")
        for _ in range(PASSES_MAX):
            rows = await pool.fetch(query("send_again"), since, subjects, until, ROWS_AT_ONCE, without_letters)
            counts.update({row["subject"]: row["messages"] for row in rows})
            await pool.execute(query("wake"))
            if sum(row["messages"] for row in rows) < ROWS_AT_ONCE:
                break
    return dict(counts)


@dataclass(frozen=True, slots=True)
class Seen:
    """A stream at one moment. A later moment with another birth, or a lower sequence, says that messages were lost."""

    made_at: datetime
    last_sequence: int

    def lost_by(self, now: Seen) -> str | None:
        """Why what `now` shows has lost messages of this, None when it has not."""
        if now.made_at != self.made_at:
            return "it was made anew"
        if now.last_sequence < self.last_sequence:
            return f"it ended at message {self.last_sequence} and ends at {now.last_sequence} now"
        return None


async def seen(pool: asyncpg.Pool, stream: str) -> Seen | None:
    """The stream as it was noted last."""
    with outage():
        row = await pool.fetchrow(query("seen_stream"), stream)
    return None if row is None else Seen(row["made_at"], row["last_sequence"])


async def note(pool: asyncpg.Pool, stream: str, now: Seen) -> None:
    """Remember the stream as it is now."""
    with outage():
        await pool.execute(query("note_stream"), stream, now.made_at, now.last_sequence)


async def forget_failures(pool: asyncpg.Pool, stream: str) -> None:
    """Forget which messages of the stream failed: sequences are given anew."""
    with outage():
        await pool.execute(query("forget_failures"), stream)
