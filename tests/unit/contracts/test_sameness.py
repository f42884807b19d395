"""When two values are one value."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.sameness import proposal_key, same_value

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ring", " Ring\n"),
        ("e\u0301", "\u00e9"),
        (["a", "b"], ["b", "a", "a"]),
        ({"a": 1, "b": None}, {"a": 1.0}),
        ({"x": [{"n": "A", "m": []}]}, {"x": [{"n": "A "}]}),
        (None, ""),
        ([], None),
    ],
)
def test_how_it_is_written_makes_no_difference(one: Any, other: Any) -> None:
    assert same_value(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ring", "ring"),
        (12, "12"),
        (0, None),
        (False, None),
        (True, 1),
        (["a"], "a"),
        (["1"], [1]),
        ({"a": 1}, {"b": 1}),
    ],
)
def test_what_is_different_stays_different(one: Any, other: Any) -> None:
    assert not same_value(one, other)


@given(JSON)
def test_a_value_is_the_same_as_itself_however_its_lists_are_ordered(value: Any) -> None:
    def turned(inner: Any) -> Any:
        if isinstance(inner, list):
            return [turned(one) for one in reversed(inner)]
        return {key: turned(one) for key, one in reversed(inner.items())} if isinstance(inner, dict) else inner

    assert same_value(value, turned(value))


def test_a_proposal_has_a_direction() -> None:
    assert proposal_key("a", "b") != proposal_key("b", "a")
    assert proposal_key("a ", ["x", "y"]) == proposal_key("a", ["y", "x"])
