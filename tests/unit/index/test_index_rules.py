"""The pure rules of the index room."""

from __future__ import annotations

from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import Refused
from handlers.index.batching import by_version, newest, slices
from handlers.index.filters import AnyOf, Between, SearchFilters, conditions
from handlers.index.payload import VERSION_MAX, changed_payload, full_payload, merge_payload, stored_from, version_of
from handlers.index.port import Deletion, Patch, Stored
from handlers.index.space import VectorSpace, checked_vector, first_after, vector_name

A, B = UUID(int=1), UUID(int=2)
JSON = st.one_of(st.none(), st.booleans(), st.integers(-2, 2), st.sampled_from([0.0, 1.0]), st.lists(st.integers(0, 2)))
PAYLOADS = st.dictionaries(st.sampled_from("abcd"), JSON)


def test_one_write_per_id_the_newest_and_of_equals_the_last() -> None:
    writes = [Patch(A, 2, {"n": 1}), Patch(B, 1, {"n": 2}), Patch(A, 1, {"n": 3}), Patch(A, 2, {"n": 4})]
    assert newest(writes) == [writes[3], writes[1]]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5))))
def test_newest_keeps_the_highest_version_of_every_id(pairs: list[tuple[int, int]]) -> None:
    kept = newest([Deletion(UUID(int=one), version) for one, version in pairs])
    assert {one.id.int: one.version for one in kept} == {
        one: max(v for o, v in pairs if o == one) for one in {o for o, _ in pairs}
    }
    assert len(kept) == len({one for one, _ in pairs})


@pytest.mark.parametrize("version", [-1, VERSION_MAX + 1])
def test_a_version_that_a_filter_cannot_compare_is_refused(version: int) -> None:
    with pytest.raises(Refused, match=str(A)):
        newest([Deletion(A, version)])


@given(st.lists(st.integers()), st.integers(1, 7))
def test_slices_are_bounded_and_lose_nothing(items: list[int], size: int) -> None:
    parts = list(slices(items, size))
    assert [one for part in parts for one in part] == items
    assert all(0 < len(part) <= size for part in parts)


def test_by_version_groups_in_order_of_first_sight() -> None:
    writes = [Deletion(A, 2), Deletion(B, 1), Deletion(UUID(int=3), 2)]
    assert by_version(writes) == {2: [writes[0], writes[2]], 1: [writes[1]]}


def merged(stored: dict[str, object], patch: dict[str, object]) -> dict[str, object]:
    """What the engine does with a patch."""
    return {key: value for key, value in (stored | patch).items() if value is not None}


@given(PAYLOADS, PAYLOADS, st.integers(0, 9))
def test_the_changed_part_of_a_patch_does_what_all_of_it_would(
    stored: dict[str, object], patch: dict[str, object], version: int
) -> None:
    held = full_payload(stored, 0)
    changed = changed_payload(held, patch, version)
    expected = merged(held, merge_payload(patch, version))
    assert merged(held, changed) == expected
    # 1 equals True in Python but not in JSON.
    assert {k: type(v) is bool for k, v in merged(held, changed).items()} == {
        k: type(v) is bool for k, v in expected.items()
    }
    assert changed_payload(merged(held, changed), patch, version) == {"version": version}


def test_nulls_and_the_version_in_payloads() -> None:
    assert full_payload({"a": None, "b": 0, "version": 1}, 5) == {"b": 0, "version": 5}
    assert merge_payload({"a": None, "b": 0}, 5) == {"a": None, "b": 0, "version": 5}


def test_what_is_read_from_a_stored_payload() -> None:
    full = {"version": 4, "entity_type": "anime", "text_sha256": "h", "model": "m", "template": "t", "title": "x"}
    assert stored_from(A, full) == Stored(A, 4, "anime", "h", "m", "t")
    assert stored_from(A, None) == Stored(A, 0, "", "", "", "")
    assert version_of({"version": "4"}) == 0


def test_no_filter_means_only_the_kind_of_entity() -> None:
    assert conditions(SearchFilters()) == (AnyOf("entity_type", ("anime",)),)


def test_every_filter_becomes_a_condition() -> None:
    everything = SearchFilters(
        type=["TV", "OVA"],
        status=["ONGOING"],
        season=["FALL"],
        rating=["R"],
        genres=["Drama", "Sports"],
        year_from=2000,
        year_to=2010,
        min_score=0.0,
        entity_type="character",
    )
    assert set(conditions(everything)) == {
        AnyOf("entity_type", ("character",)),
        AnyOf("type", ("TV", "OVA")),
        AnyOf("status", ("ONGOING",)),
        AnyOf("season", ("FALL",)),
        AnyOf("rating", ("R",)),
        AnyOf("genres", ("Drama",)),
        AnyOf("genres", ("Sports",)),
        Between("year", 2000, 2010),
        Between("score", 0.0, None),
    }
    assert Between("year", None, 1999) in conditions(SearchFilters(year_to=1999))


def test_a_vectors_name_is_readable_safe_and_one_per_model() -> None:
    name = vector_name("sentence-transformers/all-MiniLM-L6-v2")
    assert name == "all-minilm-l6-v2-" + name[-8:]
    assert len({vector_name(one) for one in ("a/b-c", "a-b/c", "A/b-c", "a/b_c", "///", "モデル", "")}) == 7
    assert all(set(vector_name(one)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") for one in ("../x y", "モ/デル"))
    assert len(vector_name("x" * 1_000)) < 64
    assert VectorSpace("m", 3).vector_name == vector_name("m")


@pytest.mark.parametrize("dimensions", [0, -1, 65_537])
def test_a_space_needs_dimensions(dimensions: int) -> None:
    with pytest.raises(ValueError, match="dimensions"):
        VectorSpace("m", dimensions)


@pytest.mark.parametrize("vector", [[1.0], [[1.0, 2.0]], [1.0, float("inf")], ["a", "b"], [1.0, None]])
def test_a_vector_that_does_not_fit_names_its_owner(vector: list[float]) -> None:
    with pytest.raises(Refused, match=str(A)):
        checked_vector(A, vector, 2)


def test_a_vector_may_be_a_list_or_an_array() -> None:
    for vector in ([1.0, 2.0], np.array([1.0, 2.0]), np.array([1.0, 2.0], dtype=np.float16)):
        checked = checked_vector(A, vector, 2)
        assert checked.dtype == np.float32
        assert checked.tolist() == [1.0, 2.0]


def test_a_scroll_goes_on_behind_an_id() -> None:
    assert first_after(None) == UUID(int=0)
    assert first_after(A) == B
    assert first_after(UUID(int=2**128 - 1)) is None
