"""Errands of a person who reviews: approve, reject, undo, many at once; and reviews that nobody decided about."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final
from uuid import UUID

import httpx

from contracts import subjects
from tests import events as make
from tests.events import uid
from tests.faults.harness.errands import Errand
from tests.faults.harness.lane import Lane
from tests.faults.harness.traffic import hand_in, send

PATIENCE_S: Final = 60.0
FIELD: Final = "title_english"
TOGETHER: Final = 3
# The suite's events are of long ago, and reviews wait since then.
PATIENT: Final = {"REVIEW_EXPIRY_DAYS": "3650"}
WITHIN: Final = ("streams/reviews.py", "streams/http/reviews.py")
BY: Final = "the suite"
ABOUT: Final = {"by": BY, "reason": "the suite asks"}
_NUMBERS = count(1)
_PENDING: Final = "SELECT entity_id, id FROM review WHERE entity_id = ANY ($1) AND field = $2 AND state = 'pending'"
_END: Final = """
    SELECT r.id, r.state, a.title_english AS words,
           (SELECT count(*) FROM fault_audit AS f WHERE f.relation = 'anime' AND f.entity = a.id) AS versions,
           (SELECT count(*) FROM jsonb_array_elements(r.story) AS act WHERE act ->> 'act' = $2) AS acts,
           (SELECT count(*) FROM outbox AS o WHERE o.entity_id = a.id AND o.op IS NOT NULL) AS told
    FROM review AS r JOIN anime AS a ON a.id = r.entity_id WHERE r.id = ANY ($1)"""


@dataclass(slots=True)
class Held:
    """Reviews that wait, by the anime they are of: what stands now, and what is proposed."""

    number: int
    names: list[str]
    reviews: dict[UUID, UUID]
    versions: dict[UUID, int] = field(default_factory=dict)
    answers: list[httpx.Response] = field(default_factory=list)

    @property
    def ids(self) -> list[UUID]:
        return list(self.reviews.values())

    @property
    def stands(self) -> str:
        return f"What stood there of {self.number}".ljust(90, ".")

    @property
    def proposed(self) -> str:
        return f"Cut {self.number}"


def reviewing() -> list[Errand]:
    """The errands of reviews."""

    async def one(lane: Lane) -> Held:
        return await _held(lane, 1)

    async def many(lane: Lane) -> Held:
        return await _held(lane, TOGETHER)

    async def approved_one(lane: Lane) -> Held:
        held = await _held(lane, 1)
        await _approve(lane, held, ())
        await lane.drained()
        await _count(lane, held)
        return held

    async def overdue(lane: Lane) -> Held:
        held = await _held(lane, TOGETHER)
        await lane.rows.execute(
            "UPDATE review SET created_at = created_at - interval '40 years' WHERE id = ANY ($1)", held.ids
        )
        return held

    return [
        Errand("approve", WITHIN, one, _approve, _ends("approved", "approved", raises=1, shows_proposed=True)),
        Errand("reject", WITHIN, one, _reject, _ends("rejected", "rejected", raises=0, shows_proposed=False)),
        Errand("undo", WITHIN, approved_one, _undo, _ends("undone", "undone", raises=1, shows_proposed=False)),
        Errand(
            "approve many", WITHIN, many, _approve_many, _ends("approved", "approved", raises=1, shows_proposed=True)
        ),
        Errand(
            "expire",
            ("streams/housekeeping.py",),
            overdue,
            _expire,
            _ends("expired", None, raises=0, shows_proposed=False),
        ),
    ]


# --- before ------------------------------------------------------------------------------------------------------


async def _held(lane: Lane, number: int) -> Held:
    """Anime with a text each, and a change of it that waits for a person."""
    held = Held(next(_NUMBERS), [], {})
    held.names = [f"held {held.number} {n}" for n in range(number)]
    entities = [uid(lane.port, name) for name in held.names]
    await hand_in(lane, *held.names)
    for words in (held.stands, held.proposed):
        for entity in entities:
            minute = lane.minutes()
            event = make.updated("x", minute=minute, event_id=uid(lane.port, "held", minute), **{FIELD: words})
            await send(lane, subjects.ANIME_UPDATED, event.model_copy(update={"anime_id": entity}), None)
        # What is proposed has to find what stands.
        assert await lane.drained() == []
    async with asyncio.timeout(PATIENCE_S):
        while len(held.reviews) < number:
            held.reviews = dict(await lane.rows.fetch(_PENDING, entities, FIELD))
            await asyncio.sleep(0.02)
    await _count(lane, held)
    return held


async def _count(lane: Lane, held: Held) -> None:
    held.versions = {row["id"]: row["versions"] for row in await lane.rows.fetch(_END, held.ids, "")}


# --- asking ------------------------------------------------------------------------------------------------------


async def _ask(lane: Lane, path: str, wish: Mapping[str, Any]) -> httpx.Response:
    """Ask until there is a clear answer: the program may be gone, or just starting."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with suppress(httpx.HTTPError):
                async with lane.http() as http:
                    answer = await http.post(f"/reviews/{path}", json=wish)
                if answer.status_code < 500:
                    return answer
            await asyncio.sleep(0.05)


