"""Emptying the outbox once, as the relay does it."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg
from nats.aio.client import Client

from handlers.relay import OutboxStore, Outgoing, drain
from streams.delivery.publish import Publisher

BATCH = 1_000


async def drained(pool: asyncpg.Pool, client: Client) -> int:
    """Send all that waits; gives how many were confirmed."""
    publisher = Publisher(lambda: client)

    async def publish(messages: Sequence[Outgoing]) -> list[int]:
        confirmed = await publisher.publish_all(messages)
        return [one.row_id for one, is_safe in zip(messages, confirmed, strict=True) if is_safe]

    async with pool.acquire() as connection:
        outbox = OutboxStore(connection)
        await outbox.own_buckets()
        sent = await drain(outbox, publish, BATCH)
        await connection.execute("SELECT pg_advisory_unlock_all()")
    return sent
