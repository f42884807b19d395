"""A snapshot that is brought in once more, as after a restore that was cut off between its commit and its answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

from contracts.errors import Permanent
from handlers.postgres import Connection
from handlers.snapshot.format import Header, Reader, identity
from handlers.snapshot.sql import query
from handlers.snapshot.write import lines_of


async def remember(connection: Connection, header: Header) -> None:
    """Write down that it came in, in the transaction that brings it."""
    await connection.execute(query("remember_restore"), identity(header), header.taken_at)


async def came_in_before(
    connection: Connection, header: Header, rest: AsyncIterator[bytes], reader: Reader
) -> datetime:
    """When this very snapshot came in, while the catalogue is still just what it holds.

    The whole is compared, by its checksum, since nothing less knows of every change. Raises Permanent for another
    snapshot and for a catalogue that has changed, Refused for a file that is damaged.
    """
    at: datetime | None = await connection.fetchval(query("restored_at"), identity(header))
    if at is None:
        raise Permanent(
            "the database is not empty, and a snapshot is never mixed with what is there: restore into a new one "
            "(ECHORA_DEMO=false starts without the demo catalogue)"
        )
    last = here = b""
    async for last in rest:
        reader.take(last)
    reader.finish()
    # The last line bears the checksum of all before it.
    async for line in lines_of(connection, header):
        here = line
    if here != last:
        raise Permanent(
            f"this snapshot came into this database at {at.isoformat()}, and the catalogue has changed since; it is "
            "not brought in twice: restore into a new database to have it as it was"
        )
    return at