async def _twice(lane: Lane, held: Held, act: str) -> dict[str, int]:
    """Decide, and decide once more: the second time it is done already, and says so."""
    for _ in range(2):
        held.answers.append(await _ask(lane, f"{held.ids[0]}/{act}", ABOUT))
    return {}


async def _approve(lane: Lane, held: Held, _: Sequence[Any]) -> dict[str, int]:
    return await _twice(lane, held, "approve")


async def _reject(lane: Lane, held: Held, _: Sequence[Any]) -> dict[str, int]:
    return await _twice(lane, held, "reject")


async def _undo(lane: Lane, held: Held, _: Sequence[Any]) -> dict[str, int]:
    held.answers.clear()
    return await _twice(lane, held, "undo")


async def _approve_many(lane: Lane, held: Held, _: Sequence[Any]) -> dict[str, int]:
    wish = {"decision": "approve", **ABOUT, "title": f"held {held.number} ", "dry_run": False}
    for _ in range(2):
        held.answers.append(await _ask(lane, "decide", wish))
    return {}


async def _expire(lane: Lane, held: Held, _: Sequence[Any]) -> dict[str, int]:
    async with asyncio.timeout(PATIENCE_S):
        for _ in range(2):
            while True:
                if lane.program.ready.is_set():
                    with suppress(ConnectionError):
                        await lane.program.ask("keep house")
                        break
                await asyncio.sleep(0.05)
    return {}


# --- after -------------------------------------------------------------------------------------------------------


def _ends(state: str, act: str | None, *, raises: int, shows_proposed: bool) -> Any:
    """How it must have ended: the decision once with its one version, and a clear answer to whoever asked again."""

    async def faults(lane: Lane, held: Held) -> list[str]:
        found: list[str] = []
        rows = await lane.rows.fetch(_END, held.ids, act or "")
        words = held.proposed if shows_proposed else held.stands
        for row in rows:
            who = f"review {row['id']}"
            if row["state"] != state:
                found.append(f"lost: {who} is {row['state']}, not {state}")
            if act is not None and row["acts"] != 1:
                kind = "lost" if row["acts"] == 0 else "doubled"
                found.append(f"{kind}: {who} says {row['acts']} times that it was {act}")
            if row["words"] != words:
                found.append(f"stale: the row of {who} holds “{row['words']}”, not “{words}”")
            more = row["versions"] - held.versions[row["id"]]
            if more != raises:
                kind = "lost" if more < raises else "doubled"
                found.append(f"{kind}: {who} made {more} versions, not {raises}")
            if row["told"] != row["versions"]:
                found.append(f"lost: {who} has {row['told']} outbox rows for {row['versions']} versions")
        if held.answers:
            found += _unclear(held, state)
        return found

    return faults


def _unclear(held: Held, state: str) -> list[str]:
    last = held.answers[-1]
    if len(held.reviews) > 1:
        said = last.json()
        is_clear = last.status_code == 200 and (said["matching"], said["done"]) == (0, 0)
    else:
        is_clear = last.status_code == 409 and f"it is {state} by {BY}" in last.text
    return [] if is_clear else [f"stuck: asked again the answer is {last.status_code} {last.text[:300]}"]
