"""The folder of Qdrant Edge, opened once, with its two threads: one that writes and one that reads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

import qdrant_edge as engine

from contracts.errors import EchoraError, Outage, Permanent
from contracts.payload_index import IndexedField
from handlers.index.edge_shard import ensure_shard, is_there
from handlers.index.space import VectorSpace

# The log keeps what is acknowledged over the death of the process; a flush makes it outlive a power failure and cuts
# the log. The engine holds the interpreter's lock meanwhile, 0.05 to 0.3 s for this many patches, so it is rare; to
# read a log of 120,000 writes at start takes about 2 s.
FLUSH_EVERY_WRITES: Final = 25_000
# What the engine says of a vector that was removed; whoever still used it is given the new one with the next try.
_NO_SUCH_VECTOR: Final = "Not existing vector name"

Opening = Callable[[Path, VectorSpace], engine.EdgeShard]
T = TypeVar("T")


class EdgePlace:
    """The shard in a folder and whoever works on it. Nothing is opened before `prepare`."""

    def __init__(self, folder: Path, opening: Opening) -> None:
        self.folder = folder
        self._opening = opening
        self._shard: engine.EdgeShard | None = None
        self._unflushed_writes = 0
        self._writer = ThreadPoolExecutor(1, "index-write")
        self._reader = ThreadPoolExecutor(1, "index-read")

    async def prepare(self, space: VectorSpace, fields: Sequence[IndexedField], *, add_vector: bool) -> None:
        """Open the folder or make it; a folder that was removed under us is made anew."""
        await self._in_thread(self._writer, lambda: self._prepare(space, fields, add_vector))

    async def read(self, work: Callable[[engine.EdgeShard], T]) -> T:
        """What `work` reads."""
        return await self._in_thread(self._reader, lambda: work(self._open_shard()))

    async def write(self, work: Callable[[engine.EdgeShard], int]) -> None:
        """Have `work` write; it gives how many writes that were."""
        await self._in_thread(self._writer, lambda: self._count_write(work))

    async def alter(self, work: Callable[[engine.EdgeShard], T]) -> T:
        """What `work` gives once it has changed the shard itself."""
        return await self._in_thread(self._writer, lambda: work(self._open_shard()))

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

    def _prepare(self, space: VectorSpace, fields: Sequence[IndexedField], add_vector: bool) -> None:
        if self._shard is not None and not is_there(self.folder):
            self._shard.close()
            self._shard = None
        if self._shard is None:
            self._shard = self._opening(self.folder, space)
        try:
            ensure_shard(self._shard, self.folder, space, fields, add_vector=add_vector)
        except BaseException:
            self._shard.close()
            self._shard = None
            raise

    def _open_shard(self) -> engine.EdgeShard:
        if self._shard is None:
            raise Outage("index", "it is not open; prepare it first")
        if not is_there(self.folder):
            raise Outage("index", f"the folder {self.folder} was removed; prepare it again")
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
    said = str(error)
    if isinstance(error, OSError) or said.startswith("Service") or _NO_SUCH_VECTOR in said:
        return Outage("index", said)
    return Permanent(f"the index refuses the request: {error}")


def _nothing() -> None:
    """Runs after everything that was asked of its thread before."""
