"""Which process is meant: a pid alone is not enough, since the kernel gives pids out again."""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_FIELDS_BEFORE_STATE = 2
_START_FIELD = 22 - _FIELDS_BEFORE_STATE - 1
_LSTART_CHARS = 24
_PS_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """One life of one process: `started` and `executable` together tell it from a later owner of its `pid`.

    `started` is opaque: on Linux the boot's id and the clock ticks since boot, elsewhere the date that ps prints.
    `executable` is the first word of the command line, which everyone may read, unlike /proc/PID/exe.
    """

    pid: int
    started: str
    executable: str


def identify(pid: int) -> ProcessIdentity | None:
    """The identity of the live process `pid`; None when there is none (a zombie counts as none)."""
    if pid <= 0:
        return None
    return _from_proc(pid) if (_PROC / "self" / "stat").exists() else _from_ps(pid)


def is_running(identity: ProcessIdentity) -> bool:
    """Whether that very process still lives."""
    return identify(identity.pid) == identity


def command_line(pid: int) -> list[str]:
    """The words that the process was started with; empty when it is gone. Outside Linux words with blanks are split."""
    if not (_PROC / "self" / "stat").exists():
        return _ps(pid, "command=").split()
    try:
        words = (_PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [word.decode(errors="surrogateescape") for word in words]


def pids_working_in(folder: Path) -> list[int]:
    """The processes whose working folder is `folder`, of those that we may look at; empty outside Linux."""
    found = []
    for entry in _PROC.iterdir() if (_PROC / "self" / "stat").exists() else ():
        try:
            if entry.name.isdigit() and (entry / "cwd").readlink() == folder:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def send_signal(identity: ProcessIdentity, number: int) -> bool:
    """Send signal `number` if, and only if, the pid still belongs to `identity`; says whether it was sent.

    On Linux the process is pinned by a pidfd before it is compared, so it cannot be exchanged in between.
    """
    try:
        if not hasattr(os, "pidfd_open"):
            if not is_running(identity):
                return False
            os.kill(identity.pid, number)
            return True
        pinned = os.pidfd_open(identity.pid)
        try:
            if not is_running(identity):
                return False
            signal.pidfd_send_signal(pinned, number)
            return True
        finally:
            os.close(pinned)
    except ProcessLookupError:
        return False


def _from_proc(pid: int) -> ProcessIdentity | None:
    try:
        stat = (_PROC / str(pid) / "stat").read_text()
        command = (_PROC / str(pid) / "cmdline").read_bytes()
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name in brackets may itself hold blanks and brackets, so the fields are counted from the last one.
    fields = stat[stat.rindex(")") + 1 :].split()
    if fields[0] in ("Z", "X"):
        return None
    executable = command.split(b"\0", 1)[0].decode(errors="surrogateescape")
    return ProcessIdentity(pid, f"{boot}:{fields[_START_FIELD]}", executable)


def _from_ps(pid: int) -> ProcessIdentity | None:
    line = _ps(pid, "lstart=,stat=,comm=")
    rest = line[_LSTART_CHARS:].split(maxsplit=1)
    if len(rest) < 2 or rest[0].startswith("Z"):
        return None
    return ProcessIdentity(pid, line[:_LSTART_CHARS], rest[1])


def _ps(pid: int, columns: str) -> str:
    """The columns of that process as ps prints them, on systems without /proc; empty when it is gone."""
    command = ["ps", "-o", columns, "-p", str(pid)]
    environment = {"LC_ALL": "C", "PATH": os.defpath}
    # A fixed command whose only variable is a number.
    listed = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, timeout=_PS_TIMEOUT_S, check=False, env=environment
    )
    return listed.stdout.strip()
