"""The program in two processes, each killed at random under load; and several of a kind at once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

from contracts import codec, subjects
from streams import topology
from tests import events as make
from tests.events import uid
from tests.faults.conftest import NewLane, chosen
from tests.faults.harness.judge import judge
from tests.faults.harness.lane import Lane
from tests.faults.harness.ledger import Entry, Sums
from tests.faults.harness.load import load
from tests.faults.harness.processes import Child
from tests.faults.harness.traffic import hand_in, token
from tests.integration.program.running import free_port

ROWS, INDEX = "ingest,persist,relay,letters", "index,search"


@asynccontextmanager
async def programs(lane: Lane, *roles: str) -> AsyncIterator[list[Child]]:
    """Several programs of one lane; the first answers on the lane's port, the last is the one that holds the index."""
    ports = [lane.port, *(free_port() for _ in roles[1:])]
    running = [
        await lane.zygote.fork(lane.environment(ECHORA_ROLES=part), port)
        for part, port in zip(roles, ports, strict=True)
    ]
    try:
        for child in running:
            assert await child.started(), child.said[-4_000:]
        lane.child = running[-1]
        yield running
    finally:
        for child in running:
            await child.killed()


async def test_each_process_killed_at_random(new_lane: NewLane, sums: Sums, dice: random.Random) -> None:
    roles = [ROWS, INDEX]
    async with new_lane() as lane, programs(lane, *roles) as running:
        async with load(lane):
            begun = monotonic()
            while monotonic() - begun < chosen(20, 120):
                await asyncio.sleep(dice.uniform(0.1, 1.5))
                number = dice.randrange(len(roles))
                await running[number].killed()
                sums.kills += 1
                again = await lane.zygote.fork(lane.environment(ECHORA_ROLES=roles[number]), running[number].port)
                running[number] = again
                # Half of them are killed again while they start.
                if dice.random() < 0.5:
                    assert await again.started(), again.said[-4_000:]
        for number, child in enumerate(running):
            assert await child.started(), child.said[-4_000:]
            running[number] = child
        lane.child = running[-1]
        said = await judge(lane, drain_s=60)
        sums.add(said)
        assert said.faults == []


async def test_two_relays_and_the_same_event_to_two_replicas(new_lane: NewLane, sums: Sums) -> None:
    """Two processes persist and relay. Every event is there twice, under two message ids, so both get it at once."""
    names = [f"replica {number}" for number in range(chosen(60, 1_000))]
    async with new_lane() as lane, programs(lane, ROWS, "persist,relay", INDEX):
        await hand_in(lane, *names)
        await asyncio.gather(*(twice(lane, name) for name in names))
        said = await judge(lane)
        sums.add(said)
        assert said.faults == []
        assert said.applied == len(lane.ledger.entries)


async def twice(lane: Lane, name: str) -> None:
    """One event as two messages."""
    minute = lane.minutes()
    entry = Entry(token(lane, name, "twice", minute), "anime", uid(lane.port, name), minute, topology.UPDATED.name)
    lane.ledger.add(entry)
    event = make.updated("x", minute=minute, event_id=uid(lane.port, "twice", minute), synopsis=entry.token)
    payload = codec.encode(event.model_copy(update={"anime_id": entry.entity}))
    await asyncio.gather(
        *(lane.publish(subjects.ANIME_UPDATED, payload, f"{event.event_id}#{copy}") for copy in (1, 2))
    )
    entry.sent, entry.acknowledged, entry.event_id = 2, True, event.event_id
