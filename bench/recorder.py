"""What our code asks of the database, written down so that it can be asked again without our code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import asyncpg

Calls = list[tuple[str, str, tuple[Any, ...]]]
"""Method, statement and arguments, in their order."""


class Recorder:
    """A connection that remembers what was asked of it."""

    def __init__(self, connection: Any, calls: Calls) -> None:
        self._connection, self._calls = connection, calls

    async def fetch(self, sql: str, *arguments: Any) -> Any:
        """Ask for rows."""
        self._calls.append(("fetch", sql, arguments))
        return await self._connection.fetch(sql, *arguments)

    async def execute(self, sql: str, *arguments: Any) -> Any:
        """Execute a statement."""
        self._calls.append(("execute", sql, arguments))
        return await self._connection.execute(sql, *arguments)


async def replay(pool: asyncpg.Pool, transactions: Iterable[Calls]) -> None:
    """Ask the same again on one connection, each list in a transaction of its own."""
    async with pool.acquire() as connection:
        for calls in transactions:
            async with connection.transaction():
                for method, sql, arguments in calls:
                    await getattr(connection, method)(sql, *arguments)
