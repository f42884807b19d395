"""The program under measurement: the real graph, on the stage's servers and with the stage's vectors."""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.setup import DIMENSIONS, MODEL, Stage, open_index
from contracts.clock import Clock
from handlers.index.choice import ModelName
from handlers.sources.fetch import Sources
from streams.broker import connection
from streams.collector import calm_collector
from streams.compose import wire
from streams.database.pool import PoolLimits, open_pool
from streams.graph import Graph
from streams.look_settings import build_looks
from streams.settings import Settings
from streams.start import Servers
from streams.topology import ROLES

# The way of a change. The role update asks sources, and is measured by itself.
STEPS: Final = tuple(name for name in ROLES if name != "update")


class NoEmbedder:
    """Stands where the model stands; a score change must not embed anything, so being asked is an error."""

    model = MODEL
    dimensions = DIMENSIONS

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Refuse."""
        raise AssertionError(f"{len(texts)} texts were to be embedded by a change of scores")


@dataclass(frozen=True, slots=True)
class Outside:
    """What the update step looks at: sources, and the clock that the catalogue lives on."""

    sources: Sources
    calendar: Clock


@asynccontextmanager
async def program(
    ready: Stage, roles: Sequence[str] = STEPS, index: str = "index", outside: Outside | None = None
) -> AsyncIterator[Graph]:
    """The graph, running the given roles inside the block; `outside` is for the role update."""
    settings = Settings(
        _env_file=None,
        NATS_URL=ready.nats_url,
        POSTGRES_URL=ready.dsn,
        QDRANT_URL="unused",
        ECHORA_SOURCES="world",
        ECHORA_ROLES=",".join(roles),
    )
    graph = wire(settings, Servers(None, ready.nats_url, ready.dsn, ()))
    pool = await open_pool(ready.dsn, PoolLimits())
    graph.runtime.hold(pool=pool)
    edge = open_index(ready, index)
    if "index" in roles:
        await edge.prepare()
        graph.runtime.hold_index(edge, NoEmbedder(), ModelName("none"))
    await graph.broker.connect()
    graph.runtime.hold_calendar(outside.calendar if outside is not None else graph.runtime.clock)
    if outside is not None:
        graph.runtime.hold_sources(outside.sources)
        graph.runtime.hold_looks(build_looks(graph.runtime, lambda: connection(graph.broker)))
    await graph.broker.start()
    if "relay" in roles:
        graph.relay.start()
    calm_collector()
    try:
        yield graph
    finally:
        graph.runtime.settler.stopping.set()
        await graph.pullers.stop()
        await graph.relay.stop()
        await graph.broker.stop()
        await edge.close()
        await pool.close()


async def _main(ready: Stage, roles: Sequence[str], index: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with program(ready, roles, index):
        print("running", flush=True)
        await stop.wait()


if __name__ == "__main__":
    import uvloop

    parser = argparse.ArgumentParser(description="Some roles in a process of their own, for bench.")
    for name in ("folder", "nats", "dsn", "roles", "index"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args()
    uvloop.run(_main(Stage(Path(given.folder), given.nats, given.dsn, ()), given.roles.split(","), given.index))
