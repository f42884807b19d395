"""reindex: the index gets the vectors of another model beside its own, in the background, and is then switched to it.

What was asked for and whether it was switched stands in PostgreSQL, what is filled in the index itself: killed at any
moment, the next start goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from contracts.errors import EchoraError, Permanent, Refused
from handlers.embedding.port import Embedder, Vectors
from handlers.index import choice
from handlers.index.choice import Choice, ModelName
from handlers.index.committed import CommittedRows
from handlers.index.port import VectorIndex
from handlers.index.refill import Refill, refill
from handlers.index.space import VectorSpace
from handlers.postgres import ERRORS as POSTGRES_ERRORS
from streams.alone import IsRunning, Work, alone
from streams.http.models import ReindexState
from streams.models import named_by, open_model
from streams.runtime import Runtime
from streams.settings import Settings
from streams.tasks import end_tasks

LOOK_EVERY_S: Final = 5.0
# A pass that fills fewer is the last: what comes in meanwhile is filled after the switch.
FEW: Final = 64
# A batch that was begun with the old model may write its vectors for so long after the switch.
REMOVE_AFTER_S: Final = 120.0


@dataclass(slots=True)
class Reindexing:
    """The loop in processes that hold the index, and what a person asks of it."""

    runtime: Runtime
    opening: Callable[[Settings, ModelName], Awaitable[Embedder]] = open_model
    remove_after_s: float = REMOVE_AFTER_S
    _opened: dict[ModelName, Embedder] = field(default_factory=dict)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _failing: bool = False
    _task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; what was under way goes on."""
        self._task = asyncio.create_task(self._run(), name="reindex")

    async def stop(self) -> None:
        """End; the next start goes on."""
        await end_tasks(self._task)
        self._task = None

    async def ask(self, wanted: ModelName) -> ReindexState:
        """Have the index filled with the vectors of another model. Raises Refused, Permanent, Outage."""
        runtime = self.runtime
        found = await choice.chosen(runtime.pool)
        if found is not None and found.wanted not in (None, wanted):
            raise Permanent(f"the index is being filled for {found.wanted.name}; ask again after it")
        embedder = await self.opening(runtime.settings, wanted)
        if embedder.model == runtime.embedder.model:
            raise Refused("reindex", "model", f"{wanted.name} is the index's model already")
        self._opened[wanted] = embedder
        await choice.want(runtime.pool, self._current, wanted)
        self._wake.set()
        return await self.state()

    async def state(self) -> ReindexState:
        """How far it is."""
        found = await choice.chosen(self.runtime.pool)
        wanted = found.wanted if found else None
        embedder = self._opened.get(wanted) if wanted else None
        return ReindexState(
            model=self._current.name,
            wanted=wanted.name if wanted else None,
            points=await self.runtime.index.count(),
            filled=await self._beside(embedder).filled() if embedder else None,
            is_done=found is None or (found.wanted is None and found.model == self._current),
        )

    async def once(self) -> None:
        """One look: go on with whatever is under way. Raises IsRunning while another process does it."""
        found = await choice.chosen(self.runtime.pool)
        if found is None:
            return
        if found.model != self._current:
            await self._take(found.model)
        if not self.runtime.settings.runs("index") or (found.wanted is None and found.is_tidy):
            return
        async with alone(self.runtime.pool, Work.REINDEX):
            if found.wanted is not None:
                await self._fill_and_switch(found.wanted)
            else:
                await self._tidy(found)

    # --- the steps ----------------------------------------------------------------------------------------------

    async def _fill_and_switch(self, wanted: ModelName) -> None:
        log = structlog.get_logger("reindex")
        embedder = await self._open(wanted)
        index = self._beside(embedder)
        # A folder that was deleted is made again by whoever rebuilds it, for the model that is searched.
        await self.runtime.index.count()
        await index.prepare(add_vector=True)
        while (filled := await self._pass(index, embedder)) >= FEW:
            log.info("filled", points=filled, model=embedder.model)
        # A comparison that is under way would take every label that changes under it for a fault.
        async with alone(self.runtime.pool, Work.RECONCILE):
            await choice.switch(self.runtime.pool)
            self.runtime.hold_index(index, embedder, wanted)
            await index.relabel()
        self._opened.clear()
        log.info("the index is switched", model=embedder.model, points=await index.filled())

    async def _tidy(self, found: Choice) -> None:
        """Fill what the old model wrote last, and remove its vectors once nobody can write them any more."""
        index = self.runtime.index
        await self._pass(index, self.runtime.embedder)
        await index.relabel()
        if found.old_s >= self.remove_after_s:
            removed = await index.forget_others()
            await choice.tidied(self.runtime.pool)
            structlog.get_logger("reindex").info("the vectors of other models are removed", vectors=removed)

    async def _take(self, model: ModelName) -> None:
        """Use the model that another process has switched to."""
        embedder = await self._open(model)
        self.runtime.hold_index(self._beside(embedder), embedder, model)

    async def _pass(self, index: VectorIndex, embedder: Embedder) -> int:
        """Fill what lacks a vector, no faster than the setting says; how many that were."""
        runtime = self.runtime

        async def embed(texts: Any) -> Vectors:
            return await runtime.embed(texts, embedder)

        work = Refill(CommittedRows(runtime.pool), index, embed)
        total, begun = 0, runtime.clock.monotonic()
        async for filled in refill(work, runtime.calendar.now()):
            total += filled
            due = begun + total / runtime.settings.reindex_per_s
            await asyncio.sleep(max(0.0, due - runtime.clock.monotonic()))
        return total

    # --- parts --------------------------------------------------------------------------------------------------

    @property
    def _current(self) -> ModelName:
        return self.runtime.model_named or named_by(self.runtime.settings)

    async def _open(self, model: ModelName) -> Embedder:
        if model not in self._opened:
            self._opened[model] = await self.opening(self.runtime.settings, model)
        return self._opened[model]

    def _beside(self, embedder: Embedder) -> VectorIndex:
        return self.runtime.index.beside(VectorSpace(embedder.model, embedder.dimensions))

    async def _run(self) -> None:
        log = structlog.get_logger("reindex")
        while True:
            self._wake.clear()
            try:
                await self.once()
                self._failing = False
            except IsRunning as error:
                log.debug("waiting", error=str(error))
            except (EchoraError, *POSTGRES_ERRORS) as error:
                if not self._failing:
                    log.warning("put off", error=str(error))
                self._failing = True
            except Exception:
                # A defect of ours must not end it for good.
                log.exception("reindexing failed")
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._wake.wait()
            except TimeoutError:
                continue
