"""One pass of the relay: claim, publish, mark, until nothing waits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from handlers.relay.message import Outgoing
from handlers.relay.store import OutboxStore

Publish = Callable[[Sequence[Outgoing]], Awaitable[list[int]]]
"""Publishes in order, waits for every confirmation, and returns the row ids that were confirmed."""


async def drain(store: OutboxStore, publish: Publish, rows_max: int) -> int:
    """Send what waits in the buckets that `store` owns; returns how many rows were confirmed.

    Dying between publish and mark sends a row twice under the same message id, which NATS drops within its window and
    the inbox after it. A row that was not confirmed stays unsent and leads the next pass.
    """
    sent = 0
    while True:
        claimed = await store.claim(rows_max)
        if not claimed:
            return sent
        confirmed = await publish(claimed)
        await store.mark(confirmed)
        sent += len(confirmed)
        if len(confirmed) < len(claimed) or len(claimed) < rows_max:
            return sent
