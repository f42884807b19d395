"""Ending what a killed run left behind, by the pid files that it wrote."""

from __future__ import annotations

import signal
from pathlib import Path

from streams.embedded.files import read_json
from streams.embedded.identity import ProcessIdentity, is_running, send_signal
from streams.embedded.waiting import wait_until

REAP_GRACE_S = 5.0


def reap(pidfile: Path, *, grace_s: float = REAP_GRACE_S) -> list[int]:
    """End the processes that `pidfile` remembers, if they are still those very ones, and remove the file.

    A living keeper has noticed that we are gone and is stopping its server, so it gets `grace_s` first. A server
    without a keeper is asked to stop, then killed. Returns the pids that had to be signalled from here.
    """
    record = read_json(pidfile)
    keeper_then, server_then = _identity(record.get("keeper")), _identity(record.get("server"))
    ended: list[int] = []
    if keeper_then is not None and not wait_until(lambda: not is_running(keeper_then), grace_s):
        ended += [keeper_then.pid] if send_signal(keeper_then, signal.SIGKILL) else []
    if server_then is not None:
        for number in (int(record.get("stop_signal", signal.SIGTERM)), int(signal.SIGKILL)):
            if send_signal(server_then, number):
                ended.append(server_then.pid)
                wait_until(lambda: not is_running(server_then), grace_s)
    pidfile.unlink(missing_ok=True)
    return sorted(set(ended))


def _identity(fields: object) -> ProcessIdentity | None:
    try:
        return ProcessIdentity(**fields) if isinstance(fields, dict) else None
    except TypeError:
        return None
