"""kill -9 before and after every step of what a person asks for: decisions about changes and dead letters, healing,
snapshots, a restore, another model."""

from __future__ import annotations

import os
import random

from tests.faults.conftest import SEED, NewLane, chosen
from tests.faults.harness.deciding import PATIENT, reviewing
from tests.faults.harness.errands import Errand, begin, die_on_errands, survey
from tests.faults.harness.ledger import Sums
from tests.faults.harness.looking import living_world, settings
from tests.faults.harness.mending import mending
from tests.faults.harness.moving import bringing, taking
from tests.faults.harness.reindexing import HASTE, reindexing
from tests.faults.harness.replaying import deciding

LANES = 4
# So many of them in the short form, chosen by the seed.
DEATHS_OF_REVIEWS = 16
DEATHS_OF_LETTERS = 8
DEATHS_OF_HEALING = 10
DEATHS_OF_A_SNAPSHOT = 8
DEATHS_OF_A_RESTORE = 8
DEATHS_OF_REINDEX = 12


async def test_reviews_killed(new_lane: NewLane, sums: Sums, dice: random.Random) -> None:
    async with living_world() as url:
        await _killed(new_lane, settings(url) | PATIENT, reviewing(), DEATHS_OF_REVIEWS, sums, dice)


async def test_dead_letters_killed(new_lane: NewLane, sums: Sums, dice: random.Random) -> None:
    await _killed(new_lane, {}, deciding(), DEATHS_OF_LETTERS, sums, dice)


async def test_healing_killed(new_lane: NewLane, sums: Sums, dice: random.Random) -> None:
    await _killed(new_lane, {}, mending(), DEATHS_OF_HEALING, sums, dice)


async def test_snapshot_killed(new_lane: NewLane, sums: Sums, dice: random.Random) -> None:
    await _killed(new_lane, {}, [taking()], DEATHS_OF_A_SNAPSHOT, sums, dice)


async def test_restore_killed(new_lane: NewLane, sums: Sums, dice: random.Random) -> None:
    await _killed(new_lane, {}, [bringing()], DEATHS_OF_A_RESTORE, sums, dice)


async def test_reindex_killed(new_lane: NewLane, sums: Sums, dice: random.Random) -> None:
    await _killed(new_lane, HASTE, [reindexing()], DEATHS_OF_REINDEX, sums, dice)


async def _killed(
    new_lane: NewLane, own: dict[str, str], errands: list[Errand], at_most: int, sums: Sums, dice: random.Random
) -> None:
    todo = []
    async with new_lane(**own) as lane:
        await begin(lane)
        for errand in errands:
            todo += await survey(lane, errand, dice)
    only = os.environ.get("ECHORA_TEST_FAULT")
    todo = [death for death in todo if only is None or only in str(death)]
    sums.figures["deaths there are"] = len(todo)
    if only is None:
        # What decides whether something happened is never left to chance.
        todo.sort(key=lambda death: "COMMIT" in death.point or "replace" in death.point)
        todo = todo[-chosen(at_most, len(todo)) :]
    dice.shuffle(todo)
    outcome = await die_on_errands(lambda: new_lane(**own), LANES, todo, sums)
    sums.figures["not reached again"] = len(outcome.unreached)
    assert not outcome.failed, "\n".join(
        [
            f"ECHORA_TEST_SEED={SEED} repeats",
            *(f"{death}\n    " + "\n    ".join(w) for death, w in outcome.failed.items()),
        ]
    )
    # Steps that are taken by the clock or by chance, of which a small sample may hold one more.
    assert (len(outcome.unreached) - 1) * 5 <= len(todo), [str(death) for death in outcome.unreached]
