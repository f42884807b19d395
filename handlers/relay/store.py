"""The outbox as the relay reads it, on one connection that also holds the locks of its buckets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg

from contracts.errors import EchoraError
from contracts.limits import OUTBOX_BUCKETS
from handlers.postgres import Connection, outage
from handlers.relay.message import Outgoing, outgoing
from handlers.relay.sql import query

CHANNEL: Final = "outbox"
_LOCK_CLASS: Final = 0x0B0C


class OutboxStore:
    """Claims and marks rows of the buckets that this relay owns.

    `unreadable` says of which rows no message can be made, and why: they stay unsent and keep no other row waiting.
    `held` are beginnings of subjects whose rows are not claimed, since what they go to takes nothing at present.

    With several relays each bucket has one that is active, since the locks belong to its session; the others take
    over when that session ends.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._owned: set[int] = set()
        self.unreadable: dict[int, str] = {}
        self.held: tuple[str, ...] = ()

    @property
    def owned(self) -> frozenset[int]:
        """The buckets that this relay is the active one of."""
        return frozenset(self._owned)

    async def own_buckets(self) -> frozenset[int]:
        """Try for the buckets that are not ours yet; gives all that are."""
        missing = sorted(set(range(OUTBOX_BUCKETS)) - self._owned)
        if missing:
            with outage():
                rows = await self._connection.fetch(query("own_buckets"), _LOCK_CLASS, missing)
            self._owned |= {row["bucket"] for row in rows}
        return self.owned

    async def claim(self, rows_max: int) -> list[Outgoing]:
        """The next unsent messages of our buckets, oldest first."""
        with outage():
            rows = await self._connection.fetch(
                query("claim"), sorted(self._owned), rows_max, list(self.unreadable), self.held
            )
        return self._messages(rows)

    async def first_of(self, beginnings: Sequence[str]) -> list[Outgoing]:
        """The oldest unsent message of our buckets whose subject begins with one of these; none, or one."""
        with outage():
            rows = await self._connection.fetch(
                query("probe"), sorted(self._owned), list(self.unreadable), list(beginnings)
            )
        return self._messages(rows)

    def _messages(self, rows: Sequence[asyncpg.Record]) -> list[Outgoing]:
        messages: list[Outgoing] = []
        for row in rows:
            try:
                messages.append(outgoing(dict(row)))
            except (ValueError, LookupError, EchoraError) as error:
                self.unreadable[row["id"]] = f"{type(error).__name__}: {error}"
        return messages

    async def mark(self, row_ids: Sequence[int]) -> None:
        """These were confirmed."""
        if row_ids:
            with outage():
                await self._connection.execute(query("mark"), row_ids)

    async def prune(self, sent_before: datetime, rows_max: int) -> int:
        """Forget sent rows that are old enough; returns how many went."""
        with outage():
            status = await self._connection.execute(query("prune"), sent_before, rows_max)
        return int(status.rsplit(" ", 1)[1])
