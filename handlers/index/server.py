"""The vector index on a Qdrant server. Importing this file imports qdrant_client, which takes seconds: import it late.

Any number of processes may write, so every guard is a condition that the server evaluates: `update_filter` for an
upsert, an id and a version for a patch or a deletion. A read before the write would not be enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import httpx
from qdrant_client import AsyncQdrantClient, models

from contracts.payload_index import IndexedField
from handlers.index import server_operations as operations
from handlers.index.batching import slices
from handlers.index.filters import SearchFilters
from handlers.index.payload import STORED_KEYS, stored_from
from handlers.index.port import Deletion, Filling, Hit, Patch, Point, Stored, Vector
from handlers.index.server_collection import prepare_collection
from handlers.index.server_errors import translating
from handlers.index.space import COLLECTION, VectorSpace, checked_vector, first_after

OPERATIONS_PER_CALL_MAX: Final = 500
IDS_PER_READ_MAX: Final = 1_000
TIMEOUT_S: Final = 10


class ServerIndex:
    """A VectorIndex on a server. `searcher` may be a client with a read-only key; without one, `client` searches."""

    def __init__(
        self,
        client: AsyncQdrantClient,
        space: VectorSpace,
        fields: Sequence[IndexedField],
        *,
        searcher: AsyncQdrantClient | None = None,
        collection: str = COLLECTION,
    ) -> None:
        self._client = client
        self._searcher = searcher or client
        self._space = space
        self._fields = tuple(fields)
        self._collection = collection

    async def prepare(self, *, add_vector: bool = False) -> None:
        """Make the collection or check it; several processes may do this at once."""
        with translating():
            await prepare_collection(self._client, self._collection, self._space, self._fields, add_vector=add_vector)

    async def stored(self, ids: Sequence[UUID]) -> dict[UUID, Stored]:
        """What is known of those ids."""
        found: dict[UUID, Stored] = {}
        for part in slices(ids, IDS_PER_READ_MAX):
            with translating():
                records = await self._client.retrieve(
                    self._collection, list(part), with_payload=list(STORED_KEYS), with_vectors=False
                )
            found |= {UUID(str(one.id)): stored_from(UUID(str(one.id)), one.payload) for one in records}
        return found

    async def upsert(self, points: Sequence[Point]) -> None:
        """Insert or replace points that are not older than what is stored."""
        await self._update(operations.upserts(self._space, points))

    async def patch(self, patches: Sequence[Patch]) -> None:
        """Merge payloads into points that are older."""
        await self._update(operations.patches(patches))

    async def delete(self, deletions: Sequence[Deletion]) -> None:
        """Remove points that are not newer."""
        await self._update(operations.deletions(deletions))

    async def search(self, vector: Vector, filters: SearchFilters, limit: int, offset: int = 0) -> list[Hit]:
        """The nearest points that pass the filters."""
        query = checked_vector("search", vector, self._space.dimensions).tolist()
        with translating():
            found = await self._searcher.query_points(
                self._collection,
                query=query,
                using=self._space.vector_name,
                query_filter=operations.search_filter(filters),
                search_params=operations.RESCORED,
                limit=limit,
                offset=offset,
                with_payload=True,
            )
        return [Hit(UUID(str(one.id)), one.score, one.payload or {}) for one in found.points]

    async def count(self) -> int:
        """How many points there are."""
        with translating():
            return (await self._client.count(self._collection, exact=True)).count

    async def scroll(self, after: UUID | None, limit: int) -> list[Stored]:
        """The next points in the order of their ids."""
        first = first_after(after)
        if first is None:
            return []
        with translating():
            records, _ = await self._client.scroll(
                self._collection, offset=str(first), limit=limit, with_payload=list(STORED_KEYS), with_vectors=False
            )
        return [stored_from(UUID(str(one.id)), one.payload) for one in records]

    def beside(self, space: VectorSpace) -> ServerIndex:
        """The same collection by another model's vector."""
        return ServerIndex(self._client, space, self._fields, searcher=self._searcher, collection=self._collection)

    async def lacking(self, after: UUID | None, limit: int) -> list[Stored]:
        """The next points without a vector of this model."""
        first = first_after(after)
        if first is None:
            return []
        with translating():
            records, _ = await self._client.scroll(
                self._collection,
                scroll_filter=operations.lacking(self._space),
                offset=str(first),
                limit=limit,
                with_payload=list(STORED_KEYS),
                with_vectors=False,
            )
        return [stored_from(UUID(str(one.id)), one.payload) for one in records]

    async def filled(self) -> int:
        """How many points have a vector of this model."""
        with translating():
            having = operations.having(self._space)
            return (await self._client.count(self._collection, count_filter=having, exact=True)).count

    async def fill(self, fillings: Sequence[Filling]) -> None:
        """Give points a vector of this model, unless their text is another by now."""
        # The server writes the others of a request that names a missing point, and then answers as if it failed.
        there = await self.stored([one.id for one in fillings])
        await self._update(operations.fillings(self._space, [one for one in fillings if one.id in there]))

    async def relabel(self) -> None:
        """Say of every point that has a vector of this model that this is its model."""
        await self._update([operations.label(self._space)])

    async def forget_others(self) -> list[str]:
        """Remove the vectors of all other models."""
        with translating():
            found = (await self._client.get_collection(self._collection)).config.params.vectors
            names: list[str] = list(found) if isinstance(found, dict) else []
            others = [name for name in names if name != self._space.vector_name]
            for name in others:
                await self._client.delete_vector_name(self._collection, name)
        return others

    async def flush(self) -> None:
        """Nothing to do: every write waited until the server had applied it, and the server keeps its own log."""

    async def close(self) -> None:
        """Close the connections."""
        with translating():
            await self._client.close()
            if self._searcher is not self._client:
                await self._searcher.close()

    async def _update(self, requests: Sequence[models.UpdateOperation]) -> None:
        for part in slices(requests, OPERATIONS_PER_CALL_MAX):
            with translating():
                await self._client.batch_update_points(self._collection, list(part), wait=True)


def connect(
    url: str,
    api_key: str | None = None,
    *,
    timeout_s: int = TIMEOUT_S,
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncQdrantClient:
    """A client that asks nothing yet: `prepare` checks the version, where an answer can be awaited."""
    return AsyncQdrantClient(
        url=url, api_key=api_key, timeout=timeout_s, check_compatibility=False, transport=transport
    )
