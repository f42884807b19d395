"""One server process: how it starts, how it ends, and what of it can be found again."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from streams.embedded import ServerFailed
from streams.embedded.identity import identify
from streams.embedded.process import LOG_BYTES_MAX, Command, ServerProcess, run_until_ready
from streams.embedded.reap import reap
from streams.embedded.waiting import wait_until
from tests.integration.embedded.commands import PARENT, SLEEPER, STUBBORN, python
from tests.integration.embedded.programs import runs


@contextmanager
def started(command: Command, *, first_line: str = "up") -> Iterator[ServerProcess]:
    """The process of `command` after it has printed its first line; stopped at the end."""
    process = ServerProcess(command)
    try:
        assert wait_until(lambda: first_line in command.log.read_text(), 10)
        yield process
    finally:
        process.stop()


def test_a_server_runs_in_a_session_of_its_own_and_ends_at_stop(folder: Path) -> None:
    with started(python(folder, SLEEPER)) as process:
        server = psutil.Process(process.pid)
        assert os.getsid(process.pid) != os.getsid(0)
        assert process.alive()
        process.stop()
        process.stop()
        assert not process.alive()
        assert not runs(server)
    assert not (folder / "server.pid.json").exists()


def test_a_server_that_ignores_the_signal_is_killed(folder: Path) -> None:
    with started(python(folder, STUBBORN, grace_s=0.2)) as process:
        process.stop()
        assert process.wait(0) == 128 + signal.SIGKILL


def test_what_a_killed_server_leaves_behind_ends_before_it_counts_as_ended(folder: Path) -> None:
    command = python(folder, PARENT)
    with started(command, first_line="\nup") as process:
        orphan = psutil.Process(int(command.log.read_text().split("\n")[0]))
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait(10) == 128 + signal.SIGKILL
        assert not runs(orphan)


def test_a_server_whose_keeper_is_killed_dies_with_it(folder: Path) -> None:
    with started(python(folder, SLEEPER)) as process:
        server = psutil.Process(process.pid)
        psutil.Process(process.pid).parent().kill()  # type: ignore[union-attr]
        assert wait_until(lambda: not runs(server), 10)


def test_a_server_outlives_the_thread_that_started_it(folder: Path) -> None:
    found: list[ServerProcess] = []
    thread = threading.Thread(target=lambda: found.append(ServerProcess(python(folder, SLEEPER))))
    thread.start()
    thread.join()
    try:
        # The kernel sends a death signal when the thread ends: by the time of the greeting it would have arrived.
        assert wait_until(lambda: "up" in (folder / "server.log").read_text(), 10)
        assert found[0].alive()
    finally:
        found[0].stop()


def test_a_program_that_is_not_there_is_named(folder: Path) -> None:
    before = psutil.Process().children()
    command = dataclasses.replace(python(folder, SLEEPER), argv=("/nowhere/server",))
    with pytest.raises(ServerFailed, match=r"server cannot be run: .*No such file or directory"):
        run_until_ready(command, lambda _: True, timeout_s=5, started=lambda _: None)
    assert psutil.Process().children() == before


def test_a_server_that_ends_at_once_is_quoted(folder: Path) -> None:
    command = python(folder, "import sys; sys.exit('the disk is full')")
    with pytest.raises(ServerFailed, match="ended with code 1: the disk is full"):
        run_until_ready(command, lambda _: False, timeout_s=10, started=lambda _: None)


def test_a_silent_server_is_given_up_and_ended(folder: Path) -> None:
    begun: list[ServerProcess] = []
    with pytest.raises(ServerFailed, match=r"did not answer within 0\.3 s"):
        run_until_ready(python(folder, SLEEPER), lambda _: False, timeout_s=0.3, started=begun.append)
    assert not begun[0].alive()


def test_the_server_sees_none_of_our_secrets(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QDRANT_API_KEY", "very secret")
    with started(python(folder, f"import os; print(os.environ, flush=True); {SLEEPER}")):
        assert "very secret" not in (folder / "server.log").read_text()


def test_a_large_log_is_set_aside_once(folder: Path) -> None:
    for letter in ("a", "b"):
        (folder / "server.log").write_text(letter * (LOG_BYTES_MAX + 1))
        with started(python(folder, SLEEPER)):
            assert (folder / "server.log").stat().st_size < 100
    assert (folder / "server.log.1").read_text()[0] == "b"
    assert sorted(path.name for path in folder.iterdir()) == ["server.log", "server.log.1"]


def _bystander_record(folder: Path, bystander: subprocess.Popen[bytes], **changes: object) -> Path:
    """A pid file as a server with the bystander's pid would have left it."""
    identity = identify(bystander.pid)
    assert identity is not None
    pidfile = folder / "old.pid.json"
    pidfile.write_text(json.dumps({"server": {**dataclasses.asdict(identity), **changes}, "stop_signal": 15}))
    return pidfile


@pytest.mark.parametrize("changes", [{"started": "an earlier boot:17"}, {"executable": "/usr/bin/nats-server"}])
def test_a_process_that_got_the_pid_later_is_never_ended(folder: Path, changes: dict[str, object]) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as bystander:
        pidfile = _bystander_record(folder, bystander, **changes)
        assert reap(pidfile) == []
        assert not pidfile.exists()
        assert bystander.poll() is None
        assert reap(_bystander_record(folder, bystander)) == [bystander.pid]
        assert bystander.wait(10) == -signal.SIGTERM


@pytest.mark.parametrize("text", ["", "{", "[]", '{"server": 7}', '{"server": {"pid": 1}}', '{"keeper": null}'])
def test_a_damaged_pid_file_ends_nothing_and_goes(folder: Path, text: str) -> None:
    (folder / "old.pid.json").write_text(text)
    assert reap(folder / "old.pid.json") == []
    assert not (folder / "old.pid.json").exists()
