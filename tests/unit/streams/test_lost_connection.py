"""What asyncpg raises when its connection breaks amid an exchange is an outage wherever we ask PostgreSQL."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from contracts.errors import Outage
from handlers.catalogue import read_record
from handlers.index.committed import CommittedRows
from handlers.ingest import IngestStore
from handlers.persist import delete_anime
from handlers.relay import OutboxStore

# Raised by the client's own state machine when the server dies between two messages; no InterfaceError.
BROKEN = asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress")


class BrokenConnection:
    """A pool and a connection in one, whose every use fails."""

    def __getattr__(self, name: str) -> Any:
        def fail(*_: Any, **__: Any) -> Any:
            raise BROKEN

        return fail


BROKEN_POOL: Any = BrokenConnection()
ASKED: dict[str, Callable[[], Awaitable[Any]]] = {
    "catalogue": lambda: read_record(BROKEN_POOL, UUID(int=1)),
    "index": lambda: CommittedRows(BROKEN_POOL).deleted([]),
    "ingest": lambda: IngestStore(BROKEN_POOL).begin("test"),
    "persist": lambda: delete_anime(BROKEN_POOL, UUID(int=1)),
    "relay": lambda: OutboxStore(BROKEN_POOL).own_buckets(),
}


@pytest.mark.parametrize("room", ASKED)
async def test_a_broken_exchange_is_an_outage(room: str) -> None:
    with pytest.raises(Outage):
        await ASKED[room]()
