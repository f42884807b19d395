"""Filling the vectors of another model beside those that are searched: point by point, from the committed rows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from handlers.index.filters import ANIME
from handlers.index.follow import Embed, Rows
from handlers.index.port import Filling, Stored, VectorIndex

# A group goes to the model at once, so a batch of the index step waits about a second for it.
GROUP: Final = 32


@dataclass(frozen=True, slots=True)
class Refill:
    """What a pass works with: `index` and `embed` are of the other model."""

    rows: Rows
    index: VectorIndex
    embed: Embed


async def refill(by: Refill, now: datetime) -> AsyncIterator[int]:
    """One pass over the points that lack the vector; how many were given one, group by group.

    A point whose text is not its row's is on its way to become so, which is when it is filled; it is passed over.
    """
    after: UUID | None = None
    while points := await by.index.lacking(after, GROUP):
        after = points[-1].id
        yield await _fill(by, points, now)


async def _fill(by: Refill, points: list[Stored], now: datetime) -> int:
    documents = await by.rows.read(
        [one.id for one in points if one.entity_type == ANIME],
        [one.id for one in points if one.entity_type != ANIME],
        now,
    )
    current = [
        document
        for one in points
        if (document := documents.get(one.id)) is not None
        and (one.text_sha256, one.template) == (document.text_sha256, document.template)
    ]
    if current:
        vectors = await by.embed([document.text for document in current])
        await by.index.fill(
            [
                Filling(document.id, document.text_sha256, vector)
                for document, vector in zip(current, vectors, strict=True)
            ]
        )
    return len(current)
