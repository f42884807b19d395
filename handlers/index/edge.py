"""The vector index on Qdrant Edge: the engine in this process, in one folder, for this process alone.

Because nobody else can write, the guards are a read before the write in the one thread that writes. That lets a patch
send only the keys that differ, which spares the payload indexes most of their work. Searches have a thread of their
own, so that they do not wait for a batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from contracts.payload_index import IndexedField
from handlers.index import edge_reads, edge_spaces, edge_writes
from handlers.index.edge_place import EdgePlace
from handlers.index.edge_shard import open_shard
from handlers.index.filters import SearchFilters
from handlers.index.port import Deletion, Filling, Hit, Patch, Point, Stored, Vector
from handlers.index.space import VectorSpace, checked_vector


class EdgeIndex:
    """A VectorIndex in a folder. Nothing is opened before `prepare`; `place` is one that another index has opened."""

    def __init__(
        self, folder: Path, space: VectorSpace, fields: Sequence[IndexedField], *, place: EdgePlace | None = None
    ) -> None:
        self._place = place or EdgePlace(folder, open_shard)
        self._space = space
        self._fields = tuple(fields)

    async def prepare(self, *, add_vector: bool = False) -> None:
        """Open the folder or make it; a folder that was removed under us is made anew."""
        await self._place.prepare(self._space, self._fields, add_vector=add_vector)

    async def stored(self, ids: Sequence[UUID]) -> dict[UUID, Stored]:
        """What is known of those ids."""
        return await self._place.read(lambda shard: edge_reads.stored(shard, ids))

    async def upsert(self, points: Sequence[Point]) -> None:
        """Insert or replace points that are not older than what is stored."""
        await self._place.write(lambda shard: edge_writes.upsert(shard, self._space, points))

    async def patch(self, patches: Sequence[Patch]) -> None:
        """Merge payloads into points that are older."""
        await self._place.write(lambda shard: edge_writes.patch(shard, patches))

    async def delete(self, deletions: Sequence[Deletion]) -> None:
        """Remove points that are not newer."""
        await self._place.write(lambda shard: edge_writes.delete(shard, deletions))

    async def search(self, vector: Vector, filters: SearchFilters, limit: int, offset: int = 0) -> list[Hit]:
        """The nearest points that pass the filters."""
        query, name = checked_vector("search", vector, self._space.dimensions), self._space.vector_name
        return await self._place.read(lambda shard: edge_reads.search(shard, name, query, filters, limit, offset))

    async def count(self) -> int:
        """How many points there are."""
        return await self._place.read(edge_reads.count)

    async def scroll(self, after: UUID | None, limit: int) -> list[Stored]:
        """The next points in the order of their ids."""
        return await self._place.read(lambda shard: edge_reads.scroll(shard, after, limit))

    def beside(self, space: VectorSpace) -> EdgeIndex:
        """The same folder by another model's vector."""
        return EdgeIndex(self._place.folder, space, self._fields, place=self._place)

    async def lacking(self, after: UUID | None, limit: int) -> list[Stored]:
        """The next points without a vector of this model."""
        return await self._place.read(lambda shard: edge_spaces.lacking(shard, self._space, after, limit))

    async def filled(self) -> int:
        """How many points have a vector of this model."""
        return await self._place.read(lambda shard: edge_spaces.filled(shard, self._space))

    async def fill(self, fillings: Sequence[Filling]) -> None:
        """Give points a vector of this model, unless their text is another by now."""
        await self._place.write(lambda shard: edge_spaces.fill(shard, self._space, fillings))

    async def relabel(self) -> None:
        """Say of every point that has a vector of this model that this is its model."""
        await self._place.write(lambda shard: edge_spaces.relabel(shard, self._space))

    async def forget_others(self) -> list[str]:
        """Remove the vectors of all other models."""
        place, space = self._place, self._space
        return await place.alter(lambda shard: edge_spaces.forget_others(shard, place.folder, space))

    async def flush(self) -> None:
        """Write everything to disk now."""
        await self._place.flush()

    async def close(self) -> None:
        """Finish what was begun, flush, and let go of the folder."""
        await self._place.close()
