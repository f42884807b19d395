"""Batches: every text exactly once, of like length, and bounded by padded tokens."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from handlers.embedding.batching import batches, bounded, tokens_about

lengths = st.lists(st.integers(min_value=0, max_value=300), max_size=200)


@given(lengths, st.integers(min_value=1, max_value=2_000))
def test_every_position_is_in_exactly_one_batch(sizes: list[int], tokens_max: int) -> None:
    groups = batches(sizes, tokens_max)
    assert sorted(at for group in groups for at in group) == list(range(len(sizes)))
    assert all(groups)


@given(lengths, st.integers(min_value=1, max_value=2_000))
def test_a_batch_of_several_stays_within_its_padded_tokens(sizes: list[int], tokens_max: int) -> None:
    for group in batches(sizes, tokens_max):
        assert len(group) == 1 or len(group) * max(sizes[at] for at in group) <= max(tokens_max, len(group))


@given(lengths)
def test_no_text_is_padded_past_the_shortest_of_the_batch_before(sizes: list[int]) -> None:
    groups = batches(sizes, 500)
    for before, after in itertools.pairwise(groups):
        assert min(sizes[at] for at in before) >= max(sizes[at] for at in after)


def test_like_lengths_share_a_batch() -> None:
    assert batches([10, 100, 11, 99], 200) == [[1, 3], [2, 0]]


@given(st.text(max_size=200), st.integers(min_value=0, max_value=50))
def test_a_bounded_text_is_a_prefix(text: str, chars_max: int) -> None:
    assert bounded(text, chars_max) == text[:chars_max]


def test_lone_surrogates_become_question_marks() -> None:
    assert bounded("a\ud800b", 10) == "a?b"


@given(st.text(max_size=500))
def test_an_estimate_never_exceeds_what_the_model_reads(text: str) -> None:
    assert 0 < tokens_about(text, 64) <= 64
