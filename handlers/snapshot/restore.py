"""Restoring: everything in one transaction, so that a file that turns out to be damaged leaves nothing behind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import asyncpg

from contracts.errors import Permanent, Refused
from contracts.limits import OUTBOX_BUCKETS
from handlers.postgres import ACQUIRE_TIMEOUT_S, Connection, Verdict, outage, verdict
from handlers.snapshot import statements
from handlers.snapshot.again import came_in_before, remember
from handlers.snapshot.format import Contents, Header, Reader
from handlers.snapshot.lines import Lines
from handlers.snapshot.sections import SECTIONS, Section
from handlers.snapshot.sql import query
from handlers.snapshot.store import Columns, columns_of

ROWS_AT_ONCE_MAX: Final = 500
BYTES_AT_ONCE_MAX: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Restored:
    """What came in, in rows per section; `already_at` is when, if that was before and nothing was done now."""

    taken_at: str
    rows: Mapping[str, int]
    already_at: datetime | None = None


@dataclass(slots=True)
class _Batch:
    """Rows of one section that are entered by one statement."""

    section: Contents
    line: int
    rows: list[bytes] = field(default_factory=list)
    size: int = 0

    @property
    def is_full(self) -> bool:
        return len(self.rows) >= ROWS_AT_ONCE_MAX or self.size >= BYTES_AT_ONCE_MAX


async def restore(pool: asyncpg.Pool, chunks: AsyncIterator[bytes], *, contracts: str) -> Restored:
    """Bring a snapshot into an empty database, as it comes; one that is there already is left as it is.

    Raises Refused for a file that is damaged or of a newer program, Permanent when the database is not empty or holds
    another origin's word, Outage; whatever is raised, the database is as it was.
    """
    lines, reader = _lines(chunks), Reader()
    already_at: datetime | None = None
    with outage():
        async with pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection, connection.transaction():
            await connection.execute(query("patience"))
            header = await _header(lines, reader)
            columns = await _prepare(connection, header, contracts)
            if await connection.fetchval(statements.holds_anything(_sections(columns))):
                already_at = await came_in_before(connection, header, lines, reader)
            else:
                await _claim(connection, header.origin)
                await _enter_all(connection, lines, reader, columns)
                await remember(connection, header)
                await connection.execute(query("wake_relay"))
    return Restored(header.taken_at, {section.name: section.rows for section in header.sections}, already_at)


async def _header(lines: AsyncIterator[bytes], reader: Reader) -> Header:
    async for line in lines:
        reader.take(line)
        break
    return reader.header or reader.finish()


async def _enter_all(
    connection: Connection, lines: AsyncIterator[bytes], reader: Reader, columns: Mapping[str, Columns]
) -> None:
    batch: _Batch | None = None
    async for line in lines:
        row = reader.take(line)
        if batch is not None and (row is None or batch.is_full):
            await _enter(connection, batch, columns[batch.section.name].json)
            batch = None
        if row is not None:
            batch = batch or _Batch(row.section, reader.lines)
            batch.rows.append(row.json)
            batch.size += len(row.json)
    reader.finish()


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    lines = Lines()
    async for chunk in chunks:
        for line in lines.feed(chunk):
            yield line
    for line in lines.rest():
        yield line


async def _prepare(connection: Connection, header: Header, contracts: str) -> dict[str, Columns]:
    """Refuse what cannot come in, before anything does; and keep others from writing meanwhile.

    Gives the columns of this database.
    """
    if _major(header.contracts) != _major(contracts):
        raise Refused(
            "snapshot", "", f"follows the contracts {header.contracts}, this program {contracts}; use that program"
        )
    there = await columns_of(connection)
    for section in header.sections:
        unknown = set(section.columns) - set(there[section.name].names if section.name in there else ())
        if unknown:
            raise Refused(
                "snapshot",
                section.name,
                f"has {', '.join(sorted(unknown))}, which this program does not know; use the newer one that wrote it",
            )
    await connection.execute(statements.lock(_sections(there)))
    return there


def _sections(there: Collection[str]) -> list[Section]:
    return [section for section in SECTIONS if section.name in there]


async def _claim(connection: Connection, origin: str | None) -> None:
    if origin is None:
        return
    await connection.execute(query("claim_origin"), origin)
    held = await connection.fetchval(query("origin"))
    if held != origin:
        raise Permanent(
            f"the snapshot holds the word of {origin}, and this database is for {held}; the two never mix: start the "
            f"program with ECHORA_SOURCES={origin} on another database"
        )


async def _enter(connection: Connection, batch: _Batch, json_columns: Collection[str]) -> None:
    section = statements.BY_NAME[batch.section.name]
    rows = b"[" + b",".join(batch.rows) + b"]"
    more = (OUTBOX_BUCKETS,) if section.announces is not None else ()
    try:
        await connection.execute(statements.enter(section, batch.section.columns, json_columns), rows.decode(), *more)
    except Exception as error:
        if verdict(error) is not Verdict.REFUSED:
            raise
        last = batch.line + len(batch.rows) - 1
        raise Refused(
            f"lines {batch.line} to {last} of the snapshot", section.name, f"cannot be stored: {error}"
        ) from error


def _major(version: str) -> str:
    return version.partition(".")[0]
