"""Whether an anime's score has moved enough to be told. Pure; in decimals, as the platforms print scores.

Floats would not do: of the steps from x.y to x.y + 0.1 many differ by a little more than 0.1 in floats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from contracts.model.anime_parts import Score, Statistics
from handlers.update.belief import label_of, sources_of
from handlers.update.change import JSON, FieldChange
from handlers.update.current import Current

Means = Callable[[Mapping[str, Statistics]], Score | None]

MEANS: Final = ("arithmetic_geometric_mean", "arithmetic_mean", "median")
THE_MEANS: Final = "the means of all platforms"


def has_moved(published: Mapping[str, float] | None, now: Mapping[str, float] | None, threshold: Decimal) -> bool:
    """Whether any of the three means has moved by more than `threshold` since the value last published.

    A first score has moved, whatever it is; a score that is gone has not, since no platform takes its figures back.
    """
    if not now:
        return False
    pairs = [((published or {}).get(name), now.get(name)) for name in MEANS]
    return any(_moved(before, after, threshold) for before, after in pairs)


def _moved(before: float | None, after: float | None, threshold: Decimal) -> bool:
    if after is None:
        return False
    return before is None or abs(Decimal(str(after)) - Decimal(str(before))) > threshold


def score_changes(
    current: Current, changes: Iterable[FieldChange], means: Means, threshold: Decimal, looked_at: datetime
) -> list[FieldChange]:
    """What a look at the figures is worth telling: nothing, or the score with the figures that moved it.

    `changes` are those of the diff; the ones of other fields are left out. `means` computes the score from all
    platforms' figures. `looked_at` is as of when all of them were seen, the newest of the look.
    """
    figures = [one for one in changes if one.field.startswith("statistics.")]
    stored: dict[str, JSON] = dict(current.values.get("statistics") or {})
    laid = stored | {one.field.partition(".")[2]: one.new for one in figures}
    score = means({platform: Statistics.model_validate(value) for platform, value in laid.items()})
    now = score.model_dump(mode="json", exclude_none=True) if score else None
    published = current.values.get("score")
    if now is None or not has_moved(published, now, threshold):
        return []
    sources = frozenset(source for one in figures for source in sources_of(one.source))
    label = label_of(sources or frozenset(sorted(laid)))
    return [*figures, FieldChange("score", published, now, label, looked_at, THE_MEANS)]


def without_figures(changes: Iterable[FieldChange]) -> list[FieldChange]:
    """The changes that are news by themselves: figures drift daily and are told only with a score that moved."""
    return [one for one in changes if not one.field.startswith("statistics.")]
