"""Gives an Edge index a second and a third model, as two reindexes do, and is killed right after it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from uuid import UUID

from contracts.payload_index import packaged_payload_index
from handlers.index.edge import EdgeIndex
from handlers.index.port import Filling, Point
from handlers.index.space import VectorSpace
from tests.integration.index.samples import SPACE, point, unit

IDS = [UUID(int=number + 1) for number in range(20)]
MODELS = ("second", "third")


async def switch(folder: Path) -> None:
    """Every point is written once more by each model; the vectors of the models before are removed."""
    index = EdgeIndex(folder, SPACE, packaged_payload_index())
    await index.prepare()
    await index.upsert([point(1, id=one) for one in IDS])
    for version, model in enumerate(MODELS, start=2):
        index = index.beside(VectorSpace(model, SPACE.dimensions))
        await index.prepare(add_vector=True)
        await index.fill([Filling(one, "hash 0", unit(0)) for one in IDS])  # type: ignore[arg-type]
        await index.relabel()
        await index.forget_others()
        await index.upsert([Point(one, version, unit(0), {"entity_type": "anime", "model": model}) for one in IDS])
    index = index.beside(VectorSpace("last", SPACE.dimensions))
    await index.prepare(add_vector=True)
    await index.forget_others()
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(switch(Path(sys.argv[1])))
