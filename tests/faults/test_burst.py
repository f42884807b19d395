"""Ten times the steady load for a while, and looks meanwhile: memory stays bounded, everything drains, and no source is
asked more often than its budget allows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

from handlers.sources.policies import world_policies
from tests.faults.conftest import NewLane, chosen
from tests.faults.harness.budgets import allowances, fullest, overrun
from tests.faults.harness.judge import judge
from tests.faults.harness.lane import Lane
from tests.faults.harness.ledger import Sums
from tests.faults.harness.load import pour
from tests.faults.harness.looking import ask, begin, settings
from tests.faults.harness.sources import Book, watched_sources
from tests.faults.harness.traffic import hand_in

STEADY_PER_S = 12.0
STEADY_S = 3.0
TIMES = 10
# The sender aims higher, so that a slow moment of the machine leaves it above ten times.
AIMED_TIMES = 12
# It shares no factor with the ten kinds of changes, so that each anime gets each kind.
NAMES = 21
MEMORY_BYTES_MAX = 128 * 1024 * 1024
DRAINED_WITHIN_S = 120.0
MEMORY_EVERY_S = 0.2
# The longest that a request waited for its process between its turn and its leaving was 0.07 s, on a load of 13.
LATE_S = 0.3
SHOWS = chosen(20, 40)
BUSIEST = "jikan"


async def test_burst(new_lane: NewLane, sums: Sums) -> None:
    async with watched_sources() as book, new_lane(**_with_every_source(book)) as lane:
        await lane.start()
        names = [f"load {number}" for number in range(NAMES)]
        await hand_in(lane, *names)
        shows = await begin(lane, SHOWS)
        steady = await pour(lane, names, STEADY_PER_S, STEADY_S)
        async with _memory(lane) as memory:
            await ask(lane, "trigger", ids=shows, why="the suite asks")
            burst = await pour(lane, names, AIMED_TIMES * STEADY_PER_S, chosen(12, 60))
            begun = monotonic()
            assert await lane.drained(DRAINED_WITHIN_S) == []
        sums.figures["steady a second"] = round(steady.per_second, 1)
        sums.figures["sent a second"] = round(burst.per_second, 1)
        sums.figures["drained in s"] = round(monotonic() - begun, 1)
        sums.figures["memory grew MB"] = round((max(memory) - memory[0]) / 1024**2, 1)
        said = await judge(lane)
        sums.add(said)
        assert said.faults == []
        assert burst.per_second >= TIMES * steady.sent / STEADY_S
        assert max(memory) - memory[0] < MEMORY_BYTES_MAX
        assert _budgets(book, sums) == []
        # Else nothing was tried: the looks want more of this source at once than its budget allows.
        assert len(book.sent(BUSIEST)) > SHOWS
        assert all(book.sent(source) for source in world_policies(book.url))


def _with_every_source(book: Book) -> dict[str, str]:
    return settings(book.url) | {"JIKAN_ENABLED": "true", "KITSU_ENABLED": "true", "MAL_ENABLED": "true"}


@asynccontextmanager
async def _memory(lane: Lane) -> AsyncIterator[list[int]]:
    """The resident bytes of the program, looked at while the block runs."""
    seen: list[int] = [await lane.program.ask("memory")]
    is_over = asyncio.Event()

    async def look() -> None:
        while not is_over.is_set():
            seen.append(await lane.program.ask("memory"))
            await asyncio.sleep(MEMORY_EVERY_S)

    looking = asyncio.create_task(look())
    try:
        yield seen
    finally:
        is_over.set()
        await looking


def _budgets(book: Book, sums: Sums) -> list[str]:
    """What was asked too much; and how full the fullest windows were, for the sums."""
    found: list[str] = []
    for source, policy in world_policies(book.url).items():
        sent = book.sent(source)
        shares = [
            f"{fullest(sent, one.seconds - LATE_S)}/{one.count} in {one.seconds:g} s" for one in allowances(policy)
        ]
        sums.figures[f"requests/budget of {source}"] = f"{len(sent)} in all, {' and '.join(shares)}"
        exceeded = [overrun(sent, one, LATE_S) for one in allowances(policy)]
        found += [f"{source}: {words}" for words in exceeded if words]
    sums.figures["a request on its way at most s"] = round(book.longest_way_s, 2)
    sums.figures["requests refused by their source"] = sum(one.status == 429 for one in book.asked)
    return found
