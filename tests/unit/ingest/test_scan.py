from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import limits
from handlers.ingest.raw import RawRecord
from handlers.ingest.reading import json_records, line_records
from handlers.ingest.scan import BrokenJSON, RecordScanner

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
objects = st.dictionaries(st.text() | st.sampled_from(["data", "anime"]), values, max_size=4)


def scanned(text: bytes, step: int, bytes_max: int = 10_000_000) -> list[bytes | None]:
    scanner = RecordScanner(bytes_max)
    found = [one for at in range(0, len(text), step) for one in scanner.feed(text[at : at + step])]
    scanner.end()
    return found


@given(st.lists(values, max_size=5), st.integers(1, 40), st.sampled_from(["list", "wrapped", "wrapped, data last"]))
def test_the_values_of_a_list_come_out_however_the_text_is_cut(items: list[Any], step: int, form: str) -> None:
    document: Any = {
        "list": items,
        "wrapped": {"data": items, "license": {"data": ["not a record"]}},
        "wrapped, data last": {"license": {"name": '"data":['}, "data": items},
    }[form]
    assert [orjson.loads(one or b"") for one in scanned(orjson.dumps(document), step)] == items


@given(st.lists(objects, max_size=5), st.integers(1, 40), st.sampled_from([b"\n", b" ", b"\r\n\r\n", b""]))
def test_objects_in_a_row_come_out(items: list[dict[str, Any]], step: int, between: bytes) -> None:
    items = [item for item in items if not isinstance(item.get("data"), list)]
    text = between.join(orjson.dumps(item) for item in items)
    assert [orjson.loads(one or b"") for one in scanned(text, step)] == items


@pytest.mark.parametrize("step", [1, 7, 1_000])
def test_one_that_is_too_large_costs_itself_only(step: int) -> None:
    text = b'[{"a": 1}, {"x": "' + b"y" * 500 + b'"}, {"b": 2}]'
    assert scanned(text, step, bytes_max=50) == [b'{"a": 1}', None, b'{"b": 2}']


@pytest.mark.parametrize(
    ("text", "offset"),
    [(b"5", 0), (b"  hello", 2), (b'[{"a": 1}', 9), (b'{"a', 3), (b'{"data": [', 10), (b"[}", 1), (b'[{"a":1}}', 8)],
)
@pytest.mark.parametrize("step", [1, 100])
def test_broken_text_says_where(text: bytes, offset: int, step: int) -> None:
    with pytest.raises(BrokenJSON) as caught:
        scanned(text, step)
    assert caught.value.offset == offset


@given(st.binary(max_size=200), st.integers(1, 20))
def test_no_bytes_break_the_scanner_otherwise(text: bytes, step: int) -> None:
    offset = 0
    try:
        scanned(text, step)
    except BrokenJSON as error:
        offset = error.offset
    assert 0 <= offset <= len(text)


def read(reader: Any, *chunks: bytes) -> list[RawRecord]:
    async def source() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    async def collect() -> list[RawRecord]:
        return [record async for record in reader(source())]

    return asyncio.run(collect())


def test_a_broken_line_costs_itself_only() -> None:
    found = read(line_records, b'{"a": 1}\n{"b":', b' 2}\n\nbroken\n{"c"', b": 3}")
    assert [(one.position, one.value) for one in found if one.problem is None] == [
        (1, {"a": 1}),
        (2, {"b": 2}),
        (4, {"c": 3}),
    ]
    assert [(one.position, "not JSON" in (one.problem or "")) for one in found if one.problem] == [(3, True)]


def test_a_line_that_is_too_large_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "INGEST_RECORD_BYTES_MAX", 20)
    found = read(line_records, b'{"a": "', b"y" * 50, b'"}\n', b'{"b": 2}\n')
    assert [one.value for one in found] == [None, {"b": 2}]
    assert "larger than" in (found[0].problem or "")


def test_what_came_before_the_break_is_not_lost() -> None:
    first, broken = read(json_records, b'[{"a": 1}, {"b": ')
    assert first.value == {"a": 1}
    assert broken.position == 2
    assert "byte 17" in (broken.problem or "")


def test_a_record_that_is_no_json_inside_is_named_and_the_next_one_read() -> None:
    bad, good = read(json_records, b'[{"a": nonsense}, {"b": 2}]')
    assert "not JSON" in (bad.problem or "")
    assert good.value == {"b": 2}
