"""A new workflow costs one file and one line in WORKFLOWS: here it is written, registered, planned and fired."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

FLOW = '''
"""A sixth workflow."""

from contracts.workflow import HOUR_S, EntityKind, Policy, Workflow

TRAILER_WATCH = Workflow("trailer_watch", Policy(interval_s=HOUR_S), EntityKind.ANIME, "looks for new trailers")
'''

USE = """
from datetime import UTC, datetime
from contracts import codec
from contracts.events import ScheduleTickEvent
from handlers.schedule import moves
from handlers.schedule.plan import following
from handlers.schedule.row import Row
from handlers.schedule.tick import decide, tick_of
from handlers.schedule.timer import timer_of
from handlers.update.workflows import WORKFLOWS

now = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
workflow = WORKFLOWS["trailer_watch"]
due = following(workflow.policy, workflow.name, "ring", now)
row = moves.timed(moves.planned(Row(workflow.name, "ring"), due, now))
timer = timer_of(row, workflow.policy, now, lambda instant: instant)
event = codec.decode(timer.headers["Nats-Schedule-Target"], timer.payload)
print(timer.subject, timer.headers["Nats-Schedule"], timer.headers["Nats-Schedule-Target"])
print(type(decide(row, tick_of(event), workflow.policy, due.at)).__name__, len(WORKFLOWS))
"""


def test_a_new_workflow_is_one_file_and_one_line(tmp_path: Path) -> None:
    for folder in ("contracts", "handlers/schedule", "handlers/update"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "handlers/__init__.py").touch()
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
        [sys.executable, "-c", USE],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        env={"PYTHONPATH": str(tmp_path)},
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines() == [
        "anime.schedule.timer.trailer_watch.ring @at 2026-11-22T13:00:00Z anime.schedule.due.trailer_watch",
        "Run 6",
    ]


def test_the_five_workflows_of_the_product() -> None:
    from handlers.update.workflows import WORKFLOWS

    assert list(WORKFLOWS) == [
        "episode_air_tracking",
        "score_sync",
        "character_refresh",
        "metadata_refresh",
        "status_check",
    ]
    assert all(workflow.description for workflow in WORKFLOWS.values())
