"""Errands of a person who heals: rows and points are compared and mended, and what was sent is sent once more."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

import httpx

from tests.events import uid
from tests.faults.harness.errands import Errand
from tests.faults.harness.lane import Lane
from tests.faults.harness.ledger import Entry
from tests.faults.harness.traffic import hand_in, token

PATIENCE_S: Final = 60.0
ROWS: Final = 3
_NUMBERS = count(1)
_LEFT_OUT: Final = "SELECT count(*) FROM outbox WHERE id <= $1 AND entity_type <> 'schedule' AND sendings = 0"
_BEHIND_ITS_BACK: Final = "UPDATE anime SET synopsis = $2, version = version + 1 WHERE id = $1"


@dataclass(slots=True)
class Healed:
    """What the program said, time after time, and the last row of the outbox before."""

    last_row: int = 0
    answers: list[Mapping[str, Any]] = field(default_factory=list)


def mending() -> list[Errand]:
    """The errands of healing."""
    return [
        Errand("reconcile", ("streams/http/reconcile.py",), _apart, _compare, _mended),
        Errand("republish", ("streams/http/republish.py",), _sent, _send_again, _sent_again),
    ]


async def _apart(lane: Lane) -> Healed:
    """Rows change, and nobody is told: no event, no point."""
    names = [f"apart {next(_NUMBERS)} {number}" for number in range(ROWS)]
    await hand_in(lane, *names)
    assert await lane.drained() == []
    for name in names:
        entry = Entry(token(lane, name, "untold"), "anime", uid(lane.port, name), lane.minutes(), "nobody")
        await lane.rows.execute(_BEHIND_ITS_BACK, entry.entity, entry.token)
        lane.ledger.add(entry).sent = 1
        entry.acknowledged = True
    return Healed()


async def _compare(lane: Lane, healed: Healed, _: Sequence[Any]) -> dict[str, int]:
    """Ask until there is nothing that differs."""
    async with asyncio.timeout(PATIENCE_S):
        while not healed.answers or healed.answers[-1]["found"]:
            with suppress(httpx.HTTPError):
                async with lane.http() as http:
                    answer = await http.post("/reconcile")
                lines = [json.loads(line) for line in answer.text.splitlines()] if answer.is_success else []
                healed.answers += [line for line in lines if line.get("is_whole")]
            await asyncio.sleep(0.05)
    return {}


async def _mended(lane: Lane, healed: Healed) -> list[str]:
    """That every point is its row's, and each version is told once, the books of the spine say."""
    over = [answer["left"] for answer in healed.answers if answer["left"]]
    return [f"stuck: {left} differences were left" for left in over]


async def _sent(lane: Lane) -> Healed:
    await hand_in(lane, f"once more {next(_NUMBERS)}")
    assert await lane.drained() == []
    return Healed(await lane.rows.fetchval("SELECT max(id) FROM outbox"))


async def _send_again(lane: Lane, healed: Healed, _: Sequence[Any]) -> dict[str, int]:
    """Ask until there is an answer; an answer that was lost makes a second sending of the same."""
    async with asyncio.timeout(PATIENCE_S):
        while not healed.answers:
            with suppress(httpx.HTTPError):
                async with lane.http() as http:
                    answer = await http.post("/republish", params={"since": "1h"})
                healed.answers += [answer.json()] if answer.is_success else []
            await asyncio.sleep(0.05)
    return {}


async def _sent_again(lane: Lane, healed: Healed) -> list[str]:
    """Nothing was left out; that none of it had a second effect the books of the spine say."""
    left_out = await lane.rows.fetchval(_LEFT_OUT, healed.last_row)
    return [f"lost: {left_out} rows were not sent again"] if left_out else []
