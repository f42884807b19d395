from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import Refused
from handlers.snapshot.format import Contents, Header, Reader, Row
from handlers.snapshot.lines import Lines
from tests.unit.snapshot.lines import HEADER, ROWS, written


def read(lines: list[bytes]) -> tuple[Header, list[Row]]:
    reader = Reader()
    rows = [row for line in lines if (row := reader.take(line)) is not None]
    return reader.finish(), rows


def test_what_was_written_is_read() -> None:
    header, rows = read(written())
    assert header == HEADER
    assert header.rows == 2
    assert [(row.section, row.json) for row in rows] == [(HEADER.sections[0], row) for row in ROWS]


def test_every_line_is_json() -> None:
    assert [next(iter(orjson.loads(line))) for line in written()] == [
        "echora_snapshot", "company", "company", "end", "end", "end",
    ]  # fmt: skip


def test_only_the_header_tells_two_snapshots_of_one_catalogue_apart() -> None:
    later = written(
        Header(HEADER.contracts, HEADER.schema, HEADER.origin, "2027-01-01T00:00:00+00:00", HEADER.sections)
    )
    assert later[0] != written()[0]
    assert later[1:] == written()[1:]


@given(st.data())
def test_no_changed_byte_goes_unnoticed(data: st.DataObject) -> None:
    whole = b"".join(written())
    at = data.draw(st.integers(0, len(whole) - 1))
    changed = data.draw(st.integers(0, 255).filter(lambda byte: byte != whole[at]))
    with pytest.raises(Refused):
        read(cut(whole[:at] + bytes([changed]) + whole[at + 1 :]))


@given(st.integers(0, len(b"".join(written())) - 1))
def test_no_missing_end_goes_unnoticed(size: int) -> None:
    with pytest.raises(Refused):
        read(cut(b"".join(written())[:size]))


@given(st.data())
def test_no_line_is_lost_doubled_or_moved_unnoticed(data: st.DataObject) -> None:
    lines = written()
    wanted = data.draw(st.lists(st.sampled_from(range(len(lines))), max_size=8).filter(lambda one: one != [*range(6)]))
    with pytest.raises(Refused):
        read([lines[at] for at in wanted])


def test_lines_of_another_program_are_refused_by_what_they_are() -> None:
    for line, why in (
        (b'{"anime": {}}\n', "does not begin with the header"),
        (b"no json\n", "does not begin with the header"),
        (b'["echora_snapshot"]\n', "does not begin with the header"),
        (b'{"echora_snapshot": 2}\n', "has format 2"),
    ):
        with pytest.raises(Refused, match=why):
            Reader().take(line)


def test_the_place_of_a_damaged_line_is_said() -> None:
    lines = written()
    lines[2] = lines[2].replace(b'"id": 2', b'"id": 3')
    with pytest.raises(Refused, match=r"line 4 of the snapshot: is not the end of section company with the checksum"):
        read(lines)


def test_a_section_is_named_by_its_header_alone() -> None:
    lines = written(Header("1.0.0", "1", None, "t", (Contents("anime", 2, ()), Contents("x", 0, ()))))
    with pytest.raises(Refused, match="line 2 of the snapshot: is not row 1 of the 2 of section anime"):
        read(lines)


@given(st.lists(st.text("ab\n\r", max_size=9), max_size=9))
def test_chunks_are_cut_at_newlines_and_nowhere_else(chunks: list[str]) -> None:
    whole = "".join(chunks).encode()
    *ended, rest = whole.split(b"\n")
    assert cut_in([chunk.encode() for chunk in chunks]) == [line + b"\n" for line in ended] + [rest] * bool(rest)


def test_a_line_without_end_is_refused_before_it_fills_the_memory() -> None:
    lines = Lines(bytes_max=100)
    assert list(lines.feed(b"x" * 99)) == []
    with pytest.raises(Refused, match="longer than 100 bytes"):
        list(lines.feed(b"xx"))


def cut(whole: bytes) -> list[bytes]:
    return cut_in([whole])


def cut_in(chunks: list[bytes]) -> list[bytes]:
    lines = Lines()
    return [*(line for chunk in chunks for line in lines.feed(chunk)), *lines.rest()]
