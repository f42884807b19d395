"""Each step beside its raw limit: the same statements and the same bytes, fed from memory without our code around."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import qdrant_edge as engine
from nats.aio.client import Client

from bench.program import NoEmbedder
from bench.recorder import Calls, Recorder, replay
from bench.setup import Stage, connect, empty_streams, open_index, score_changes
from contracts.events import AnimeSyncedEvent
from handlers.index.committed import CommittedRows
from handlers.index.edge_reads import point_uuid
from handlers.index.follow import Follower, follow
from handlers.index.payload import VERSION, changed_payload
from handlers.index.sql import query as read_committed
from handlers.persist import apply, statements, updated
from handlers.persist.columns import ANIME
from handlers.persist.sql import query
from handlers.relay import OutboxStore, Outgoing, drain
from streams.delivery.publish import Publisher
from streams.topology import UPDATED

BATCH = 200
RELAY_BATCH = 1_000
INDEX_BATCH = 500
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Step:
    """The rates of a step and of its raw limit, each round's pair beside one another."""

    name: str
    ours: list[float]
    raw: list[float]

    def figures(self) -> dict[str, float]:
        """Medians, and the median of the ratios within a round."""
        ratios = [ours / raw for ours, raw in zip(self.ours, self.raw, strict=True)]
        return {
            f"{self.name}_per_s": statistics.median(self.ours),
            f"{self.name}_raw_per_s": statistics.median(self.raw),
            f"{self.name}_ratio": statistics.median(ratios),
        }


async def measure(ready: Stage, events: int, say: Callable[[str], None]) -> dict[str, float]:
    """All three steps."""
    figures: dict[str, float] = {}
    for name, run in (("persist", _persist), ("relay", _relay), ("index", _index)):
        say(f"{name} beside its raw limit")
        figures |= (await run(ready, events)).figures()
    return figures


async def _timed(work: Callable[[], Awaitable[object]], events: int) -> float:
    began = time.perf_counter()
    await work()
    return events / (time.perf_counter() - began)


# --- persist ------------------------------------------------------------------------------------------------------


async def _persist(ready: Stage, events: int) -> Step:
    pool = await asyncpg.create_pool(ready.dsn, min_size=2, max_size=4)
    ours, raw = [], []
    try:
        for round_number in range(ROUNDS):
            batches = _batches(ready, events, seed=100 + round_number)
            recorded = await _record(pool, batches)

            async def run(work: list[list[Any]] = batches) -> None:
                for batch in work:
                    await apply(pool, UPDATED.name, batch, updated.apply_anime)

            await pool.execute("TRUNCATE outbox, inbox")
            raw.append(await _timed(lambda calls=recorded: replay(pool, calls), events))  # type: ignore[misc]
            await pool.execute("TRUNCATE outbox, inbox")
            ours.append(await _timed(run, events))
    finally:
        await pool.close()
    return Step("persist", ours, raw)


def _batches(ready: Stage, events: int, seed: int) -> list[list[Any]]:
    changes = score_changes(ready.ids, events, observed_at=datetime.now(UTC), seed=seed)
    return [changes[start : start + BATCH] for start in range(0, events, BATCH)]


async def _record(pool: asyncpg.Pool, batches: Sequence[list[Any]]) -> list[Calls]:
    """The statements and arguments of each batch; rolled back, so that the rows are as they were."""
    recorded = []
    async with pool.acquire() as connection:
        for batch in batches:
            calls: Calls = []
            transaction = connection.transaction()
            await transaction.start()
            claimed = [event.event_id for event in batch]
            await Recorder(connection, calls).fetch(query("claim_events"), UPDATED.name, claimed)
            await updated.apply_anime(Recorder(connection, calls), batch)  # type: ignore[arg-type]
            await transaction.rollback()
            recorded.append(calls)
    assert any(sql == statements.read(ANIME, frozenset({"score", "statistics"})) for _, sql, _ in recorded[0])
    return recorded


# --- relay --------------------------------------------------------------------------------------------------------


