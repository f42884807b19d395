"""Writing: every section read by a cursor in one transaction, so that all of it is of one instant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

import asyncpg

from handlers.postgres import ACQUIRE_TIMEOUT_S, Connection, outage
from handlers.snapshot import statements
from handlers.snapshot.format import Contents, Header, Seal, header_line, row_line
from handlers.snapshot.sections import SECTIONS
from handlers.snapshot.sql import query
from handlers.snapshot.store import columns_of

ROWS_AT_ONCE: Final = 200
CHUNK_BYTES: Final = 256 * 1024


async def snapshot(pool: asyncpg.Pool, now: datetime, *, contracts: str, schema: str) -> AsyncIterator[bytes]:
    """The lines of a snapshot in chunks; whoever takes them slowly is waited for. Raises Outage.

    Memory holds one chunk and one page of a cursor, however large the catalogue is.
    """
    with outage():
        async with (
            pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            await connection.execute(query("patience"))
            header = await _header(connection, now, contracts, schema)
            async for chunk in _chunks(lines_of(connection, header)):
                yield chunk


async def _header(connection: Connection, now: datetime, contracts: str, schema: str) -> Header:
    columns = await columns_of(connection)
    contents = [
        Contents(one.name, await connection.fetchval(statements.count(one)), columns[one.name].names)
        for one in SECTIONS
        if one.name in columns
    ]
    origin = await connection.fetchval(query("origin"))
    return Header(contracts, schema, origin, now.isoformat(), tuple(contents))


async def lines_of(connection: Connection, header: Header) -> AsyncIterator[bytes]:
    """The header, and what the database now holds of its sections."""
    yield header_line(header)
    seal = Seal()
    for contents in header.sections:
        statement = statements.read(statements.BY_NAME[contents.name], contents.columns)
        async for record in connection.cursor(statement, prefetch=ROWS_AT_ONCE):
            line = row_line(contents.name, record[0].encode())
            seal.add(line)
            yield line
        yield seal.end_section(contents.name)
    yield seal.end()


async def _chunks(lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    held: list[bytes] = []
    size = 0
    async for line in lines:
        held.append(line)
        size += len(line)
        if size >= CHUNK_BYTES:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)
