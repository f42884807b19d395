"""From chunks to lines, with a bound on how long a line may be. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.errors import Refused
from handlers.snapshot.format import LINE_BYTES_MAX


class Lines:
    """Cuts chunks into lines, each with its newline. What is left at the end has none and is a line too."""

    def __init__(self, bytes_max: int = LINE_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The lines that end in this chunk."""
        *ended, rest = chunk.split(b"\n")
        for part in ended:
            self._hold(part)
            yield self._taken() + b"\n"
        if rest:
            self._hold(rest)

    def rest(self) -> Iterator[bytes]:
        """The last line, if it had no newline."""
        if self._parts:
            yield self._taken()

    def _hold(self, part: bytes) -> None:
        # Parts are joined once, so that a long line in many chunks costs no more than a short one.
        self._parts.append(part)
        self._size += len(part)
        if self._size > self._bytes_max:
            raise Refused("snapshot", "", f"has a line longer than {self._bytes_max} bytes; it is no snapshot of ours")

    def _taken(self) -> bytes:
        line = b"".join(self._parts)
        self._parts, self._size = [], 0
        return line
