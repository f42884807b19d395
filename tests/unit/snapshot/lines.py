"""A small snapshot, line by line."""

from __future__ import annotations

from handlers.snapshot.format import Contents, Header, Seal, header_line, row_line

ROWS = (b'{"id": 1, "name": "a"}', b'{"id": 2, "name": "\\u00e9"}')
HEADER = Header(
    "1.0.0",
    "0002",
    "world",
    "2026-11-22T12:00:00+00:00",
    (Contents("company", 2, ("id", "name")), Contents("x", 0, ())),
)


def written(header: Header = HEADER) -> list[bytes]:
    """The lines as `snapshot` writes them."""
    seal = Seal()
    lines = [header_line(header)]
    for row in ROWS:
        line = row_line("company", row)
        seal.add(line)
        lines.append(line)
    return [*lines, seal.end_section("company"), seal.end_section("x"), seal.end()]
