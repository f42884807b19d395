"""What an armed fault may do other than kill: be slow, fail, lose the answer."""

from __future__ import annotations

import time

from tests.faults.program.seams import Fault, Seams


class Down(RuntimeError):
    """What the index engine raises when its files fail begins with this word."""


def slow_actions(seams: Seams) -> None:
    """`slow` waits `detail` seconds in its thread; `fail` raises what the index raises when away."""
    seams.actions["slow"] = lambda fault: time.sleep(fault.detail)
    seams.actions["fail"] = _fail
    seams.actions["fail once"] = lambda fault: _fail(fault) if fault.seen == fault.occurrence else None


def _fail(_: Fault) -> None:
    raise Down("Service internal error: the disk does not answer (armed)")
