"""How a task of ours is ended."""

from __future__ import annotations

import asyncio
from typing import Any

ASK_AGAIN_S = 0.5


async def end_tasks(*tasks: asyncio.Task[Any] | None) -> None:
    """Cancel the tasks, and return when each of them is over, however it ended.

    Once is not always enough: before Python 3.12 `wait_for`, with which the NATS client waits, forgets a cancellation
    that comes together with the answer (python/cpython#86296), and a loop that was to end would go on for ever.
    """
    running = {task for task in tasks if task is not None and not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=ASK_AGAIN_S)
