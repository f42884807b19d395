"""What a killed PostgreSQL leaves in its folder and among the processes, and how the next start gets past it."""

from __future__ import annotations

import signal
from pathlib import Path

from streams.embedded.identity import (
    ProcessIdentity,
    command_line,
    identify,
    is_running,
    pids_working_in,
    send_signal,
)
from streams.embedded.sockets import SOCKET_NAME
from streams.embedded.waiting import wait_until

END_TIMEOUT_S = 3.0
HEADLESS_TIMEOUT_S = 5.0


def postmaster_file(data: Path) -> list[str]:
    """The lines of postmaster.pid in the cluster `data`: pid, folder, …, and the state as the eighth; [] if none."""
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def end_forgotten(data: Path, sockets: Path) -> None:
    """Deal with the postmaster.pid, and the same file beside the socket, of a killed run.

    We hold the folder's lock, so a postmaster of this cluster can only be one that our own records missed: it is
    ended. If its pid belongs to something else by now, or to a zombie that nobody collects (as in a container whose
    first process does not), PostgreSQL could take that for a rival and refuse to start, so the files go.
    """
    found = postmaster_file(data)
    identity = identify(int(found[0])) if found and found[0].isdigit() else None
    if identity is not None and _is_postmaster_of(data, identity):
        for number in (signal.SIGQUIT, signal.SIGKILL):
            send_signal(identity, number)
            if wait_until(lambda: not is_running(identity), END_TIMEOUT_S):
                break
    _end_headless(data)
    for stale in (data / "postmaster.pid", sockets / f"{SOCKET_NAME}.lock"):
        stale.unlink(missing_ok=True)


def _is_postmaster_of(data: Path, identity: ProcessIdentity) -> bool:
    return Path(identity.executable).name == "postgres" and str(data) in command_line(identity.pid)


def _end_headless(data: Path) -> None:
    """End what outlived its postmaster, which may be busy with a query and notice late, or never.

    Such a process works in the data folder, and PostgreSQL refuses to start while it holds the shared memory.
    Killing it is safe: the recovery of the new server begins from the log, as after a power failure.
    """
    left = [identity for pid in pids_working_in(data) if (identity := identify(pid))]
    for identity in left:
        send_signal(identity, signal.SIGKILL)
    wait_until(lambda: not any(map(is_running, left)), HEADLESS_TIMEOUT_S)
