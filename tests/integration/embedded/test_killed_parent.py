"""The program is killed with -9, or interrupted: what becomes of its servers and its data."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.integration.embedded.programs import MODULE, ROOT, program, runs


def test_the_servers_of_a_killed_program_end_by_themselves_and_the_next_start_has_all_data(folder: Path) -> None:
    """F16 with us: servers do not outlive a program that was killed."""
    with program(folder / "home") as first:
        said = first.line()
        assert (said["rows"], said["messages"]) == (1, 1)
        assert len(first.family) >= 4, "two keepers, two servers, and PostgreSQL's own"
        first.kill()
        assert first.all_gone(), first.left()
    with program(folder / "home") as second:
        again = second.line()
        assert (again["rows"], again["messages"]) == (2, 2)
        assert again["url"] == said["url"]


def test_a_start_right_after_the_kill_waits_for_the_old_servers(folder: Path) -> None:
    with program(folder / "home") as first:
        said = first.line()
        first.kill()
        with program(folder / "home") as second:
            again = second.line()
            assert not first.left()
            assert (again["rows"], again["messages"], again["url"]) == (2, 2, said["url"])


def test_the_next_start_ends_servers_whose_keepers_were_killed_too(folder: Path) -> None:
    with program(folder / "home") as first:
        pids = first.line()["pids"]
        others = [process for process in first.family if process.pid not in pids]
        # Suspended, PostgreSQL cannot obey the death signal of its keeper, and is really left behind.
        postgres = next(process for process in first.family if process.pid == pids[0])
        postgres.suspend()
        first.process.send_signal(signal.SIGKILL)
        for process in others:
            if "keeper.py" in " ".join(process.cmdline()):
                process.kill()
        first.process.wait(10)
        assert runs(postgres)
        with program(folder / "home") as second:
            again = second.line()
            assert not first.left()
            assert (again["rows"], again["messages"]) == (2, 2)


def test_an_interrupt_of_the_whole_group_does_not_reach_the_servers(folder: Path) -> None:
    """F16 with us: Ctrl-C leaves the servers to the program, which stops them last."""
    with program(folder / "home") as running:
        before = running.line()
        os.killpg(running.process.pid, signal.SIGINT)
        after = running.line()
        assert after["pids"] == before["pids"]
        assert (after["rows"], after["messages"]) == (2, 2)


def test_a_plain_stop_leaves_no_process(folder: Path) -> None:
    with program(folder / "home") as running:
        running.line()
        assert running.end() == 0
        assert not running.left()


def test_a_second_program_on_the_folder_is_refused_in_one_line(folder: Path) -> None:
    home = folder / "home"
    with program(home) as running:
        running.line()
        second = subprocess.run(
            [sys.executable, "-m", MODULE, str(home)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
        )
        assert second.returncode == 1
        assert second.stderr == (
            f"the data folder {home} is in use by process {running.process.pid}: "
            "stop that one, or set ECHORA_HOME to another folder\n"
        )
        assert running.process.poll() is None
