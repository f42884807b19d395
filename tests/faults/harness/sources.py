"""The sources, with a book of who asked when: the simulated world, in a thread of its own beside the busy suite.

A request waits for the processor on its way, longest behind another one that its source is still answering, so that two
that left a second apart may come at the same time. What a budget promises is how they leave: each carries that instant.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from threading import Thread
from time import monotonic

from handlers.world.asking import Ask
from handlers.world.changes import Source
from handlers.world.desk import Desk, Reply
from handlers.world.running import serving
from handlers.world.world import World
from streams.clock import SystemClock
from streams.world import WorldPlan, demo_records
from tests.faults.program.instruments import SENT_AT

START_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as its source saw it: when it left, when it came, and how it was answered."""

    source: str
    sent_s: float
    came_s: float
    status: int


@dataclass(slots=True)
class Book:
    """Where the sources are, and every request that reached them."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)

    def sent(self, source: str) -> list[float]:
        """When the requests to a source left, in seconds of the machine's monotonic clock."""
        return sorted(one.sent_s for one in self.asked if one.source == source)

    @property
    def longest_way_s(self) -> float:
        """How long the slowest request was on its way."""
        return max((one.came_s - one.sent_s for one in self.asked), default=0.0)


class _WatchedDesk(Desk):
    """A desk that writes down what it is asked."""

    def __init__(self, world: World, plan: WorldPlan, book: Book) -> None:
        super().__init__(world, plan.clock())
        self._book = book

    async def meet(self, source: Source, ask: Ask) -> Reply:
        came_s = monotonic()
        reply = await super().meet(source, ask)
        self._book.asked.append(Asked(source.value, float(ask.headers[SENT_AT]), came_s, reply.status))
        return reply


@asynccontextmanager
async def watched_sources() -> AsyncIterator[Book]:
    """A world at our own speed, in which a second of a budget is a second."""
    plan = WorldPlan.new(7, 1.0, SystemClock().now())
    book = Book()
    desk = _WatchedDesk(World(demo_records(), seed=plan.seed, origin=plan.begun), plan, book)
    up: Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    thread = Thread(target=lambda: asyncio.run(_serve(desk, up)), name="the sources", daemon=True)
    thread.start()
    async with asyncio.timeout(START_TIMEOUT_S):
        book.url, loop, over = await asyncio.wrap_future(up)
    try:
        yield book
    finally:
        loop.call_soon_threadsafe(over.set)
        await asyncio.to_thread(thread.join)


async def _serve(desk: Desk, up: Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]]) -> None:
    over = asyncio.Event()
    try:
        async with serving(desk) as url:
            up.set_result((url, asyncio.get_running_loop(), over))
            await over.wait()
    except Exception as error:
        if up.done():
            raise
        up.set_exception(error)
