"""A database and an index that follows it, with what lies between them done at once instead of by NATS."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import numpy as np
import pytest
from numpy.typing import NDArray

from contracts import codec
from contracts.events import Event
from contracts.payload_index import packaged_payload_index
from handlers.index.committed import CommittedRows
from handlers.index.edge import EdgeIndex
from handlers.index.follow import Follower, follow
from handlers.index.port import Deletion, Stored, VectorIndex
from handlers.index.server import ServerIndex
from handlers.reconcile.report import Report
from handlers.reconcile.store import ReconcileStore
from handlers.reconcile.work import Order, Scene, reconcile
from handlers.relay.message import outgoing
from tests.integration.index.samples import DIMENSIONS, SPACE

WAITING = "SELECT * FROM outbox WHERE processed_at IS NULL AND op IS NOT NULL ORDER BY id"


@dataclass
class Catalogue:
    """`held` are entities whose events are not delivered: they are under way."""

    pool: asyncpg.Pool
    index: VectorIndex
    embedded: list[str] = field(default_factory=list)
    held: set[UUID] = field(default_factory=set)
    most_at_once: int = 0
    _queued: int = 0

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.embedded += texts
        seeds = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) for text in texts]
        vectors = [np.random.default_rng(seed).standard_normal(DIMENSIONS) for seed in seeds]
        return np.asarray(vectors, dtype=np.float32)

    async def deliver(self) -> int:
        """Relay and index take everything that waits; how many events that were."""
        rows = [row for row in await self.pool.fetch(WAITING) if row["entity_id"] not in self.held]
        self.most_at_once = max(self.most_at_once, len(rows))
        events = [codec.decode(row["subject"], outgoing(dict(row)).payload) for row in rows]
        follower = Follower(CommittedRows(self.pool), self.index, self.embed, SPACE.model)
        assert all(isinstance(event, Event) for event in events)
        assert not any(await follow(follower, events, datetime.now(UTC)))  # type: ignore[arg-type]
        await self.pool.execute(
            "UPDATE outbox SET processed_at = now() WHERE id = ANY ($1)", [row["id"] for row in rows]
        )
        return len(rows)

    # --- what a pass works with ---------------------------------------------------------------------------------

    async def scroll(self, after: UUID | None, limit: int) -> Sequence[Stored]:
        return await self.index.scroll(after, limit)

    async def stored(self, ids: Sequence[UUID]) -> Mapping[UUID, Stored]:
        return await self.index.stored(ids)

    async def remove(self, versions: Mapping[UUID, int]) -> None:
        await self.index.delete([Deletion(one, version) for one, version in versions.items()])

    async def settled(self, _seconds: float) -> datetime | None:
        await self.deliver()
        return None if self.held else await self.pool.fetchval("SELECT now()")

    async def room(self) -> None:
        await self.deliver()

    async def reconcile(self, **order: object) -> Report:
        """One whole pass, and what it queued delivered."""
        now = datetime.now(UTC)
        scene = Scene(
            ReconcileStore(self.pool), self, CommittedRows(self.pool), SPACE.model, now, now - timedelta(days=7),
            self.settled, self.room,
        )  # fmt: skip
        reports = [report async for report in reconcile(scene, Order(uuid4(), **order))]  # type: ignore[arg-type]
        await self.deliver()
        return reports[-1]

    async def points(self) -> dict[UUID, Stored]:
        return {one.id: one for one in await self.index.scroll(None, 10_000)}

    async def payloads(self, ids: Collection[UUID]) -> dict[UUID, int]:
        return {one.id: one.version for one in (await self.index.stored(list(ids))).values()}


@pytest.fixture(params=["edge", "memory"])
async def catalogue(request: pytest.FixtureRequest, pool: asyncpg.Pool, tmp_path: Path) -> AsyncIterator[Catalogue]:
    """An empty one, on each adapter of the index."""
    index: VectorIndex
    if request.param == "edge":
        index = EdgeIndex(tmp_path / "index", SPACE, packaged_payload_index())
    else:
        from qdrant_client import AsyncQdrantClient

        index = ServerIndex(AsyncQdrantClient(":memory:"), SPACE, packaged_payload_index())
    await index.prepare()
    yield Catalogue(pool, index)
    await index.close()
