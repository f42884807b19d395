"""A running index step on a real database and a real index, with models that are functions of the text."""

from __future__ import annotations

import hashlib
import random
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np
import pytest
from numpy.typing import NDArray

from contracts import codec
from contracts.errors import Permanent
from contracts.events import Event
from contracts.payload_index import packaged_payload_index
from handlers.index.choice import ModelName
from handlers.index.edge import EdgeIndex
from handlers.index.filters import SearchFilters
from handlers.index.follow import follow
from handlers.index.port import VectorIndex
from handlers.index.server import ServerIndex
from handlers.index.space import VectorSpace
from handlers.relay.message import outgoing
from streams.clock import SystemClock
from streams.delivery.failures import PostgresFailures
from streams.delivery.publish import Publisher
from streams.delivery.settle import Settler
from streams.reindex import Reindexing
from streams.runtime import Runtime
from streams.settings import Settings

OLD, NEW = ModelName("old"), ModelName("new")
DIMENSIONS = {"old": 8, "new": 4}
WAITING = "SELECT * FROM outbox WHERE processed_at IS NULL AND op IS NOT NULL ORDER BY id"


@dataclass
class Model:
    """A model by hashes; `before` is called with the texts of each batch."""

    name: str
    before: Callable[[Sequence[str]], None] | None = None
    embedded: list[str] = field(default_factory=list)

    @property
    def model(self) -> str:
        return self.name

    @property
    def dimensions(self) -> int:
        return DIMENSIONS[self.name]

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self.before is not None:
            self.before(texts)
        self.embedded += texts
        return np.asarray([self.vector(text) for text in texts], dtype=np.float32).reshape(len(texts), self.dimensions)

    def vector(self, text: str) -> NDArray[Any]:
        seed = int.from_bytes(hashlib.sha256(f"{self.name} {text}".encode()).digest()[:8])
        return np.random.default_rng(seed).standard_normal(self.dimensions)


@dataclass
class Process:
    """What one process holds."""

    runtime: Runtime
    models: dict[str, Model]
    reindexing: Reindexing

    async def deliver(self) -> None:
        """The index takes what waits in the outbox."""
        rows = await self.runtime.pool.fetch(WAITING)
        events = [codec.decode(row["subject"], outgoing(dict(row)).payload) for row in rows]
        assert all(isinstance(event, Event) for event in events)
        assert not any(await follow(self.runtime.follower, events, self.runtime.clock.now()))  # type: ignore[arg-type]
        await self.runtime.pool.execute(
            "UPDATE outbox SET processed_at = now() WHERE id = ANY ($1)", [row["id"] for row in rows]
        )

    async def best(self, text: str) -> str | None:
        """The title that a search for exactly this text finds with certainty."""
        index, embed = self.runtime.searcher
        (vector,) = await embed([text])
        hits = await index.search(vector, SearchFilters(), limit=1)
        return str(hits[0].payload["title"]) if hits and hits[0].score > 0.999 else None


def process(pool: asyncpg.Pool, index: VectorIndex, named: ModelName, models: dict[str, Model]) -> Process:
    """A process with the index open by the model of that name."""
    clock = SystemClock()
    settler = Settler(Publisher(lambda: None), PostgresFailures(lambda: pool), clock, random.random)  # type: ignore[arg-type,return-value]
    runtime = Runtime(Settings(_env_file=None), clock, settler)  # type: ignore[call-arg]
    runtime.hold(pool=pool)
    runtime.hold_calendar(clock)
    model = models[named.name]
    runtime.hold_index(index.beside(VectorSpace(model.model, model.dimensions)), model, named)

    async def opening(_: Settings, wanted: ModelName) -> Model:
        if wanted.name not in models:
            raise Permanent(f"there is no model {wanted.name}")
        return models[wanted.name]

    return Process(runtime, models, Reindexing(runtime, opening, remove_after_s=0.0))


@pytest.fixture(params=["edge", "memory"])
async def index(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[VectorIndex]:
    """An empty index of the old model, on each adapter."""
    space = VectorSpace("old", DIMENSIONS["old"])
    opened: VectorIndex
    if request.param == "edge":
        opened = EdgeIndex(tmp_path / "index", space, packaged_payload_index())
    else:
        from qdrant_client import AsyncQdrantClient

        opened = ServerIndex(AsyncQdrantClient(":memory:"), space, packaged_payload_index())
    await opened.prepare()
    yield opened
    await opened.close()


@pytest.fixture
def running(pool: asyncpg.Pool, index: VectorIndex) -> Process:
    """The process that everything begins in."""
    return process(pool, index, OLD, {"old": Model("old"), "new": Model("new")})
