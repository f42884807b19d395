"""kill -9 before and after every step that touches the outside; the steps are found, not listed."""

from __future__ import annotations

import os
import random

from tests.faults.conftest import SEED, NewLane, chosen
from tests.faults.harness.ledger import Sums
from tests.faults.harness.points import Death, deaths, die_everywhere, survey

# A death is mostly waiting for a second to be over, so several share the cores.
LANES = 6
# Points that a step cannot do without; should the seams ever miss them, the suite would be green for nothing.
KNOWN = (
    "nats message of postgres-consumer received",
    "decode anime.enriched",
    "sql claim_events @ handlers/persist/batch.py:_claim_and_apply",
    "sql COMMIT @ handlers/persist/batch.py:apply",
    "nats ack postgres-consumer @ streams/delivery/settle.py:_settle",
    "sql claim @ handlers/relay/store.py:claim",
    "sql mark @ handlers/relay/store.py:mark",
    "index update @ handlers/index/edge_writes.py:upsert",
    "index update @ handlers/index/edge_writes.py:patch",
    "index update @ handlers/index/edge_writes.py:delete",
)


async def test_kill_at_every_point(new_lane: NewLane, sums: Sums, dice: random.Random) -> None:
    async with new_lane() as lane:
        found = await survey(lane)
    missing = [point for point in KNOWN if point not in found["run"]]
    assert not missing, sorted(found["run"])
    only = os.environ.get("ECHORA_TEST_FAULT")
    for _ in range(chosen(1, 10)):
        todo = [death for death in deaths(found, dice) if only is None or only in str(death)]
        outcome = await die_everywhere([new_lane] * LANES, todo, sums)
        assert not outcome.failed, _told(outcome.failed)
        sums.figures |= {f"points of the {phase}": len(points) for phase, points in found.items()}
        sums.figures["not reached again"] = int(sums.figures.get("not reached again", 0)) + len(outcome.unreached)
        # Those are steps that run by the clock or by chance; that they are few shows that the rest was really killed.
        assert len(outcome.unreached) * 10 <= len(todo), [str(death) for death in outcome.unreached]


def _told(failed: dict[Death, list[str]]) -> str:
    first = next(iter(failed))
    lines = [
        f"{len(failed)} deaths were not survived; ECHORA_TEST_SEED={SEED} ECHORA_TEST_FAULT='{first.point}' repeats"
    ]
    for death, faults in failed.items():
        lines += [str(death), *(f"    {fault}" for fault in faults)]
    return "\n".join(lines)
