"""The small conversions, the rule engine, and the errors by status."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import EchoraError, Permanent, Transient
from contracts.model.anime import AnimeFields
from contracts.observation import Kind
from handlers.sources.errors import NotFound, Throttled
from handlers.sources.faults import by_status, retry_after_s
from handlers.sources.notes import Notes
from handlers.sources.port import Ask, Reply
from handlers.sources.rules import Rule, merged, read_fields, stated
from handlers.sources.sources import SOURCES
from handlers.sources.values import plain, score10, unique, words

NOW = datetime(2026, 10, 25, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "divisor", "expected"),
    [
        (8.67, 1, 8.67),
        (84, 10, 8.4),
        ("73.33", 10, 7.33),
        (4.5, 0.5, 9.0),
        (0, 1, None),
        (0.0, 1, None),
        (None, 1, None),
        ("", 10, None),
        ("n/a", 1, None),
        (101, 10, None),
        (-1, 1, None),
        ("nan", 1, None),
    ],
)
def test_scores(value: object, divisor: float, expected: float | None) -> None:
    assert score10(value, divisor) == expected


def test_texts() -> None:
    assert words("  a\x00b ") == "ab"
    assert words("") is None
    assert words(3) is None
    assert (
        plain("One.<br><br>\n<i>Two</i> &amp; three&nbsp;&lsquo;four&rsquo;") == "One.\n\nTwo & three \u2018four\u2019"
    )
    assert plain("a < b and c > d") == "a < b and c > d", "what is no tag stays"
    assert unique(["a", None, "a", " b ", ""]) == ["a", "b"]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (404, NotFound),
        (429, Throttled),
        (500, Transient),
        (503, Transient),
        (504, Transient),
        (408, Transient),
        (400, Permanent),
        (401, Permanent),
        (403, Permanent),
        (451, Permanent),
        (302, Transient),
    ],
)
def test_errors_by_status(status: int, expected: type[EchoraError]) -> None:
    assert type(by_status("jikan", status, "because")) is expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("60", 60.0),
        ("0", 0.0),
        ("Sun, 25 Oct 2026 00:01:30 GMT", 90.0),
        ("Sat, 24 Oct 2026 00:00:00 GMT", 0.0),
        ("99999999", 3600.0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after(header: str, expected: float | None) -> None:
    assert retry_after_s({"retry-after": header}, NOW) == expected
    assert retry_after_s({}, NOW) is None


def test_one_bad_field_is_one_error() -> None:
    rules = (
        Rule("title", ("t",), lambda raw, _: raw["t"]),
        Rule("year", ("y",), lambda raw, _: raw["y"]),
        Rule("month", ("m",), lambda raw, _: raw["m"]["deep"]),
    )
    read = read_fields({"t": "One", "y": 12345678, "m": 3}, rules, AnimeFields, None, Notes("x"))
    assert read.values == {"title": "One"}
    assert set(read.errors) == {"year", "month"}
    assert read_fields({}, rules, AnimeFields, None, Notes("x")).values == {}, "what is not there is not asked about"


def test_unknown_is_no_statement() -> None:
    assert stated({"status": "UNKNOWN", "title": "One", "genres": []}) == {"title", "genres"}


def test_pages_of_one_item_are_joined() -> None:
    one = {"id": 1, "list": {"more": True, "rows": [1]}}
    two = {"id": 1, "list": {"more": False, "rows": [2]}, "new": 3}
    assert merged(one, two) == {"id": 1, "list": {"more": True, "rows": [1, 2]}, "new": 3}
    assert merged(None, one) == one


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_NAMES = (
    "id mal_id idMal title titles status type format source rating season year aired broadcast duration score rank "
    "genres tags studios producers relations theme images trailer startDate endDate nextAiringEpisode description "
    "episodes rankings externalLinks characters staff airingSchedule data included attributes relationships slots "
    "alternative_titles start_date start_season main_picture related_anime num_episodes name about voices anime manga"
)


@pytest.mark.parametrize("source", sorted(SOURCES))
@settings(max_examples=40)
@given(data=st.data())
def test_no_body_however_broken_crashes_a_mapping(source: str, data: Any) -> None:
    raw = data.draw(st.dictionaries(st.sampled_from(_NAMES.split(" ")), junk, max_size=8))
    adapter = SOURCES[source]
    for kind in adapter.capability:
        said = adapter.said(Ask(kind, ("1",)), "1", raw, Notes(source), NOW)
        assert said.speaks_for <= adapter.capability[kind].gives | {"episodes"}


@pytest.mark.parametrize("source", sorted(SOURCES))
@settings(max_examples=40)
@given(data=st.data())
def test_no_reply_however_broken_crashes_the_reading_of_its_errors(source: str, data: Any) -> None:
    status = data.draw(st.sampled_from([200, 204, 301, 400, 403, 404, 418, 429, 500, 503]))
    names = st.sampled_from(["data", "errors", "message", "error", "status", "type", "id"])
    raw = data.draw(st.dictionaries(names, junk, max_size=5))
    fault = SOURCES[source].fault(Reply(status, {}, raw))
    assert fault is None or isinstance(fault, EchoraError)
    assert fault is not None or status == 200


def test_every_kind_has_a_plan() -> None:
    for adapter in SOURCES.values():
        for kind in adapter.capability:
            external_id = "1:1" if kind is Kind.EPISODE else "1"
            calls = adapter.calls(Ask(kind, (external_id,)))
            assert len(calls) == 1
            assert calls[0].ids == (external_id,)
