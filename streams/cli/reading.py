"""Files of records: JSON and JSON Lines."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

FILE_BYTES_MAX: Final = 512 * 1024 * 1024
_LINE_FILES: Final = frozenset({".jsonl", ".ndjson"})
STDIN: Final = "-"


@dataclass(frozen=True, slots=True)
class Found:
    """One record as JSON on one line, and where it stood; or, in `problem`, why it is none."""

    where: str
    line: bytes = b""
    problem: str | None = None


def records_of(name: str) -> Iterator[Found]:
    """The records of a file, or of standard input for `-`. What is no JSON comes out with file and line."""
    if name == STDIN:
        yield from _records("standard input", sys.stdin.buffer, as_lines=False)
        return
    path = Path(name)
    try:
        with path.open("rb") as file:
            yield from _records(name, file, as_lines=path.suffix.lower() in _LINE_FILES)
    except OSError as error:
        yield Found(name, problem=f"cannot be read: {error.strerror or error}")


def _records(name: str, file: BinaryIO, *, as_lines: bool) -> Iterator[Found]:
    first = file.readline(FILE_BYTES_MAX)
    if as_lines or _is_record(first):
        yield from _lines(name, first, file)
    else:
        yield from _whole(name, first, file)


def _is_record(line: bytes) -> bool:
    """Whether a first line is a whole record, so that the file is JSON Lines (or one record on one line)."""
    import orjson

    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return isinstance(value, dict) and not isinstance(value.get("data"), list)


def _lines(name: str, first: bytes, file: BinaryIO) -> Iterator[Found]:
    import orjson

    number, line = 1, first
    while line:
        where = f"{name}, line {number}"
        if line.strip():
            try:
                yield Found(where, orjson.dumps(orjson.loads(line)))
            except orjson.JSONDecodeError as error:
                yield Found(where, problem=f"{where}: not JSON: {error.msg} (column {error.colno})")
        number, line = number + 1, file.readline(FILE_BYTES_MAX)


def _whole(name: str, first: bytes, file: BinaryIO) -> Iterator[Found]:
    import orjson

    content = first + file.read(FILE_BYTES_MAX + 1 - len(first))
    if len(content) > FILE_BYTES_MAX:
        yield Found(name, problem=f"{name}: is larger than {FILE_BYTES_MAX} bytes; as JSON Lines it may have any size")
        return
    try:
        value = orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        problem = f"{name}, line {error.lineno}: not JSON: {error.msg} (column {error.colno})"
        yield Found(f"{name}, line {error.lineno}", problem=problem)
        return
    if isinstance(value, dict) and isinstance(value.get("data"), list):
        value = value["data"]
    for position, record in enumerate(value if isinstance(value, list) else [value], start=1):
        yield Found(f"{name}, record {position}", orjson.dumps(record))
