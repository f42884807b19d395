"""Starting `program.py` from a test, and looking at the processes that belong to it."""

from __future__ import annotations

import json
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from streams.embedded.waiting import wait_until

ROOT = Path(__file__).parents[3]
LINE_TIMEOUT_S = 60.0
GONE_TIMEOUT_S = 10.0
MODULE = "tests.integration.embedded.program"


class Program:
    """A running `program.py`; `family` is every process below it that was alive when it was last asked."""

    def __init__(self, home: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", MODULE, str(home)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.family: list[psutil.Process] = []

    def line(self) -> dict[str, Any]:
        """The next line that it prints."""
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], LINE_TIMEOUT_S)
        assert ready, "the program printed nothing"
        said: dict[str, Any] = json.loads(self.process.stdout.readline())
        self.family = psutil.Process(self.process.pid).children(recursive=True)
        return said

    def end(self) -> int:
        """End its input, as a plain stop; its exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(LINE_TIMEOUT_S)

    def kill(self) -> None:
        """kill -9 of the program alone."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(LINE_TIMEOUT_S)

    def left(self) -> list[psutil.Process]:
        """Who of the family still lives."""
        return [process for process in self.family if runs(process)]

    def all_gone(self) -> bool:
        """Whether nobody of the family is left, at once or soon."""
        return wait_until(lambda: not self.left(), GONE_TIMEOUT_S)


def runs(process: psutil.Process) -> bool:
    """Whether that very process lives; a zombie does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextmanager
def program(home: Path) -> Iterator[Program]:
    """Run `program.py` on `home`; whatever the test leaves of it is ended."""
    running = Program(home)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.kill()
        for pipe in (running.process.stdin, running.process.stdout):
            assert pipe is not None
            pipe.close()
        assert running.all_gone(), running.left()
