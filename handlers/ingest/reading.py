"""Raw records out of bytes as they come: JSON, or JSON Lines."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Final

import orjson

from contracts import limits
from handlers.ingest.raw import RawRecord
from handlers.ingest.scan import BrokenJSON, RecordScanner

_TOO_LARGE: Final = f"is larger than {limits.INGEST_RECORD_BYTES_MAX} bytes, which is the most that a record may have"


async def json_records(chunks: AsyncIterator[bytes]) -> AsyncIterator[RawRecord]:
    """The records of a JSON text: a list, an object with the list under `data`, one record, or several in a row.

    Where the text is broken, the last record says so, and what came before it is not lost.
    """
    scanner = RecordScanner(limits.INGEST_RECORD_BYTES_MAX)
    position = 0
    try:
        async for chunk in chunks:
            for text in scanner.feed(chunk):
                position += 1
                yield _record(position, text)
        scanner.end()
    except BrokenJSON as error:
        yield RawRecord(position + 1, problem=f"not JSON: {error}; nothing after it could be read")


async def line_records(chunks: AsyncIterator[bytes]) -> AsyncIterator[RawRecord]:
    """The records of JSON Lines; a broken line costs itself only. Positions count the lines that are not empty."""
    lines = _Lines(limits.INGEST_RECORD_BYTES_MAX)
    position = 0
    async for chunk in chunks:
        for line in lines.feed(chunk):
            position += 1
            yield _record(position, line)
    for line in lines.end():
        position += 1
        yield _record(position, line)


def records_in(text: bytes) -> Iterator[RawRecord]:
    """The records of a whole JSON text that is at hand. Raises BrokenJSON where it is broken."""
    scanner = RecordScanner(limits.INGEST_RECORD_BYTES_MAX)
    for position, found in enumerate(scanner.feed(text), start=1):
        yield _record(position, found)
    scanner.end()


def _record(position: int, text: bytes | None) -> RawRecord:
    if text is None:
        return RawRecord(position, problem=_TOO_LARGE)
    try:
        return RawRecord(position, orjson.loads(text), size_bytes=len(text))
    except orjson.JSONDecodeError as error:
        return RawRecord(position, problem=f"not JSON: {error}", size_bytes=len(text))


class _Lines:
    """Cuts chunks at line ends, with a bound on a line; one that is longer comes out as None."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._held: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[bytes | None]:
        *complete, rest = chunk.split(b"\n")
        for piece in complete:
            self._hold(piece)
            yield from self.end()
        self._hold(rest)

    def end(self) -> Iterable[bytes | None]:
        line = b"".join(self._held).strip()
        too_large = self._size > self._bytes_max
        self._held, self._size = [], 0
        if too_large:
            return (None,)
        return (line,) if line else ()

    def _hold(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size <= self._bytes_max:
            self._held.append(piece)
        else:
            self._held.clear()
