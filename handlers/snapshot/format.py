"""The lines of a snapshot, written and checked. Pure.

    {"echora_snapshot": 1, …, "sections": [{"name", "rows", "columns"}, …], "sha256": of this line without it}
    {"anime": {…}}                                       one row
    {"end": "anime", "rows": 71, "sha256": …}            of the lines of these rows
    …
    {"end": "snapshot", "sha256": …}                     of every line between the header and this one

Two snapshots of equal catalogues differ in the header's time and in nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from contracts.errors import Refused

FORMAT: Final = 1
LINE_BYTES_MAX: Final = 64 * 1024 * 1024
_WHOLE: Final = "snapshot"
_MARK: Final = "echora_snapshot"
_SECTIONS_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Contents:
    """One section as the header announces it."""

    name: str
    rows: int
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """What stands first. `origin` is whose word the catalogue holds: world, live, or nobody's yet."""

    contracts: str
    schema: str
    origin: str | None
    taken_at: str
    sections: tuple[Contents, ...]

    @property
    def rows(self) -> int:
        """How many rows follow."""
        return sum(section.rows for section in self.sections)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a section as the JSON that stands in its line."""

    section: Contents
    json: bytes


def header_line(header: Header) -> bytes:
    """The first line."""
    return _line(_body(header) | {"sha256": identity(header)})


def identity(header: Header) -> str:
    """The checksum that the header bears. It covers the instant, so no two snapshots share it."""
    return _digest(_body(header))


def row_line(section: str, row: bytes) -> bytes:
    """The line of one row, whose JSON is given."""
    return b'{"%s":%s}\n' % (section.encode(), row)


def _body(header: Header) -> dict[str, Any]:
    return {
        _MARK: FORMAT,
        "contracts": header.contracts,
        "schema": header.schema,
        "origin": header.origin,
        "taken_at": header.taken_at,
        "sections": [{"name": one.name, "rows": one.rows, "columns": one.columns} for one in header.sections],
    }


@dataclass(slots=True)
class Seal:
    """Hashes the lines behind the header and writes the lines that end a section and the whole."""

    _whole: Any = field(default_factory=hashlib.sha256)
    _section: Any = field(default_factory=hashlib.sha256)
    rows: int = 0

    def add(self, line: bytes) -> None:
        """Count and hash the line of a row."""
        self._section.update(line)
        self._whole.update(line)
        self.rows += 1

    def end_section(self, name: str) -> bytes:
        """The line that ends the section; the next one begins anew."""
        line = _line({"end": name, "rows": self.rows, "sha256": self._section.hexdigest()})
        self._whole.update(line)
        self._section, self.rows = hashlib.sha256(), 0
        return line

    def end(self) -> bytes:
        """The last line."""
        return _line({"end": _WHOLE, "sha256": self._whole.hexdigest()})


class Reader:
    """Takes the lines of a snapshot one by one. Raises Refused for the first that is not as it was written."""

    def __init__(self) -> None:
        self.header: Header | None = None
        self.lines = 0
        self.is_complete = False
        self._seal = Seal()
        self._at = 0

    def take(self, line: bytes) -> Row | None:
        """The row of a line, None for a line that holds none."""
        self.lines += 1
        if self.header is None:
            self.header = _header(line)
            return None
        if self.is_complete:
            raise self._wrong("stands behind the end of the snapshot")
        if self._at == len(self.header.sections):
            self._expect(line, self._seal.end(), "the end of the snapshot")
            self.is_complete = True
            return None
        section = self.header.sections[self._at]
        if self._seal.rows == section.rows:
            self._expect(line, self._seal.end_section(section.name), f"the end of section {section.name}")
            self._at += 1
            return None
        begin = b'{"%s":' % section.name.encode()
        if not line.startswith(begin) or not line.endswith(b"}\n"):
            raise self._wrong(
                f"is not row {self._seal.rows + 1} of the {section.rows} of section {section.name}; "
                "a line was altered, lost or added"
            )
        self._seal.add(line)
        return Row(section, line[len(begin) : -2])

    def finish(self) -> Header:
        """The header, when every line was there. Raises Refused for a snapshot that was cut off."""
        if self.header is None or not self.is_complete:
            raise Refused("snapshot", "", f"ends after line {self.lines}, before its last line: it was cut off")
        return self.header

    def _expect(self, line: bytes, wanted: bytes, what: str) -> None:
        if line != wanted:
            raise self._wrong(f"is not {what} with the checksum of what stands before it; the file was altered")

    def _wrong(self, why: str) -> Refused:
        return Refused(f"line {self.lines} of the snapshot", "", why)


def _header(line: bytes) -> Header:
    try:
        body: dict[str, Any] = orjson.loads(line)
        is_ours = isinstance(body, dict) and _MARK in body
    except orjson.JSONDecodeError:
        is_ours = False
    if not is_ours:
        raise Refused("snapshot", "", "does not begin with the header of a snapshot; `echora snapshot` writes one")
    if body[_MARK] != FORMAT:
        raise Refused("snapshot", "", f"has format {body[_MARK]}, this program reads {FORMAT}; use the one it is of")
    sealed = body.pop("sha256", None)
    if sealed != _digest(body):
        raise Refused("snapshot", "", "has a header that does not match its checksum; the file was altered")
    # What bears its own checksum was written by us, so its shape needs no further look.
    sections: Sequence[Mapping[str, Any]] = body["sections"][:_SECTIONS_MAX]
    contents = tuple(Contents(one["name"], one["rows"], tuple(one["columns"])) for one in sections)
    return Header(body["contracts"], body["schema"], body["origin"], body["taken_at"], contents)


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(body)).hexdigest()


def _line(body: Mapping[str, Any]) -> bytes:
    return orjson.dumps(body) + b"\n"
