"""Answers that never arrive: the program is held at the moment before it learns what a statement did."""

from __future__ import annotations

import threading

import asyncpg

from tests.faults.program.link import Link
from tests.faults.program.seams import Fault, Seams

HELD_MAX_S = 20.0


def severed(link: Link, seams: Seams) -> None:
    """`sever` stands still until the suite says `release`, then reports a broken connection; `cut` does so at once."""
    released = threading.Event()

    def sever(fault: Fault) -> None:
        if fault.seen == fault.occurrence:
            released.wait(HELD_MAX_S)
            released.clear()
            _cut(fault)

    link.on("release", lambda _: released.set())
    seams.actions["sever"] = sever
    seams.actions["cut"] = _cut


def _cut(_: Fault) -> None:
    raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation (armed)")
