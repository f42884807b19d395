"""Looks under fire: shows that forget what their sources know, looks that find it again, and the books kept of both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import httpx

from handlers.schedule.timer import subject_of
from streams import topology
from streams.clock import SystemClock
from streams.timers import NatsTimers
from streams.world import WorldPlan, demo_records, running_world
from tests.faults.harness.lane import Lane

ROLES: Final = "ingest,persist,relay,index,search,letters,update"
WORKFLOW: Final = "metadata_refresh"
SPEED: Final = 60.0
PATIENCE_S: Final = 60.0
_FORGET: Final = """
    UPDATE anime SET synopsis = NULL, duration = NULL, provenance = provenance - 'synopsis' - 'duration'
    WHERE id = ANY ($1::uuid[])"""
_KNOWN: Final = """
    SELECT count(*) FROM anime AS a JOIN schedule AS s ON s.entity_id = a.id::text AND s.workflow = $2
    WHERE a.id = ANY ($1::uuid[]) AND a.synopsis IS NOT NULL AND s.running_tick IS NULL AND s.last_tick IS NOT NULL
        AND s.due_at IS NOT NULL"""
_TWICE: Final = """
    SELECT subject, event_id, count(*) AS times FROM outbox
    WHERE payload IS NOT NULL AND entity_type <> 'schedule' GROUP BY 1, 2 HAVING count(*) > 1"""
# The suite makes the shows forget behind the program's back, so a version that tells them again is no second effect.
_TOO_OFTEN: Final = """
    SELECT a.entity, count(*) AS versions, (SELECT count(*) FROM outbox AS o WHERE o.entity_id = a.entity
        AND o.subject = 'anime.updated') AS events
    FROM fault_audit AS a WHERE a.relation = 'anime' GROUP BY a.entity"""
_ROWS: Final = "SELECT workflow, entity_id, timer_due_at, running_tick FROM schedule"


@asynccontextmanager
async def living_world() -> AsyncIterator[str]:
    """One world for every lane; its clock is faster than ours, and so are the budgets that run on it."""
    async with running_world(WorldPlan.new(7, SPEED, SystemClock().now())) as url:
        yield url


def settings(world_url: str) -> dict[str, str]:
    """One source is enough for a look, and the only one that answers many questions a minute."""
    return {
        "ECHORA_ROLES": ROLES,
        "ECHORA_SOURCES": "world",
        "WORLD_URL": world_url,
        "JIKAN_ENABLED": "false",
        "KITSU_ENABLED": "false",
    }


def shows(number: int) -> list[dict[str, Any]]:
    """The first records of the world's catalogue, without their casts."""
    return [{"anime": record["anime"]} for record in demo_records()[:number]]


async def begin(lane: Lane, number: int) -> list[str]:
    """Shows are handed in, and wait for their looks; gives their ids."""
    records = shows(number)
    await lane.ingest(records)
    ids = [str(record["anime"]["id"]) for record in records]
    async with asyncio.timeout(PATIENCE_S):
        while await lane.rows.fetchval(
            "SELECT count(*) FROM schedule WHERE workflow = $2 AND entity_id = ANY ($1)", ids, WORKFLOW
        ) < len(ids):
            await asyncio.sleep(0.1)
    return ids


async def look(lane: Lane, ids: Sequence[str]) -> None:
    """Make the shows forget, and ask for a look until each has been told what its source knows."""
    await lane.rows.execute(_FORGET, list(ids))
    async with asyncio.timeout(PATIENCE_S):
        await _trigger(lane, ids)
        while await lane.rows.fetchval(_KNOWN, list(ids), WORKFLOW) < len(ids):
            await asyncio.sleep(0.1)


async def ask(lane: Lane, act: str, **wish: Any) -> None:
    """What a person does with schedules. Raises an error of httpx when there is no good answer."""
    async with lane.http() as http:
        answer = await http.post(f"/schedules/{WORKFLOW}/{act}", json=wish)
    answer.raise_for_status()


async def _trigger(lane: Lane, ids: Sequence[str]) -> None:
    """A person who asks again until there is an answer; an answer that is lost makes a second look of the same."""
    while True:
        with suppress(httpx.HTTPError):
            await ask(lane, "trigger", ids=list(ids), why="the suite asks")
            return
        await asyncio.sleep(0.05)


async def balance(lane: Lane, within_s: float = 20.0) -> list[str]:
    """What is out of step between the rows of the schedule, the timers of NATS and the events; [] when nothing is."""
    left = ["nothing was looked at"]
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            while left:
                left = await lane.drained(within_s) or await _compare(lane)
                if left:
                    await asyncio.sleep(0.3)
    return left


async def _compare(lane: Lane) -> list[str]:
    held = await NatsTimers(lambda: lane.client, lambda workflow: topology.DUE[workflow].name).held()
    rows = await lane.rows.fetch(_ROWS)
    wanted = {subject_of(row["workflow"], row["entity_id"]) for row in rows if row["timer_due_at"] is not None}
    found = [f"stuck: {row['workflow']} {row['entity_id']} is running" for row in rows if row["running_tick"]]
    found += [f"lost: no timer {subject}" for subject in sorted(wanted - held.keys())]
    found += [f"stale: timer {subject} is nobody's" for subject in sorted(held.keys() - wanted)]
    found += [
        f"doubled: {row['subject']} {row['event_id']} was queued {row['times']} times"
        for row in await lane.rows.fetch(_TWICE)
    ]
    # One version when the record came, and at most one for each event.
    found += [
        f"doubled: anime {row['entity']} has {row['versions']} versions after {row['events']} events"
        for row in await lane.rows.fetch(_TOO_OFTEN)
        if row["versions"] > 1 + row["events"]
    ]
    return found
