"""Rows of the outbox that tests put there, and the messages that came of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg
from nats.aio.client import Client

from contracts import codec
from contracts.events import AnimeSyncedEvent
from streams.topology import EVENTS
from tests.events import uid

_INSERT = """
    INSERT INTO outbox (event_id, bucket, subject, entity_type, entity_id, op, changed_fields, version)
    VALUES ($1, $2, 'anime.synced', 'anime', $3, 'upsert', '{status}', $4) RETURNING id"""
_NOTIFY = "SELECT pg_notify('outbox', '')"


def bucket_of(name: str) -> int:
    return uid(name).bytes[-1] % 16


async def put(connection: Any, name: str, version: int) -> int:
    """One row for the anime `name`; gives its id."""
    row: int = await connection.fetchval(_INSERT, uid("sync", name, version), bucket_of(name), uid(name), version)
    return row


async def notify(connection: Any) -> None:
    await connection.execute(_NOTIFY)


async def unsent(pool: asyncpg.Pool) -> int:
    return int(await pool.fetchval("SELECT count(*) FROM outbox WHERE processed_at IS NULL"))


async def sent(client: Client) -> list[tuple[UUID, int]]:
    """Entity and version of every message in the stream, in its order."""
    jetstream = client.jetstream()
    state = (await jetstream.stream_info(EVENTS.name)).state
    found: list[tuple[UUID, int]] = []
    for sequence in range(max(1, state.first_seq), state.last_seq + 1):
        raw = await jetstream.get_msg(EVENTS.name, sequence)
        assert raw.data is not None
        event = codec.decode(str(raw.subject), raw.data)
        assert isinstance(event, AnimeSyncedEvent)
        found.append((event.anime_id, event.entity_version or 0))
    return found
