"""The means: what they are, what is left out, and that a source that is down moves nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.model.anime_parts import Score, Statistics
from handlers.sources.scores import arithmetic_geometric_mean, means, overlaid

scores = st.floats(min_value=0.01, max_value=10, allow_nan=False)


def figures(**by_platform: float | None) -> dict[str, Statistics]:
    return {platform: Statistics(score=score) for platform, score in by_platform.items()}


def test_three_platforms() -> None:
    assert means(figures(mal=8.67, anilist=8.4, kitsu=8.1)) == Score(
        arithmetic_geometric_mean=8.39, arithmetic_mean=8.39, median=8.4
    )


def test_the_third_mean_is_iterated_from_the_means_of_all_values() -> None:
    # The arithmetic mean of 1, 4 and 10 is 5, their geometric mean 3.41995; the iteration by hand gives 4.17…
    assert means(figures(a=1, b=4, c=10)) == Score(arithmetic_geometric_mean=4.17, arithmetic_mean=5.0, median=4.0)


def test_no_score_is_left_out() -> None:
    assert means(figures(mal=8.0, anilist=None, kitsu=0.0)) == means(figures(mal=8.0))
    assert means(figures(mal=None)) is None
    assert means({}) is None


def test_a_source_that_is_down_moves_nothing() -> None:
    stored = figures(mal=8.0, anilist=7.0, kitsu=9.0)
    assert means(overlaid(stored, {})) == means(stored)
    assert means(overlaid(stored, figures(mal=8.5))) == means(figures(mal=8.5, anilist=7.0, kitsu=9.0))
    assert overlaid(stored, figures(mal=None)) == stored, "a platform that gave no score now keeps the one it had"


def test_figures_are_laid_over_one_by_one() -> None:
    stored = {"mal": Statistics(score=8.0, rank=5)}
    assert overlaid(stored, {"mal": Statistics(score=8.1, members=7)}) == {
        "mal": Statistics(score=8.1, rank=5, members=7)
    }


@given(st.lists(scores, min_size=1, max_size=8))
def test_the_third_mean_lies_between_the_other_two(values: list[float]) -> None:
    product = 1.0
    for value in values:
        product *= value
    geometric, arithmetic = product ** (1 / len(values)), sum(values) / len(values)
    mean = arithmetic_geometric_mean(values)
    assert geometric - 1e-9 <= mean <= arithmetic + 1e-9


@given(st.lists(scores, min_size=1, max_size=8), st.randoms())
def test_the_order_of_platforms_does_not_matter(values: list[float], random: object) -> None:
    shuffled = list(values)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert arithmetic_geometric_mean(shuffled) == pytest.approx(arithmetic_geometric_mean(values))
