"""The step: events name entities, their committed rows decide, the index follows.

An event says only which entity to look at and whether the vector may have to follow. What is written is the committed
row as it stands now, so a message that comes late or twice writes what is true, and the version guard of the index
lets nothing older through. A point is embedded only when the hash of its text, its template or the model changed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from contracts.errors import EchoraError, Permanent
from contracts.events import (
    AnimeCreatedEvent,
    AnimeDeletedEvent,
    AnimeSyncedEvent,
    CharacterSyncedEvent,
    EpisodeSyncedEvent,
    Event,
    SyncUpdateType,
)
from handlers.index.document import ANIME_TEMPLATE, Document
from handlers.index.payload import VERSION_MAX
from handlers.index.port import Deletion, Patch, Point, VectorIndex

EMBEDDED_AT_ONCE_MAX: Final = 64

Outcome = EchoraError | None
Embed = Callable[[Sequence[str]], Awaitable[NDArray[np.float32]]]
Count = Callable[[str, int], None]


def _uncounted(way: str, points: int) -> None:
    pass


class Rows(Protocol):
    """Where the committed rows come from."""

    async def read(self, anime: Sequence[UUID], characters: Sequence[UUID], now: datetime) -> dict[UUID, Document]: ...  # noqa: D102
    async def deleted(self, anime: Sequence[UUID]) -> set[UUID]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Follower:
    """What the step works with. `embed` must not block the event loop; `count` hears of embedded, patched, deleted."""

    rows: Rows
    index: VectorIndex
    embed: Embed
    model: str
    count: Count = _uncounted


@dataclass(slots=True)
class Wanted:
    """What a batch asks for: which points, and whose vectors may have to follow."""

    anime: dict[UUID, int]
    characters: dict[UUID, int]
    vectors: set[UUID]


async def follow(to: Follower, events: Sequence[Event], now: datetime) -> list[Outcome]:
    """Bring the points of these events up to their committed rows; one outcome per event.

    Raises Outage when PostgreSQL or the index is away. When the index refuses a batch for good, the batch is halved
    until the guilty event stands alone.
    """
    try:
        await _follow(to, wanted(events), now)
    except Permanent as refused:
        if len(events) == 1:
            return [refused]
        middle = len(events) // 2
        return await follow(to, events[:middle], now) + await follow(to, events[middle:], now)
    return [None] * len(events)


def wanted(events: Iterable[Event]) -> Wanted:
    """Each entity once, with the highest version that was announced of it."""
    asked = Wanted({}, {}, set())
    for event in events:
        match event:
            case AnimeCreatedEvent():
                _ask(asked.anime, event.anime_id, event.entity_version)
                asked.vectors.add(event.anime_id)
            case AnimeSyncedEvent():
                _ask(asked.anime, event.anime_id, event.entity_version)
                if event.update_type is SyncUpdateType.PAYLOAD_AND_VECTOR:
                    asked.vectors.add(event.anime_id)
            case AnimeDeletedEvent():
                _ask(asked.anime, event.anime_id, event.entity_version)
            case EpisodeSyncedEvent():
                _ask(asked.anime, event.anime_id, None)
            case CharacterSyncedEvent():
                _ask(asked.characters, event.character_id, event.entity_version)
                if event.update_type is SyncUpdateType.PAYLOAD_AND_VECTOR:
                    asked.vectors.add(event.character_id)
            case _:
                raise TypeError(f"{type(event).__name__} is no event of the index; correct the topology")
    return asked


def _ask(asked: dict[UUID, int], entity_id: UUID, version: int | None) -> None:
    asked[entity_id] = max(asked.get(entity_id, 0), version or 0)


async def _follow(to: Follower, asked: Wanted, now: datetime) -> None:
    documents = await to.rows.read(list(asked.anime), list(asked.characters), now)
    # A row that is gone altogether (a database restored to an earlier state) leaves no point behind.
    gone = [Deletion(i, VERSION_MAX) for i in (asked.anime | asked.characters) if i not in documents]
    gone += [Deletion(d.id, d.version) for d in documents.values() if d.is_deleted]
    living = [document for document in documents.values() if not document.is_deleted]
    stale = await _without_vector(to, [d for d in living if d.id in asked.vectors])
    embedded = {document.id for document in stale}
    patches = [Patch(d.id, d.version, d.payload) for d in living if d.id not in embedded]
    await to.index.delete(gone)
    to.count("deleted", len(gone))
    await to.index.patch(patches)
    to.count("patched", len(patches))
    # Anime before characters, and texts of like length together: what people search for is there first, and a stop in
    # the middle loses only one group, since the rest is found embedded when the batch comes again.
    stale.sort(key=lambda document: (document.template != ANIME_TEMPLATE, len(document.text)))
    for begin in range(0, len(stale), EMBEDDED_AT_ONCE_MAX):
        await _upsert(to, stale[begin : begin + EMBEDDED_AT_ONCE_MAX])


async def _without_vector(to: Follower, documents: Sequence[Document]) -> list[Document]:
    """Those whose vector is missing or was made from another text, template or model."""
    if not documents:
        return []
    stored = await to.index.stored([document.id for document in documents])

    def is_current(document: Document) -> bool:
        point = stored.get(document.id)
        return point is not None and (point.text_sha256, point.template, point.model) == (
            document.text_sha256,
            document.template,
            to.model,
        )

    return [document for document in documents if not is_current(document)]


async def _upsert(to: Follower, documents: Sequence[Document]) -> None:
    vectors: NDArray[Any] = await to.embed([document.text for document in documents])
    await to.index.upsert(
        [
            Point(document.id, document.version, vector, document.full_payload(to.model))
            for document, vector in zip(documents, vectors, strict=True)
        ]
    )
    to.count("embedded", len(documents))
    # Another worker may have deleted one of them while we embedded; looking once more closes that gap, and dying
    # before it only means that the message comes again.
    deleted = await to.rows.deleted([document.id for document in documents])
    await to.index.delete([Deletion(d.id, d.version + 1) for d in documents if d.id in deleted])
