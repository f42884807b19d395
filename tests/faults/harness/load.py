"""Load: changes of a fixed set of anime.

The one of `load` waits for each confirmation before it sends on, for as long as the block runs. The one of `pour` sends
at its rate whether or not anything is confirmed, as the outside world does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from time import monotonic

import asyncpg

from streams.tasks import end_tasks
from tests.faults.harness.lane import Lane
from tests.faults.harness.ledger import Entry
from tests.faults.harness.traffic import air, change, hand_in, refresh

PATIENCE_S = 30.0
# More than the sender can have open at once; it fails rather than fill the memory.
UNCONFIRMED_MAX = 5_000


@dataclass(slots=True)
class Load:
    """What runs. `sent` grows by one with each confirmed change."""

    lane: Lane
    names: tuple[str, ...]
    per_second: float
    sent: int = 0

    async def run(self) -> None:
        begun = monotonic()
        for number in count():
            name = self.names[number % len(self.names)]
            match number % 10:
                case 3:
                    await air(self.lane, name, 3 + number % 5)
                case 7:
                    await refresh(self.lane, name)
                case 9:
                    await hand_in(self.lane, name)
                case _:
                    await change(self.lane, name)
            self.sent += 1
            await asyncio.sleep(max(0.0, begun + number / self.per_second - monotonic()))


@dataclass(slots=True)
class Poured:
    """What was sent at a rate that nothing slows down: the instants of the confirmations, from the beginning on."""

    seconds: float
    sent: int = 0
    confirmed_s: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """The changes that were confirmed within the time, a second."""
        return sum(1 for at_s in self.confirmed_s if at_s <= self.seconds) / self.seconds


async def pour(lane: Lane, names: Sequence[str], per_second: float, seconds: float) -> Poured:
    """Send changes of these anime, which are there already, and wait in the end until each is confirmed."""
    poured, open_records = Poured(seconds), set[str]()
    sending: set[asyncio.Task[None]] = set()
    begun = monotonic()

    async def one(number: int) -> None:
        await _send(lane, names[number % len(names)], number, open_records)
        poured.confirmed_s.append(monotonic() - begun)

    while poured.sent < round(per_second * seconds):
        await asyncio.sleep(max(0.0, begun + poured.sent / per_second - monotonic()))
        sending = {task for task in sending if not task.done() or task.result()}
        assert len(sending) < UNCONFIRMED_MAX, f"{len(sending)} changes wait for their confirmation"
        sending.add(asyncio.create_task(one(poured.sent)))
        poured.sent += 1
    await asyncio.gather(*sending)
    return poured


async def _send(lane: Lane, name: str, number: int, open_records: set[str]) -> None:
    match number % 10:
        case 3:
            await air(lane, name, 3 + number % 5)
        case 7:
            await refresh(lane, name)
        # Two records of one anime under way at once may overtake each other, and the older one would change nothing.
        case 9 if name not in open_records:
            open_records.add(name)
            await hand_in(lane, name)
            open_records.remove(name)
        case _:
            await change(lane, name)


@asynccontextmanager
async def load(lane: Lane, per_second: float = 30.0, names: int = 20, senders: int = 2) -> AsyncIterator[list[Load]]:
    """Records are handed in first, so that every change finds its anime."""
    all_names = [f"load {number}" for number in range(names)]
    await hand_in(lane, *all_names)
    shares = [Load(lane, tuple(all_names[n::senders]), per_second / senders) for n in range(senders)]
    tasks = [asyncio.create_task(share.run()) for share in shares]
    try:
        yield shares
        for task in tasks:
            assert not task.done(), task.exception()
    finally:
        await end_tasks(*tasks)


async def probe(lane: Lane, name: str = "load 0", *, patience_s: float = PATIENCE_S) -> float:
    """Send one change and wait until it took effect; the seconds that this took."""
    begun = monotonic()
    known = set(lane.ledger.entries)
    await change(lane, name)
    entry = next(entry for token, entry in lane.ledger.entries.items() if token not in known)
    async with asyncio.timeout(patience_s):
        while not await took_effect(lane, entry):
            await asyncio.sleep(0.02)
    return monotonic() - begun


async def took_effect(lane: Lane, entry: Entry) -> bool:
    """Whether the change, or one that was observed later, shows."""
    tokens = [e.token for e in lane.ledger.entries.values() if e.entity == entry.entity and e.minute >= entry.minute]
    try:
        return bool(await lane.rows.fetchval("SELECT EXISTS (SELECT FROM fault_audit WHERE token = ANY ($1))", tokens))
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False  # The database may be down; then it shows nothing.
