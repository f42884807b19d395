"""The demo from its start to its verdict, with a kill on the way: most of a day of the world, in half a minute."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from tests.integration.program.running import BIN, environment, share_models
from tests.servers import temporary_folder

# The first day's three episodes air by 15:00, and its scores are compared at 06:00.
DAYS = "0.8"
TIMEOUT_S = 400


def test_a_short_demo_matches_the_truth_though_it_is_killed(models: Path) -> None:
    with temporary_folder() as folder:
        share_models(models, folder / "demo")
        done = subprocess.run(
            [str(BIN / "echora"), "demo", "--days", DAYS, "--kill", "1", "--home", str(folder / "demo"), "--json"],
            env=environment({}),
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        log = folder / "demo" / "program.log"
        assert done.stdout, f"{done.stderr}\n{log.read_text() if log.exists() else ''}"
        verdict = json.loads(done.stdout)
        told = json.dumps(verdict, indent=1)
        assert (done.returncode, verdict["matched"]) == (0, True), f"{told}\n{log.read_text()}"
        assert verdict["due"] >= 6
        assert verdict["points"] > 300
        assert {one["what"] for one in verdict["changes"] if one["outcome"] == "found"} >= {"episode 7", "next airing"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_the_program_ends_with_a_demo_that_is_ended(models: Path, number: signal.Signals) -> None:
    with temporary_folder() as folder:
        share_models(models, folder / "demo")
        started = psutil.Popen(
            [str(BIN / "echora"), "demo", "--days", DAYS, "--home", str(folder / "demo"), "--json"],
            env=environment({}),
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + TIMEOUT_S
        while not started.children():
            assert time.monotonic() < until
            assert started.is_running()
            time.sleep(0.05)
        time.sleep(1.0)  # It is amid its start, with some of its servers.
        family = started.children(recursive=True)
        started.send_signal(number)
        started.wait(TIMEOUT_S)
        _, left = psutil.wait_procs(family, timeout=60)
        assert left == []
