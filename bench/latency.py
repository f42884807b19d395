"""From publish to index, at a steady rate: what one change waits when nothing is in a hurry."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import numpy as np

from bench.program import program
from bench.setup import Stage, connect, empty_streams, score_changes
from contracts import codec, subjects
from handlers.index.port import Patch

RATE_PER_S = 50
SECONDS = 30


async def measure(ready: Stage, say: Callable[[str], None]) -> dict[str, float]:
    """p50 and p99 in milliseconds, at RATE_PER_S events a second for SECONDS."""
    say(f"latency at {RATE_PER_S} events/s for {SECONDS} s")
    client = await connect(ready)
    await empty_streams(client)
    sent: dict[UUID, float] = {}
    waited: list[float] = []
    changes = score_changes(ready.ids, RATE_PER_S * SECONDS, observed_at=datetime.now(UTC), seed=400)
    async with program(ready) as graph:
        # The index's own call is the end of the way: a change counts from its publish until this returns.
        index = graph.runtime.index
        write = index.patch

        async def patch(patches: list[Patch]) -> None:
            await write(patches)
            now = time.perf_counter()
            waited.extend(now - sent.pop(one.id) for one in patches if one.id in sent)

        index.patch = patch  # type: ignore[method-assign, assignment]
        jetstream = client.jetstream(timeout=10)
        began = time.perf_counter()
        for number, change in enumerate(changes):
            await asyncio.sleep(max(0.0, began + number / RATE_PER_S - time.perf_counter()))
            data = codec.encode(change)
            sent[change.anime_id] = time.perf_counter()
            await jetstream.publish(subjects.ANIME_UPDATED, data, headers={"Nats-Msg-Id": str(change.event_id)})
        async with asyncio.timeout(30):
            while sent:
                await asyncio.sleep(0.05)
    await client.close()
    p50, p99 = np.percentile(waited, [50, 99])
    return {"latency_p50_ms": float(p50) * 1e3, "latency_p99_ms": float(p99) * 1e3, "latency_events": len(waited)}
