"""Waiting for a condition, with a bound; tests never sleep for a time that somebody guessed."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

LOOK_EVERY_S = 0.01


async def eventually(condition: Callable[[], Any | Awaitable[Any]], *, within_s: float = 15.0) -> Any:
    """The first true value of `condition`; TimeoutError when it stays false.

    A library's `asyncio.wait_for` may swallow the one cancellation that ends a time limit (before Python 3.12), so the
    loop asks as well; else it would go round for ever.
    """
    async with asyncio.timeout(within_s) as limit:
        while not limit.expired():
            found = condition()
            if inspect.isawaitable(found):
                found = await found
            if found:
                return found
            await asyncio.sleep(LOOK_EVERY_S)
    raise TimeoutError(f"it did not happen within {within_s} s")
