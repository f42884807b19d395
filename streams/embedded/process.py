"""One server process: started in a session of its own, ended when we end, and found again when we were killed."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from streams.embedded import keeper
from streams.embedded.account import Account
from streams.embedded.errors import ServerFailed
from streams.embedded.files import last_words, set_aside, write_json
from streams.embedded.identity import identify
from streams.embedded.reap import reap
from streams.embedded.waiting import wait_until

LOG_BYTES_MAX = 8 * 1024 * 1024
REPORT_TIMEOUT_S = 10.0
KEEPER_MARGIN_S = 2.5
KILL_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Command:
    """What to run, and how it is asked to stop.

    `argv[0]` is a full path. `stops` are signals, each with the seconds it is given; SIGKILL follows the last.
    `death_signal` is what the server gets should its keeper be killed. `account` is for a server that refuses root.
    """

    name: str
    argv: tuple[str, ...]
    folder: Path
    log: Path
    pidfile: Path
    stops: tuple[tuple[int, float], ...] = ((signal.SIGTERM, 3.0),)
    death_signal: int = signal.SIGKILL
    account: Account | None = None


class ServerProcess:
    """A running `Command`. Start and stop may be called from any thread."""

    def __init__(self, command: Command) -> None:
        """Start the command and remember it in its pid file; raises ServerFailed when it cannot even be run."""
        self._command = command
        set_aside(command.log, bytes_max=LOG_BYTES_MAX)
        with os.fdopen(os.open(command.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
            # No shell: a list of words, all of them ours.
            self._log_from_byte = log.tell()
            self._keeper = subprocess.Popen(  # noqa: S603
                [sys.executable, "-I", "-S", keeper.__file__, json.dumps(_order(command))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,
                cwd="/",
                env=_environment(),
                umask=0o077,
                start_new_session=True,
            )
        try:
            self.pid = self._reported_pid()
            self._remember()
        except BaseException:
            self.stop()
            raise

    def alive(self) -> bool:
        """Whether the server, or what it left behind, still runs."""
        return self._keeper.poll() is None

    def wait(self, timeout_s: float) -> int | None:
        """Wait for the server to end by itself: its exit code, 128 + signal if one ended it, None at the timeout."""
        try:
            return self._keeper.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def stop(self) -> None:
        """Ask the server to end, make it end if it does not, and return when nothing of it is left. Idempotent."""
        for pipe in (self._keeper.stdin, self._keeper.stdout):
            if pipe is not None:
                pipe.close()
        patience_s = sum(seconds for _, seconds in self._command.stops) + KEEPER_MARGIN_S
        if self.wait(patience_s) is None:
            self._keeper.kill()
            self._keeper.wait(KILL_TIMEOUT_S)
            reap(self._command.pidfile, grace_s=0.1)
        self._command.pidfile.unlink(missing_ok=True)

    def last_words(self) -> str:
        """What it wrote last, or what it called fatal, since it was started; for error messages."""
        return f"{last_words(self._command.log, since_byte=self._log_from_byte)} (see {self._command.log})"

    def _reported_pid(self) -> int:
        assert self._keeper.stdout is not None
        ready, _, _ = select.select([self._keeper.stdout], [], [], REPORT_TIMEOUT_S)
        line = self._keeper.stdout.read(32) if ready else b""
        if not line:
            raise ServerFailed(f"{self._command.name} cannot be run: {self.last_words()}")
        return int(line)

    def _remember(self) -> None:
        seen = {"keeper": identify(self._keeper.pid), "server": identify(self.pid)}
        record = {role: asdict(identity) for role, identity in seen.items() if identity is not None}
        write_json(self._command.pidfile, {**record, "stop_signal": int(self._command.stops[0][0])})


def run_until_ready(
    command: Command,
    ready: Callable[[ServerProcess], bool],
    *,
    timeout_s: float,
    started: Callable[[ServerProcess], None],
) -> ServerProcess:
    """Start `command` and wait until `ready` says that it answers, at most `timeout_s` seconds.

    `started` gets the process at once, so that a stop from another thread reaches a server that is still starting.
    Raises ServerFailed, with nothing left running, when the server ends first or stays silent.
    """
    process = ServerProcess(command)
    started(process)
    wait_until(lambda: not process.alive() or ready(process), timeout_s)
    if process.alive() and ready(process):
        return process
    what = f"did not answer within {timeout_s:g} s" if process.alive() else f"ended with code {process.wait(0)}"
    process.stop()
    raise ServerFailed(f"{command.name} {what}: {process.last_words()}")


def _order(command: Command) -> dict[str, object]:
    account = command.account
    return {
        "argv": command.argv,
        "folder": str(command.folder),
        "stops": [[int(number), seconds] for number, seconds in command.stops],
        "death_signal": int(command.death_signal),
        "uid": account.uid if account else None,
        "gid": account.gid if account else None,
        "capability": account.capability if account else None,
    }


def _environment() -> dict[str, str]:
    """What servers see of our environment: enough to run, and none of the keys and passwords that we hold."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
    return {"PATH": os.defpath, **kept, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
