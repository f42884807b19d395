"""The three means of an anime's scores across platforms. Pure; two decimals, as the platforms print them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import fmean, median
from typing import Final

from contracts.model.anime_parts import Score, Statistics

DECIMALS: Final = 2
_STEPS_MAX: Final = 100
_CLOSE: Final = 1e-12


def overlaid(stored: Mapping[str, Statistics], fetched: Mapping[str, Statistics]) -> dict[str, Statistics]:
    """The stored statistics with what was fetched laid over them, figure by figure.

    A platform that was not fetched keeps its figures, so a source that is down moves nothing.
    """
    laid = dict(stored)
    for platform, figures in fetched.items():
        said = figures.model_dump(exclude_none=True)
        before = stored[platform].model_dump(exclude_none=True) if platform in stored else {}
        laid[platform] = Statistics.model_validate({**before, **said})
    return laid


def arithmetic_geometric_mean(values: list[float]) -> float:
    """Iterated from the arithmetic and the geometric mean of all values until both agree; values are above 0."""
    arithmetic, geometric = fmean(values), math.exp(fmean(math.log(value) for value in values))
    for _ in range(_STEPS_MAX):
        if abs(arithmetic - geometric) <= _CLOSE:
            break
        arithmetic, geometric = (arithmetic + geometric) / 2, math.sqrt(arithmetic * geometric)
    return arithmetic


def means(statistics: Mapping[str, Statistics]) -> Score | None:
    """The means over all platforms that have a score; null and 0 are no score; None when there is none at all."""
    values = [figures.score for figures in statistics.values() if figures.score]
    if not values:
        return None
    return Score(
        arithmetic_geometric_mean=round(arithmetic_geometric_mean(values), DECIMALS),
        arithmetic_mean=round(fmean(values), DECIMALS),
        median=round(median(values), DECIMALS),
    )
