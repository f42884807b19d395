"""`echora world` as a person runs it: it answers, goes on after a kill -9, and ends at Ctrl-C."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from streams.clock import SystemClock
from streams.world import remembered
from tests.integration.world.process import ECHORA, running_world

SPEED = 2520.0


def test_it_says_where_it_is_and_answers_and_ends_at_ctrl_c(tmp_path: Path) -> None:
    with running_world(tmp_path, "--speed", "2520") as world:
        assert world.get("/healthz")["titles"] >= 60
        assert world.get("/jikan/v4/anime/52991")["data"]["mal_id"] == 52991
        assert world.get("/truth")["seed"] == 7
        assert world.get("/clock")["speed"] == SPEED
        assert world.interrupt() == 0
    said = (tmp_path / "world.log").read_text()
    assert "2520 times as fast" in said
    assert "Traceback" not in said


def test_after_a_kill_9_it_is_the_same_world_and_its_time_went_on(tmp_path: Path) -> None:
    state = tmp_path / "world.json"
    with running_world(tmp_path, "--speed", "2520", "--state", str(state)) as world:
        plan = state.read_text()
        before = world.get("/truth")
        world.kill()
    with running_world(tmp_path, "--speed", "2520", "--state", str(state)) as world:
        assert state.read_text() == plan
        clock = world.get("/clock")
        assert datetime.fromisoformat(clock["now"]) > datetime.fromisoformat(before["to"])
        again = world.get(f"/truth?to={before['to'].replace('+', '%2B')}")
    assert again["changes"] == before["changes"], "what it said once it never takes back"


def test_another_seed_is_refused_in_one_line(tmp_path: Path) -> None:
    state = tmp_path / "world.json"
    remembered(state, 7, 1.0, SystemClock())
    done = subprocess.run(
        [ECHORA, "world", "--port", "0", "--seed", "8", "--state", str(state)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("echora: the world in ")
    assert "seed 7, not 8" in done.stderr
    assert done.stderr.count("\n") == 1


WRITER = """
import sys
from pathlib import Path
from streams.clock import SystemClock
from streams.world import remembered

number = 0
while True:
    number += 1
    remembered(Path(sys.argv[1]), 7, float(1 + number % 2), SystemClock())
    if number == 3:
        print("writing", flush=True)
"""


@pytest.mark.parametrize("attempt", range(3))
def test_a_kill_9_amid_the_writing_leaves_a_whole_plan(tmp_path: Path, attempt: int) -> None:
    """The writer changes the speed again and again; whenever it dies, a plan is there, and its clock did not jump."""
    state = tmp_path / "world.json"
    begun = datetime.now(UTC)
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(state)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        for _ in range(50 * attempt):  # A little later each time.
            state.read_text()
    finally:
        process.kill()
        process.communicate(timeout=30)
    kept = json.loads(state.read_text())
    plan = remembered(state, 7, kept["speed"], SystemClock())
    gone = (plan.shown(datetime.now(UTC)) - plan.begun).total_seconds()
    real = (datetime.now(UTC) - begun).total_seconds()
    assert 0 <= gone <= 2 * real + 1, "the world ran at most twice as fast as we did"
