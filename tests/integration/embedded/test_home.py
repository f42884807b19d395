"""The data folder: who may enter it, and who holds it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest
from structlog.testing import capture_logs

from streams.embedded import Home, HomeInUse, HomeUnusable
from streams.embedded.files import write_json
from streams.embedded.home import HomeLock
from streams.embedded.identity import identify
from streams.embedded.waiting import wait_until

_HOLD = "import sys; from pathlib import Path; from streams.embedded.home import HomeLock; "
_HOLD += "lock = HomeLock(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"


def test_a_new_folder_is_for_its_owner_only_and_never_committed(folder: Path) -> None:
    home = Home.open(folder / "new" / "home")
    assert home.path.stat().st_mode & 0o777 == 0o700
    assert home.folder("index").stat().st_mode & 0o777 == 0o700
    assert (home.path / ".gitignore").read_text() == "*\n"
    home.close()


def test_an_existing_folder_keeps_its_mode(folder: Path) -> None:
    (folder / "home").mkdir(mode=0o750)
    Home.open(folder / "home").close()
    assert (folder / "home").stat().st_mode & 0o777 == 0o750


def test_a_second_open_is_refused_by_name_and_a_closed_folder_opens_again(folder: Path) -> None:
    home = Home.open(folder / "home")
    with pytest.raises(HomeInUse, match=f"{folder}/home is in use by process {os.getpid()}: .*ECHORA_HOME"):
        Home.open(folder / "home")
    home.close()
    home.close()
    Home.open(folder / "home").close()


def test_a_symbolic_link_to_the_folder_is_the_same_folder(home: Home, folder: Path) -> None:
    (folder / "link").symlink_to(home.path)
    with pytest.raises(HomeInUse):
        Home.open(folder / "link")


def test_what_is_no_folder_is_refused_in_one_line(folder: Path) -> None:
    (folder / "file").touch()
    with pytest.raises(HomeUnusable, match=r"file cannot be used .*: make it a folder of your own") as refused:
        Home.open(folder / "file")
    assert "\n" not in str(refused.value)


def test_the_kernel_releases_the_lock_of_a_killed_holder(folder: Path) -> None:
    command = [sys.executable, "-c", _HOLD, str(folder / "lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(HomeInUse, match=f"process {holder.pid}"):
            HomeLock(folder / "lock")
        holder.send_signal(signal.SIGKILL)
        holder.wait(10)
        HomeLock(folder / "lock").release()


def test_a_child_of_a_killed_holder_does_not_keep_the_lock(folder: Path) -> None:
    spawn = "import subprocess; child = subprocess.Popen(['sleep', '600'], close_fds=False); "
    code = _HOLD.replace("print('held'", spawn + "print(child.pid")
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder / "lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        child = psutil.Process(int(holder.stdout.readline()))
        holder.send_signal(signal.SIGKILL)
        holder.wait(10)
    try:
        assert wait_until(lambda: child.name() == "sleep", 10)
        HomeLock(folder / "lock").release()
    finally:
        child.kill()


def test_opening_the_folder_ends_what_a_killed_run_left_and_says_so(folder: Path) -> None:
    Home.open(folder / "home").close()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as left:
        assert wait_until(lambda: psutil.Process(left.pid).name() == "cat", 10)
        identity = identify(left.pid)
        assert identity is not None
        write_json(folder / "home" / "run" / "nats.pid.json", {"server": asdict(identity), "stop_signal": 15})
        with capture_logs() as lines:
            Home.open(folder / "home").close()
        assert left.wait(10) == -signal.SIGTERM
    assert [(line["server"], line["pids"]) for line in lines] == [("nats", [left.pid])]


def test_the_port_is_kept_unless_somebody_took_it(home: Home) -> None:
    port = home.nats_port()
    assert home.nats_port() == port
    with socket.create_server(("127.0.0.1", port)):
        other = home.nats_port()
        assert other != port
    assert home.nats_port() == other
