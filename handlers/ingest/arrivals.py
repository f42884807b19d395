"""Records as they arrive, read ahead within a bound."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Final

from contracts import limits
from contracts.clock import Clock
from handlers.ingest.raw import RawRecord

RECORDS_AHEAD_MAX: Final = 200
BYTES_AHEAD_MAX: Final = limits.INGEST_RECORD_BYTES_MAX


class Arrivals:
    """Reads `records` in a task of its own, so that verdicts go out while the next record is still on its way."""

    def __init__(self, records: AsyncIterator[RawRecord]) -> None:
        self._held: deque[RawRecord] = deque()
        self._bytes = 0
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._task = asyncio.create_task(self._read(records))

    async def _read(self, records: AsyncIterator[RawRecord]) -> None:
        try:
            async for record in records:
                while self._held and not self._fits(record):
                    self._room.clear()
                    await self._room.wait()
                self._held.append(record)
                self._bytes += record.size_bytes
                self._news.set()
        finally:
            self._news.set()

    def _fits(self, record: RawRecord) -> bool:
        return len(self._held) < RECORDS_AHEAD_MAX and self._bytes + record.size_bytes <= BYTES_AHEAD_MAX

    @property
    def over(self) -> bool:
        """Whether everything that there was has been taken."""
        return self._task.done() and not self._held

    def take(self, records_max: int, bytes_max: int) -> list[RawRecord]:
        """What has arrived, at least one record if there is one, within both bounds."""
        taken: list[RawRecord] = []
        size = 0
        while self._held and len(taken) < records_max:
            if taken and size + self._held[0].size_bytes > bytes_max:
                break
            taken.append(self._held.popleft())
            size += taken[-1].size_bytes
        self._bytes -= size
        self._room.set()
        return taken

    async def wait(self, clock: Clock, seconds: float) -> None:
        """Until something arrives, but no longer than `seconds`."""
        waits = {asyncio.ensure_future(self._news.wait()), asyncio.ensure_future(clock.sleep(seconds))}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        self._news.clear()

    async def stop(self) -> None:
        """Read no further."""
        self._task.cancel()
        await asyncio.wait({self._task})

    def raise_failure(self) -> None:
        """Raise what ended the reading early, if anything did."""
        if self._task.done() and not self._task.cancelled() and (failure := self._task.exception()):
            raise failure
