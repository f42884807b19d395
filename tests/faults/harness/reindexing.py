"""The errand of another model: filled in beside the old one and switched to, while changes and searches go on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

import httpx

from tests.faults.harness.errands import Errand
from tests.faults.harness.lane import Lane
from tests.faults.harness.traffic import change, hand_in

PATIENCE_S: Final = 60.0
NAMES: Final = tuple(f"reindexed {number}" for number in range(40))
HASTE: Final = {"ECHORA_TEST_HASTE": "1"}
_NUMBERS = count(1)
_SWITCHED: Final = """
    CREATE TABLE IF NOT EXISTS fault_switch (model text NOT NULL);
    CREATE OR REPLACE FUNCTION fault_switch() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO fault_switch VALUES (NEW.model);
        RETURN NULL;
    END $$;
    CREATE OR REPLACE TRIGGER fault_switch AFTER UPDATE ON index_model FOR EACH ROW
    WHEN (OLD.model IS DISTINCT FROM NEW.model) EXECUTE FUNCTION fault_switch();"""


@dataclass(slots=True)
class Reindex:
    """The model that is asked for, and what was wrong on the way."""

    model: str
    searches: int = 0
    seen: list[str] = field(default_factory=list)


def reindexing() -> Errand:
    """`echora reindex --model`."""
    within = ("streams/reindex.py", "streams/http/reindex.py")
    return Errand("reindex", within, _prepare, _run, _faults)


async def _prepare(lane: Lane) -> Reindex:
    if not lane.last_wave.get("reindexed"):
        await hand_in(lane, *NAMES)
        await lane.rows.execute(_SWITCHED)
        lane.last_wave["reindexed"] = next(iter(lane.ledger.records))
    await lane.drained()
    return Reindex(f"tests/hash-{next(_NUMBERS)}")


async def _run(lane: Lane, reindex: Reindex, _: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    beside = [asyncio.create_task(_changes(lane)), asyncio.create_task(_searches(lane, reindex))]
    try:
        async with asyncio.timeout(PATIENCE_S):
            await _until_switched(lane, reindex)
        for task in beside:
            if task.done():
                task.result()
    finally:
        lane.is_over = True
        await asyncio.wait(beside)
        lane.is_over = False
    lane.model = reindex.model
    return {}


async def _until_switched(lane: Lane, reindex: Reindex) -> None:
    """Ask for it until there is a clear answer, then until only its vectors are left."""
    while True:
        with suppress(httpx.HTTPError):
            async with lane.http() as http:
                answer = await http.post("/reindex", params={"model": reindex.model})
            # Asked again after the switch it is the index's model already.
            if answer.status_code == 202 or "is the index's model already" in answer.text:
                break
            if answer.status_code < 500:
                reindex.seen.append(f"stuck: asked for a model the answer is {answer.status_code} {answer.text[:300]}")
                return
        await asyncio.sleep(0.05)
    tidy = "SELECT model = $1 AND wanted IS NULL AND is_tidy FROM index_model"
    while not await lane.rows.fetchval(tidy, reindex.model):
        await asyncio.sleep(0.05)


async def _changes(lane: Lane) -> None:
    """Changes and new anime that come in meanwhile; the books tell whether one is lost."""
    for number in count():
        if lane.is_over:
            return
        await change(lane, NAMES[number % len(NAMES)])
        if number % 5 == 0:
            await hand_in(lane, NAMES[number % len(NAMES)])
        await asyncio.sleep(0.05)


async def _searches(lane: Lane, reindex: Reindex) -> None:
    """Searches find something at any moment at which the program runs."""
    while not lane.is_over:
        child = lane.program
        if child.ready.is_set() and not child.gone.is_set():
            with suppress(httpx.HTTPError):
                async with lane.http() as http:
                    answer = await http.get("/search", params={"q": NAMES[0], "limit": 5})
                reindex.searches += 1
                if answer.status_code != 200:
                    reindex.seen.append(f"stuck: a search is answered with {answer.status_code} {answer.text[:200]}")
                elif len(answer.json()["hits"]) < 5:
                    reindex.seen.append(f"lost: a search finds {len(answer.json()['hits'])} of at least {len(NAMES)}")
        await asyncio.sleep(0.03)


async def _faults(lane: Lane, reindex: Reindex) -> list[str]:
    found = list(reindex.seen)
    switches = await lane.rows.fetchval("SELECT count(*) FROM fault_switch WHERE model = $1", reindex.model)
    if switches != 1:
        found.append(f"{'lost' if not switches else 'doubled'}: the index was switched {switches} times")
    if not reindex.searches:
        found.append("stuck: nothing was searched meanwhile")
    async with lane.http() as http:
        state = (await http.get("/reindex")).json()
    if not state["is_done"] or state["model"] != reindex.model:
        found.append(f"stuck: the index says {state}")
    return found + [f"stale: {words}" for words in await lane.program.ask("wrong vectors")]
