"""Single flight: concurrent wishes for one key become one request."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from contracts.errors import EchoraError
from handlers.sources.bodies import Entry

Landing = Entry | EchoraError


class Flights:
    """Keys that are being fetched. Errors land as values, so that a landing that nobody waits for is no trouble."""

    def __init__(self) -> None:
        self._open: dict[str, asyncio.Future[Landing]] = {}

    def claim(self, keys: Iterable[str]) -> tuple[list[str], dict[str, asyncio.Future[Landing]]]:
        """The keys that the caller must fetch, and a future for every key, whoever fetches it."""
        mine: list[str] = []
        futures: dict[str, asyncio.Future[Landing]] = {}
        for key in dict.fromkeys(keys):
            if key not in self._open:
                self._open[key] = asyncio.get_running_loop().create_future()
                mine.append(key)
            futures[key] = self._open[key]
        return mine, futures

    def land(self, key: str, future: asyncio.Future[Landing], landing: Landing) -> None:
        """Give everybody who waits for this flight its entry or its error; the first landing counts."""
        if self._open.get(key) is future:
            del self._open[key]
        if not future.done():
            future.set_result(landing)