async def _relay(ready: Stage, events: int) -> Step:
    pool = await asyncpg.create_pool(ready.dsn, min_size=2, max_size=4)
    client = await connect(ready)
    ours, raw = [], []
    try:
        for round_number in range(ROUNDS):
            await empty_streams(client)
            await pool.execute("TRUNCATE outbox, inbox")
            for batch in _batches(ready, events, seed=200 + round_number):
                await apply(pool, UPDATED.name, batch, updated.apply_anime)
            async with pool.acquire() as connection:
                store = OutboxStore(connection)
                await store.own_buckets()
                messages = await store.claim(events)
                raw.append(await _timed(lambda sent=messages: _publish_raw(client, sent), events))  # type: ignore[misc]
                await empty_streams(client)
                publisher = Publisher(lambda: client)

                async def publish(some: Sequence[Outgoing], through: Publisher = publisher) -> list[int]:
                    confirmed = await through.publish_all(some)
                    return [message.row_id for message, ok in zip(some, confirmed, strict=True) if ok]

                ours.append(await _timed(lambda s=store, p=publish: drain(s, p, RELAY_BATCH), events))  # type: ignore[misc]
                await connection.execute("SELECT pg_advisory_unlock_all()")
    finally:
        await client.close()
        await pool.close()
    return Step("relay", ours, raw)


async def _publish_raw(client: Client, messages: Sequence[Outgoing]) -> None:
    jetstream = client.jetstream(timeout=30, publish_async_max_pending=4_000)
    for start in range(0, len(messages), RELAY_BATCH):
        futures = [
            await jetstream.publish_async(one.subject, one.payload, headers=dict(one.headers), wait_stall=30)
            for one in messages[start : start + RELAY_BATCH]
        ]
        await asyncio.gather(*futures)


# --- index --------------------------------------------------------------------------------------------------------


async def _index(ready: Stage, events: int) -> Step:
    pool = await asyncpg.create_pool(ready.dsn, min_size=2, max_size=4)
    ours, raw = [], []
    try:
        for round_number in range(ROUNDS):
            ids = [event.anime_id for batch in _batches(ready, events, 300 + round_number) for event in batch]
            for batch in _batches(ready, events, seed=300 + round_number):
                await apply(pool, UPDATED.name, batch, updated.apply_anime)
            raw.append(await _grouped(ready, pool, ids))
            for batch in _batches(ready, events, seed=300 + round_number):
                await apply(pool, UPDATED.name, batch, updated.apply_anime)
            ours.append(await _followed(ready, pool, ids))
    finally:
        await pool.close()
    return Step("index", ours, raw)


async def _followed(ready: Stage, pool: asyncpg.Pool, ids: Sequence[UUID]) -> float:
    index = open_index(ready)
    await index.prepare()
    now = datetime.now(UTC)
    synced = [AnimeSyncedEvent(event_id=i, timestamp=now, anime_id=i, changed_fields=["score"]) for i in ids]

    async def embed(_: Sequence[str]) -> Any:
        raise AssertionError("a change of scores must not embed")

    to = Follower(CommittedRows(pool), index, embed, NoEmbedder.model)

    async def run() -> None:
        for start in range(0, len(synced), INDEX_BATCH):
            await follow(to, synced[start : start + INDEX_BATCH], now)

    try:
        return await _timed(run, len(ids))
    finally:
        await index.close()


async def _grouped(ready: Stage, pool: asyncpg.Pool, ids: Sequence[UUID]) -> float:
    """The same statement per batch, and the same reads and writes of the bare engine, with nothing computed between."""
    rows = CommittedRows(pool)
    groups: list[tuple[list[UUID], list[str], list[tuple[UUID, dict[str, object]]]]] = []
    shard = await asyncio.to_thread(engine.EdgeShard.load, str(ready.folder / "index"))
    for start in range(0, len(ids), INDEX_BATCH):
        chosen = list(ids[start : start + INDEX_BATCH])
        documents = await rows.read(chosen, (), datetime.now(UTC))
        keys = sorted({VERSION}.union(*(document.payload for document in documents.values())))
        stored = {point_uuid(one.id): one.payload or {} for one in shard.retrieve(list(chosen), keys, False)}
        changes = [(d.id, changed_payload(stored[d.id], d.payload, d.version)) for d in documents.values()]
        groups.append((chosen, keys, changes))

    def write(chosen: list[UUID], keys: list[str], changes: list[tuple[UUID, dict[str, object]]]) -> None:
        shard.retrieve(list(chosen), keys, False)
        for point_id, payload in changes:
            shard.update(engine.UpdateOperation.set_payload([point_id], payload))

    async def run() -> None:
        async with pool.acquire() as connection:
            for chosen, keys, changes in groups:
                await connection.fetch(read_committed("committed_anime"), chosen, datetime.now(UTC))
                await asyncio.to_thread(write, chosen, keys, changes)

    try:
        return await _timed(run, len(ids))
    finally:
        shard.close()
