"""What writing and restoring ask of PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import asyncpg

from contracts.errors import Outage
from handlers.snapshot.sections import SECTIONS, Section
from handlers.snapshot.sql import query

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
else:
    Connection = asyncpg.Connection

ACQUIRE_TIMEOUT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that a snapshot keeps of a table, and those of the table that hold JSON."""

    names: tuple[str, ...]
    json: frozenset[str]


async def columns_of(connection: Connection) -> dict[str, Columns]:
    """The columns per section that this schema has, in the sections' order."""
    rows = await connection.fetch(query("columns"), [section.name for section in SECTIONS])
    there = {row["table_name"]: row for row in rows}
    return {
        one.name: Columns(tuple(_kept(one, there[one.name]["columns"])), frozenset(there[one.name]["json_columns"]))
        for one in SECTIONS
        if one.name in there
    }


def _kept(section: Section, columns: list[str]) -> Iterator[str]:
    return (name for name in columns if name not in section.without and (not section.only or name in section.only))


@contextmanager
def outage() -> Iterator[None]:
    """Raise what says that the database is away, or in somebody else's hands, as an Outage."""
    try:
        yield
    except (
        OSError,
        TimeoutError,
        asyncpg.PostgresConnectionError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,
        asyncpg.AdminShutdownError,
        asyncpg.CrashShutdownError,
        asyncpg.CannotConnectNowError,
        asyncpg.InsufficientResourcesError,
        asyncpg.QueryCanceledError,
        asyncpg.LockNotAvailableError,
        asyncpg.DeadlockDetectedError,
        asyncpg.IdleInTransactionSessionTimeoutError,
    ) as error:
        raise Outage("PostgreSQL", f"{type(error).__name__}: {error}") from error
