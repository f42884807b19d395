"""What the running program holds: settings, stores, the index, the model. Filled at start, passed as a parameter."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg
import numpy as np
from numpy.typing import NDArray

from contracts.clock import Clock
from contracts.errors import Outage
from handlers.embedding.port import Embedder
from handlers.index.choice import ModelName
from handlers.index.committed import CommittedRows
from handlers.index.follow import Embed, Follower
from handlers.index.port import VectorIndex
from handlers.sources.fetch import Sources
from streams.alerts import Alerts
from streams.delivery.metrics import POINTS
from streams.delivery.settle import Settler
from streams.looks import Looks
from streams.settings import Settings

# Texts that go to the model at once, about one of its own batches: between two of them a stop is noticed.
EMBED_AT_ONCE_MAX: Final = 32


def _count_points(way: str, points: int) -> None:
    POINTS.labels(way).inc(points)


@dataclass(slots=True)
class Runtime:
    """One process's parts. Subscribers are declared before anything runs, so what start brings is set later."""

    settings: Settings
    clock: Clock
    settler: Settler
    alerts: Alerts = field(default_factory=Alerts)
    _pool: asyncpg.Pool | None = None
    _index: VectorIndex | None = None
    _embedder: Embedder | None = None
    _sources: Sources | None = None
    _calendar: Clock | None = None
    _looks: Looks | None = None
    model_named: ModelName | None = None
    versions: dict[str, str] = field(default_factory=dict)
    _embedding: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "embed"))
    _asking: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "embed-query"))

    @property
    def pool(self) -> asyncpg.Pool:
        """Connections to PostgreSQL."""
        assert self._pool is not None, "the program has not started"
        return self._pool

    @property
    def index(self) -> VectorIndex:
        """The vector index, in processes whose roles use it."""
        assert self._index is not None, "this process runs no role that uses the index"
        return self._index

    @property
    def embedder(self) -> Embedder:
        """The embedding model, in processes whose roles use it."""
        assert self._embedder is not None, "this process runs no role that embeds"
        return self._embedder

    @property
    def sources(self) -> Sources:
        """The sources, in processes whose roles ask them."""
        assert self._sources is not None, "this process runs no role that asks the sources"
        return self._sources

    @property
    def calendar(self) -> Clock:
        """The catalogue's clock: schedules, looks and reviews run on it (streams/calendar.py)."""
        assert self._calendar is not None, "the program has not started"
        return self._calendar

    @property
    def looks(self) -> Looks:
        """What looks need, in processes whose roles look."""
        assert self._looks is not None, "this process runs no role that looks"
        return self._looks

    @property
    def has_index(self) -> bool:
        """Whether this process holds the index."""
        return self._index is not None

    @property
    def follower(self) -> Follower:
        """What the index step works with."""
        # One model for the whole batch, also when the index is given another meanwhile.
        embedder = self.embedder

        async def embed(texts: Sequence[str]) -> NDArray[np.float32]:
            return await self.embed(texts, embedder)

        return Follower(CommittedRows(self.pool), self.index, embed, embedder.model, _count_points)

    @property
    def searcher(self) -> tuple[VectorIndex, Embed]:
        """What a search works with: the index, and the model that its vectors are of."""
        embedder = self.embedder

        async def embed(texts: Sequence[str]) -> NDArray[np.float32]:
            # It does not wait behind a batch of documents.
            return await _embed_in(self._asking, embedder, texts)

        return self.index, embed

    async def embed(self, texts: Sequence[str], by: Embedder | None = None) -> NDArray[np.float32]:
        """Embed documents in a thread of their own, so that the event loop goes on meanwhile.

        A batch of long texts takes half a minute, which nobody waits for at a stop: Outage is raised then, and the
        batch comes again.
        """
        embedder = by or self.embedder
        vectors = np.zeros((len(texts), embedder.dimensions), dtype=np.float32)
        # Texts of like length belong together, because a batch is padded to its longest.
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        for begin in range(0, len(order), EMBED_AT_ONCE_MAX):
            if self.settler.stopping.is_set():
                raise Outage("the embedding model", "the program is stopping")
            places = order[begin : begin + EMBED_AT_ONCE_MAX]
            vectors[places] = await _embed_in(self._embedding, embedder, [texts[at] for at in places])
        return vectors

    def hold(self, *, pool: asyncpg.Pool) -> None:
        """Take what start has opened."""
        self._pool = pool

    def hold_index(self, index: VectorIndex, embedder: Embedder, named: ModelName) -> None:
        """Take the opened index and model, and the name by which the model was asked for."""
        self._index, self._embedder, self.model_named = index, embedder, named

    def hold_sources(self, sources: Sources) -> None:
        """Take the opened sources."""
        self._sources = sources

    def hold_calendar(self, calendar: Clock) -> None:
        """Take the catalogue's clock."""
        self._calendar = calendar

    def hold_looks(self, looks: Looks) -> None:
        """Take what looks need."""
        self._looks = looks

    def release(self) -> None:
        """Let go of everything; the owner closes it."""
        self._embedding.shutdown(wait=True, cancel_futures=True)
        self._asking.shutdown(wait=True, cancel_futures=True)
        self._pool = self._index = self._embedder = self._sources = self._looks = None


async def _embed_in(executor: ThreadPoolExecutor, embedder: Embedder, texts: Sequence[str]) -> NDArray[np.float32]:
    vectors: NDArray[Any] = await asyncio.get_running_loop().run_in_executor(executor, embedder.embed, texts)
    return vectors
