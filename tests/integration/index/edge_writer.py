"""Writes to an Edge index until it is killed, and prints the number of each round once the index acknowledged it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from uuid import UUID

from contracts.payload_index import packaged_payload_index
from handlers.index.edge import EdgeIndex
from handlers.index.port import Deletion, Patch
from tests.integration.index.samples import SPACE, point

POINTS_PER_ROUND = 20
ROUNDS_MAX = 100_000


def ids_of(round_number: int) -> list[UUID]:
    """The points of a round: the first is deleted again, the second is patched."""
    return [UUID(int=round_number * POINTS_PER_ROUND + n + 1) for n in range(POINTS_PER_ROUND)]


async def write(folder: Path) -> None:
    """Round after round, each of an upsert, a patch and a deletion."""
    index = EdgeIndex(folder, SPACE, packaged_payload_index())
    await index.prepare()
    for number in range(ROUNDS_MAX):
        ids = ids_of(number)
        await index.upsert([point(1, id=one, year=number) for one in ids])
        await index.patch([Patch(ids[1], 2, {"year": None, "score": 5.0})])
        await index.delete([Deletion(ids[0], 1)])
        print(number, flush=True)


if __name__ == "__main__":
    asyncio.run(write(Path(sys.argv[1])))
