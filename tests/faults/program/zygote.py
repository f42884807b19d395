"""Imports the program once and forks it as often as it is asked to: a start then costs no imports.

`python -m tests.faults.program.zygote`: one JSON order a line on standard input, one answer a line on standard output.
At the end of its input it goes, and every program that it forked goes with it.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import signal
import sys
import threading
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

_PR_SET_PDEATHSIG = 1


# What a start imports, also what it imports late.
WARM: Final = (
    *("alembic.command", "alembic.config", "anyio", "numpy", "qdrant_edge", "sqlalchemy.ext.asyncio", "uvloop"),
    *("anyio._backends._asyncio", "pydantic.v1", "uvicorn.lifespan.on"),
    *("uvicorn.protocols.http.auto", "uvicorn.protocols.websockets.auto"),
    *("google.protobuf.descriptor_pb2", "numpy.random"),
    *("handlers.index.edge", "streams.cli.application", "streams.compose", "streams.http", "streams.world"),
    *("tests.faults.program.child", "tests.faults.program.command", "tests.faults.program.saboteurs"),
)


def warm() -> None:
    """Import all of it."""
    for name in WARM:
        import_module(name)


def fork(order: Mapping[str, Any]) -> int:
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _redirect(order["log"])
        os.chdir(order["folder"])
        from tests.faults.program import child, command

        (command if order["words"] else child).main(order)
        code = 0
    finally:
        os._exit(code)


def _redirect(log: str) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(nothing, 0)
    os.dup2(said, 1)
    os.dup2(said, 2)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the suite's to act on.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    warm()
    assert threading.active_count() == 1, f"a fork would lose threads: {threading.enumerate()}"
    gc.collect()
    gc.freeze()
    print(json.dumps({"ready": os.getpid()}), flush=True)
    for line in sys.stdin:
        print(json.dumps({"pid": fork(json.loads(line))}), flush=True)


if __name__ == "__main__":
    main()
