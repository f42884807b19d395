"""One forked command of `echora`, with the seams in: what it does to files and what it asks of the program."""

from __future__ import annotations

import functools
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

from tests.faults.program.link import Link
from tests.faults.program.seams import Fault, Seams, asked_by


def main(order: Mapping[str, Any]) -> None:
    """Run the command; its code is said last, unless it is killed."""
    os.environ.update(order["environment"])
    sys.argv = ["echora", *order["words"]]
    link = Link(order["socket"])
    seams = Seams(link.say)
    _files(seams)
    _http(seams)
    for fault in order["faults"]:
        seams.arm(Fault(**fault))
    code = 1
    try:
        from streams.cli import main as echora

        echora()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    link.say(bye=code, counts=seams.take_counts())


def _files(seams: Seams) -> None:
    for name in ("replace", "rename", "unlink"):
        _around(Path, name, f"file {name}", seams)
    open_file = Path.open

    def opened(self: Path, mode: str = "r", *args: Any, **options: Any) -> Any:
        by = asked_by()
        if by == "a library":
            return open_file(self, mode, *args, **options)
        point = f"file open {mode} @ {by}"
        seams.before(point)
        file = open_file(self, mode, *args, **options)
        seams.after(point)
        return WatchedFile(file, seams)

    Path.open = opened  # type: ignore[method-assign,assignment]


def _http(seams: Seams) -> None:
    _around(httpx.Client, "send", "http request", seams)
    pages = httpx.Response.iter_bytes

    def watched(self: httpx.Response, *args: Any, **options: Any) -> Iterator[bytes]:
        for page in pages(self, *args, **options):
            point = f"http page @ {asked_by()}"
            seams.before(point)
            yield page
            seams.after(point)

    httpx.Response.iter_bytes = watched  # type: ignore[method-assign]


def _around(place: Any, name: str, what: str, seams: Seams) -> None:
    method: Callable[..., Any] = getattr(place, name)

    @functools.wraps(method)
    def wrapped(*args: Any, **options: Any) -> Any:
        point = f"{what} @ {asked_by()}"
        seams.before(point)
        result = method(*args, **options)
        seams.after(point)
        return result

    setattr(place, name, wrapped)


class WatchedFile:
    """An open file of which each reading, writing and closing is a point."""

    def __init__(self, file: Any, seams: Seams) -> None:
        self._file = file
        self._seams = seams

    def __enter__(self) -> WatchedFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._file, name)
        if name not in ("read", "write", "flush"):
            return found

        def call(*args: Any) -> Any:
            point = f"file {name} @ {asked_by()}"
            self._seams.before(point)
            result = found(*args)
            self._seams.after(point)
            return result

        return call

    def close(self) -> None:
        point = f"file close @ {asked_by()}"
        self._seams.before(point)
        self._file.close()
        self._seams.after(point)
