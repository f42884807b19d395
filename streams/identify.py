"""update: ids that are missing are looked for, some at a time, behind everything that is more urgent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from contracts.errors import Outage
from handlers.identify import IdentifyStore, search_and_queue
from handlers.sources.resolve import resolve_ids
from streams.runtime import Runtime
from streams.tasks import end_tasks

# The first pass waits until a start has settled and a first catalogue is in.
FIRST_AFTER_S: Final = 60.0
PASS_EVERY_S: Final = 600.0
PLATFORMS: Final = ("mal", "anilist", "kitsu")


@dataclass(slots=True)
class Identification:
    """The loop in processes that ask the sources."""

    runtime: Runtime
    _task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run(), name="identification")

    async def stop(self) -> None:
        """End; a search that is under way is begun again at the next start."""
        await end_tasks(self._task)
        self._task = None

    async def once(self) -> int:
        """One pass; returns how many anime have learned an id."""
        store = IdentifyStore(self.runtime.pool, PLATFORMS)
        return await search_and_queue(store, self._resolve, self.runtime.calendar.now())

    async def _resolve(self, known: Sequence[Mapping[str, str]]) -> tuple[Sequence[Mapping[str, str]], bool]:
        resolved = await resolve_ids(self.runtime.sources, known)
        return resolved.ids, not resolved.failures

    async def _run(self) -> None:
        log = structlog.get_logger("identify")
        await asyncio.sleep(FIRST_AFTER_S)
        while True:
            try:
                found = await self.once()
                if found:
                    log.info("ids found", anime=found)
            except Outage as outage:
                log.warning("put off", error=str(outage))
            except Exception:
                # A defect of ours in one pass must not end the looking for good.
                log.exception("the search failed")
            await asyncio.sleep(PASS_EVERY_S)
