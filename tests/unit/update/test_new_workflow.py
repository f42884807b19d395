"""A new workflow costs one file and one line in WORKFLOWS: here it is written, planned, fired, looked for and ended."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

FLOW = '''
"""A workflow that was not there before."""

from contracts.observation import Kind
from contracts.workflow import HOUR_S, EntityKind, LookEnd, Policy, Workflow
from handlers.update.look import Flow, Found


async def run(looks, tools):
    """Ask nobody."""
    return [Found(look, LookEnd(f"looked at {look.entity_id} for {tools.now():%H:%M}")) for look in looks]


TRAILER_WATCH = Flow(
    Workflow("trailer_watch", Policy(interval_s=HOUR_S), EntityKind.ANIME, "looks for new trailers"),
    run,
    {"jikan": (Kind.ANIME,)},
)
'''

USE = """
import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from contracts import codec
from handlers.schedule import moves
from handlers.schedule.plan import following
from handlers.schedule.row import Row
from handlers.schedule.tick import Run, decide, tick_of
from handlers.schedule.timer import timer_of
from handlers.update.look import Look
from handlers.update.workflows import WORKFLOWS
from streams import topology

now = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
flow = WORKFLOWS["trailer_watch"]
policy = flow.workflow.policy
due = following(policy, flow.workflow.name, "ring", now)
row = moves.timed(moves.planned(Row(flow.workflow.name, "ring"), due, now))
timer = timer_of(row, policy, now, lambda instant: instant)
consumer = topology.DUE["trailer_watch"]
assert consumer.subjects == (timer.headers["Nats-Schedule-Target"],), consumer
assert consumer in topology.ROLES["update"].consumers
tick = tick_of(codec.decode(timer.headers["Nats-Schedule-Target"], timer.payload))
decision, moved = moves.begun(row, tick, policy, due.at)
assert isinstance(decision, Run), decision
look = Look(tick.id, tick.entity_id, decision.slot_at)
(found,) = asyncio.run(flow.run([look], SimpleNamespace(now=lambda: due.at)))
ended = moves.finished(moved.row, moves.finish_of(tick, look.slot_at, found.end, policy, due.at), due.at)
print(ended.row.last_outcome, "|", ended.row.due_at - due.at)
"""


def test_a_new_workflow_is_one_file_and_one_line(tmp_path: Path) -> None:
    for folder in ("contracts", "handlers", "streams"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "handlers/update/flows/trailer_watch.py").write_text(FLOW)
    table = tmp_path / "handlers/update/workflows.py"
    before = table.read_text()
    # One line in the table, and the import that names it.
    after = before.replace("    STATUS_CHECK,\n", "    STATUS_CHECK,\n    TRAILER_WATCH,\n").replace(
        "\n_ALL: Final", "from handlers.update.flows.trailer_watch import TRAILER_WATCH\n\n_ALL: Final"
    )
    assert len(after.splitlines()) == len(before.splitlines()) + 2
    table.write_text(after)
    ended = subprocess.run(
        [sys.executable, "-c", USE], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == "looked at ring for 13:00 | 1:00:00"
