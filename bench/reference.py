"""The reference: the specification's pseudo-code, written down as it stands there, without its sleep of 5 s.

Fetch ten; per message one transaction with the update and the outbox row, then ack. The outbox worker takes a hundred
rows and publishes them one by one, marking each. The index consumer fetches ten and makes one index call a message.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
from nats.aio.client import Client
from nats.errors import TimeoutError as NatsTimeout
from nats.js import JetStreamContext

from contracts.gen import events_pb2
from handlers.index.committed import CommittedRows
from handlers.index.port import Patch, VectorIndex
from streams import topology

_UPDATE = """
    UPDATE anime SET score_agm = $2, score_mean = $3, score_median = $4, statistics = $5::jsonb,
        version = version + 1, updated_at = now()
    WHERE id = $1 RETURNING version"""
_OUTBOX = """
    INSERT INTO outbox (event_id, bucket, subject, entity_type, entity_id, op, changed_fields, version)
    VALUES ($1, 0, 'anime.synced', 'anime', $2, 'upsert', '{score,statistics}', $3)"""
_PENDING = "SELECT id, entity_id, event_id FROM outbox WHERE processed_at IS NULL ORDER BY queued_at LIMIT 100"
_MARK = "UPDATE outbox SET processed_at = now() WHERE id = $1"


async def run(client: Client, pool: asyncpg.Pool, index: VectorIndex, done: asyncio.Event) -> None:
    """Run the three loops until `done`."""
    jetstream = client.jetstream(timeout=10)
    loops = [
        asyncio.create_task(_consume(jetstream, pool)),
        asyncio.create_task(_relay(jetstream, pool)),
        asyncio.create_task(_index(jetstream, pool, index)),
    ]
    await done.wait()
    for loop in loops:
        loop.cancel()
    await asyncio.gather(*loops, return_exceptions=True)


async def _consume(jetstream: JetStreamContext, pool: asyncpg.Pool) -> None:
    consumer = await jetstream.pull_subscribe_bind(topology.UPDATED.name, topology.EVENTS.name)
    while True:
        try:
            messages = await consumer.fetch(10, timeout=5)
        except NatsTimeout:
            continue
        for message in messages:
            event = events_pb2.AnimeUpdatedEvent.FromString(message.data)
            figures = event.statistics["mal"]
            statistics = f'{{"mal": {{"score": {figures.score}, "scored_by": {figures.scored_by}}}}}'
            async with pool.acquire() as connection, connection.transaction():
                score = event.score
                version = await connection.fetchval(
                    _UPDATE,
                    UUID(event.anime_id),
                    score.arithmetic_geometric_mean,
                    score.arithmetic_mean,
                    score.median,
                    statistics,
                )
                await connection.execute(_OUTBOX, uuid4(), UUID(event.anime_id), version)
            await message.ack()


async def _relay(jetstream: JetStreamContext, pool: asyncpg.Pool) -> None:
    while True:
        rows = await pool.fetch(_PENDING)
        for row in rows:
            event = events_pb2.AnimeSyncedEvent(event_id=str(row["event_id"]), anime_id=str(row["entity_id"]))
            event.timestamp.FromDatetime(datetime.now(UTC))
            event.changed_fields.extend(["score", "statistics"])
            await jetstream.publish("anime.synced", event.SerializeToString())
            await pool.execute(_MARK, row["id"])
        if not rows:
            await asyncio.sleep(0.01)


async def _index(jetstream: JetStreamContext, pool: asyncpg.Pool, index: VectorIndex) -> None:
    consumer = await jetstream.pull_subscribe_bind(topology.INDEX.name, topology.EVENTS.name)
    rows = CommittedRows(pool)
    while True:
        try:
            messages = await consumer.fetch(10, timeout=5)
        except NatsTimeout:
            continue
        for message in messages:
            event = events_pb2.AnimeSyncedEvent.FromString(message.data)
            documents = await rows.read([UUID(event.anime_id)], (), datetime.now(UTC))
            await index.patch([Patch(d.id, d.version, d.payload) for d in documents.values()])
            await message.ack()
