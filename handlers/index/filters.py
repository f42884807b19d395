"""What a search may filter by, and the conditions that it means, free of any engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

ANIME = "anime"


@dataclass(frozen=True, slots=True)
class SearchFilters:
    """Any of the listed types, statuses, seasons, ratings; all of the genres; years and score inclusive.

    An empty list or None does not filter. Scores are on 0 to 10.
    """

    type: Sequence[str] = ()
    status: Sequence[str] = ()
    season: Sequence[str] = ()
    rating: Sequence[str] = ()
    genres: Sequence[str] = ()
    year_from: int | None = None
    year_to: int | None = None
    min_score: float | None = None
    entity_type: str = ANIME


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The field holds one of the values."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """The number lies between both ends, ends included; None is open."""

    field: str
    low: float | None
    high: float | None


Condition = AnyOf | Between


def conditions(filters: SearchFilters) -> tuple[Condition, ...]:
    """The conditions that must all hold."""
    found: list[Condition] = [AnyOf("entity_type", (filters.entity_type,))]
    found.extend(
        AnyOf(field, tuple(values))
        for field, values in (
            ("type", filters.type),
            ("status", filters.status),
            ("season", filters.season),
            ("rating", filters.rating),
        )
        if values
    )
    found.extend(AnyOf("genres", (genre,)) for genre in filters.genres)
    if filters.year_from is not None or filters.year_to is not None:
        found.append(Between("year", filters.year_from, filters.year_to))
    if filters.min_score is not None:
        found.append(Between("score", filters.min_score, None))
    return tuple(found)
