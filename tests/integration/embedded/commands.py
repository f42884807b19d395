"""Small stand-ins for servers, so that the rules of starting and ending can be tested one by one."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from streams.embedded.process import Command

SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}"
PARENT = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {STUBBORN!r}], start_new_session=True)
print(child.pid, flush=True)
child.wait()
"""


def python(folder: Path, code: str, *, grace_s: float = 5.0) -> Command:
    """A command that runs `code`, stopped by SIGTERM and `grace_s` seconds."""
    return Command(
        name="server",
        argv=(sys.executable, "-c", code),
        folder=folder,
        log=folder / "server.log",
        pidfile=folder / "server.pid.json",
        stops=((signal.SIGTERM, grace_s),),
    )
