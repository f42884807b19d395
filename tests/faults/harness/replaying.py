"""Errands of a person who decides about dead letters: sent again, some with success and some not, or dropped."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final
from uuid import UUID

import httpx

from contracts import subjects
from streams import topology
from tests import events as make
from tests.events import uid
from tests.faults.harness.errands import Errand
from tests.faults.harness.lane import Lane
from tests.faults.harness.ledger import Entry
from tests.faults.harness.traffic import hand_in, send, token

PATIENCE_S: Final = 60.0
WITHIN: Final = ("streams/dead_letters.py", "streams/http/dead_letters.py")
BY: Final = "the suite"
REASON: Final = "the suite asks"
CURABLE: Final = 3
# Two letters a step, so that a replay may die between two steps.
PER_SECOND: Final = 2
_NUMBERS = count(1)
_LETTERS: Final = """
    SELECT id, state, replays, decided_by, drop_reason,
           (SELECT count(*) FROM outbox AS o WHERE o.headers ->> 'Echora-Replay-Of' = l.id::text) AS queued,
           (SELECT count(*) FROM dead_letter AS again WHERE again.replay_of = l.id) AS again
    FROM dead_letter AS l WHERE id = ANY ($1) ORDER BY number"""
_WAITING: Final = "SELECT id, payload FROM dead_letter WHERE state = 'waiting' AND number > $1 ORDER BY number"


@dataclass(slots=True)
class Given:
    """Letters that wait: those whose cause is gone, with the changes that they carry, and one that fails again."""

    curable: dict[UUID, Entry]
    incurable: UUID
    letters: list[UUID] = field(default_factory=list)
    answers: list[Mapping[str, Any]] = field(default_factory=list)


def deciding() -> list[Errand]:
    """The errands of dead letters."""
    return [
        Errand("replay", WITHIN, _given_up, _replay, _replayed),
        Errand("drop", WITHIN, _given_up, _drop, _dropped),
    ]


async def _given_up(lane: Lane) -> Given:
    """Records without a title of an anime that is not there are refused; then the anime comes, and its records may."""
    name = f"given up {next(_NUMBERS)}"
    last = await lane.rows.fetchval("SELECT coalesce(max(number), 0) FROM dead_letter")
    earlier = lane.minutes()
    curable = [await _refused_record(lane, name) for _ in range(CURABLE)]
    assert await lane.drained() == []
    await hand_in(lane, name, minute=earlier)
    incurable = await _refused_update(lane, name)
    given = Given({entry.event_id: entry for entry in curable if entry.event_id}, incurable)
    async with asyncio.timeout(PATIENCE_S):
        while len(given.letters) < CURABLE + 1:
            given.letters = [row["id"] for row in await lane.rows.fetch(_WAITING, last)]
            await asyncio.sleep(0.02)
    return given


async def _refused_record(lane: Lane, name: str) -> Entry:
    minute = lane.minutes()
    anime = uid(lane.port, name)
    entry = Entry(token(lane, name, "again", minute), "anime", anime, minute, topology.ENRICHED.name)
    event = make.enriched("x", minute=minute, event_id=uid(lane.port, "again", minute), synopsis=entry.token)
    assert event.anime is not None
    bare = event.anime.model_copy(update={"title": None})
    event = event.model_copy(update={"anime_id": anime, "anime": bare})
    lane.ledger.refused[event.event_id] = True
    await send(lane, subjects.ANIME_ENRICHED, event, None)
    entry.sent, entry.event_id = 1, event.event_id
    return lane.ledger.add(entry)


async def _refused_update(lane: Lane, name: str) -> UUID:
    minute = lane.minutes()
    event = make.updated("x", minute=minute, event_id=uid(lane.port, "refused", minute), title=None)
    lane.ledger.refused[event.event_id] = True
    await send(lane, subjects.ANIME_UPDATED, event.model_copy(update={"anime_id": uid(lane.port, name)}), None)
    return event.event_id


# --- asking ------------------------------------------------------------------------------------------------------


async def _replay(lane: Lane, given: Given, _: Sequence[Any]) -> dict[str, int]:
    """Ask until none of them waits any more, and once more."""
    wish = {"ids": [str(one) for one in given.letters], "by": BY, "per_second": PER_SECOND}
    async with asyncio.timeout(PATIENCE_S):
        while not given.answers or given.answers[-1]["letters"]:
            with suppress(httpx.HTTPError):
                async with lane.http() as http:
                    answer = await http.post("/dead-letters/replay", json=wish)
                lines = [json.loads(line) for line in answer.text.splitlines()] if answer.is_success else []
                given.answers += [line["summary"] for line in lines if "summary" in line]
            await asyncio.sleep(0.05)
    # Whatever they carry is promised from now on.
    for entry in given.curable.values():
        entry.acknowledged = True
    return {}


async def _drop(lane: Lane, given: Given, _: Sequence[Any]) -> dict[str, int]:
    wish = {"ids": [str(one) for one in given.letters], "by": BY, "reason": REASON}
    async with asyncio.timeout(PATIENCE_S):
        while not given.answers or given.answers[-1]["letters"]:
            with suppress(httpx.HTTPError):
                async with lane.http() as http:
                    answer = await http.post("/dead-letters/drop", json=wish)
                given.answers += [answer.json()] if answer.is_success else []
            await asyncio.sleep(0.05)
    return {}


# --- after -------------------------------------------------------------------------------------------------------


async def _replayed(lane: Lane, given: Given) -> list[str]:
    """Each was sent once; the last of the curable ones shows; the incurable one is one new letter that knows it."""
    found: list[str] = []
    rows = await lane.rows.fetch(_LETTERS, given.letters)
    for row in rows:
        held = (row["state"], row["replays"], row["decided_by"])
        if held != ("replayed", 1, BY):
            found.append(f"lost: letter {row['id']} says {held}")
        if row["queued"] != 1:
            kind = "lost" if row["queued"] == 0 else "doubled"
            found.append(f"{kind}: letter {row['id']} was sent again {row['queued']} times")
    again = [row["again"] for row in rows]
    if sorted(again) != [0] * CURABLE + [1]:
        found.append(f"doubled: they came back as {again} letters")
    return found


async def _dropped(lane: Lane, given: Given) -> list[str]:
    """Each is given up once, with the reason, and none was sent."""
    found: list[str] = []
    for row in await lane.rows.fetch(_LETTERS, given.letters):
        held = (row["state"], row["drop_reason"], row["decided_by"], row["queued"])
        if held != ("dropped", REASON, BY, 0):
            found.append(f"lost: letter {row['id']} says {held}")
    return found
