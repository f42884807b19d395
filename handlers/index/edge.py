"""The vector index on Qdrant Edge: the engine in this process, in one folder, for this process alone.

Because nobody else can write, the guards are a read before the write in the one thread that writes. That lets a patch
send only the keys that differ, which spares the payload indexes most of their work. Searches have a thread of their
own, so that they do not wait for a batch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar
from uuid import UUID

import qdrant_edge as engine

from contracts.errors import EchoraError, Outage, Permanent
from contracts.payload_index import IndexedField
from handlers.index import edge_reads, edge_writes
from handlers.index.edge_shard import ensure_shard, is_there, open_shard
from handlers.index.filters import SearchFilters
from handlers.index.port import Deletion, Hit, Patch, Point, Stored, Vector
from handlers.index.space import VectorSpace, checked_vector

# The log keeps what is acknowledged over the death of the process; a flush makes it outlive a power failure and cuts
# the log. The engine holds the interpreter's lock meanwhile, 0.05 to 0.3 s for this many patches, so it is rare; to
# read a log of 120,000 writes at start takes about 2 s.
FLUSH_EVERY_WRITES: Final = 25_000

T = TypeVar("T")


class EdgeIndex:
    """A VectorIndex in a folder. Nothing is opened before `prepare`."""

    def __init__(self, folder: Path, space: VectorSpace, fields: Sequence[IndexedField]) -> None:
        self._folder = folder
        self._space = space
        self._fields = tuple(fields)
        self._shard: engine.EdgeShard | None = None
        self._unflushed_writes = 0
        self._writer = ThreadPoolExecutor(1, "index-write")
        self._reader = ThreadPoolExecutor(1, "index-read")

    async def prepare(self, *, add_vector: bool = False) -> None:
        """Open the folder or make it; a folder that was removed under us is made anew."""
        await self._in_thread(self._writer, lambda: self._prepare(add_vector))

    async def stored(self, ids: Sequence[UUID]) -> dict[UUID, Stored]:
        """What is known of those ids."""
        return await self._read(lambda shard: edge_reads.stored(shard, ids))

    async def upsert(self, points: Sequence[Point]) -> None:
        """Insert or replace points that are not older than what is stored."""
        await self._write(lambda shard: edge_writes.upsert(shard, self._space, points))

    async def patch(self, patches: Sequence[Patch]) -> None:
        """Merge payloads into points that are older."""
        await self._write(lambda shard: edge_writes.patch(shard, patches))

    async def delete(self, deletions: Sequence[Deletion]) -> None:
        """Remove points that are not newer."""
        await self._write(lambda shard: edge_writes.delete(shard, deletions))

    async def search(self, vector: Vector, filters: SearchFilters, limit: int, offset: int = 0) -> list[Hit]:
        """The nearest points that pass the filters."""
        query = checked_vector("search", vector, self._space.dimensions)
        return await self._read(lambda s: edge_reads.search(s, self._space.vector_name, query, filters, limit, offset))

    async def count(self) -> int:
        """How many points there are."""
        return await self._read(edge_reads.count)

    async def scroll(self, after: UUID | None, limit: int) -> list[Stored]:
        """The next points in the order of their ids."""
        return await self._read(lambda shard: edge_reads.scroll(shard, after, limit))

    async def flush(self) -> None:
        """Write everything to disk now. The whole process pauses meanwhile; see FLUSH_EVERY_WRITES."""
        await self._in_thread(self._writer, lambda: self._flush(self._open_shard()))

    async def close(self) -> None:
        """Finish what was begun, flush, and let go of the folder."""
        try:
            await self._in_thread(self._reader, _nothing)
            await self._in_thread(self._writer, self._close)
        except Outage:
            pass  # Its threads are gone, so an earlier close did all of this.
        self._reader.shutdown(wait=False)
        self._writer.shutdown(wait=False)

    async def _read(self, work: Callable[[engine.EdgeShard], T]) -> T:
        return await self._in_thread(self._reader, lambda: work(self._open_shard()))

    async def _write(self, work: Callable[[engine.EdgeShard], int]) -> None:
        await self._in_thread(self._writer, lambda: self._count_write(work))

    async def _in_thread(self, thread: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        try:
            future = asyncio.get_running_loop().run_in_executor(thread, work)
        except RuntimeError as error:
            raise Outage("index", "it is closed") from error
        try:
            return await future
        except EchoraError:
            raise
        except Exception as error:
            raise translated(error) from error

    # What follows runs in a thread of the index.

    def _prepare(self, add_vector: bool) -> None:
        if self._shard is not None and not is_there(self._folder):
            self._shard.close()
            self._shard = None
        if self._shard is None:
            self._shard = open_shard(self._folder, self._space)
        try:
            ensure_shard(self._shard, self._folder, self._space, self._fields, add_vector=add_vector)
        except BaseException:
            self._shard.close()
            self._shard = None
            raise

    def _open_shard(self) -> engine.EdgeShard:
        if self._shard is None:
            raise Outage("index", "it is not open; prepare it first")
        if not is_there(self._folder):
            raise Outage("index", f"the folder {self._folder} was removed; prepare it again")
        return self._shard

    def _count_write(self, work: Callable[[engine.EdgeShard], int]) -> None:
        shard = self._open_shard()
        self._unflushed_writes += work(shard)
        if self._unflushed_writes >= FLUSH_EVERY_WRITES:
            self._flush(shard)

    def _flush(self, shard: engine.EdgeShard) -> None:
        shard.flush()
        self._unflushed_writes = 0

    def _close(self) -> None:
        shard, self._shard = self._shard, None
        if shard is None:
            return
        try:
            shard.flush()
        finally:
            shard.close()


def translated(error: Exception) -> EchoraError:
    """The engine raises bare exceptions; its own words for a fault of its files or disk begin with "Service"."""
    if isinstance(error, OSError) or str(error).startswith("Service"):
        return Outage("index", str(error))
    return Permanent(f"the index refuses the request: {error}")


def _nothing() -> None:
    """Runs after everything that was asked of its thread before."""
