"""GET /search."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BeforeValidator, Field

from contracts import limits
from contracts.model.enums import AnimeStatus, AnimeType, Rating, Season
from handlers.index.filters import SearchFilters
from streams.http.models import SearchAnswer
from streams.http.problems import NotOffered
from streams.http.services import Search

OFFSET_MAX = 10_000
_YEARS = re.compile(r"(\d{4})?(\.\.)?(\d{4})?")


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def years(text: str) -> tuple[int | None, int | None]:
    """2015, 2015..2020, 2015.. or ..2020 as first and last year. Raises ValueError for anything else."""
    match = _YEARS.fullmatch(text)
    if not match or not (match[1] or match[3]) or (match[1] and match[3] and not match[2]):
        raise ValueError("must be a year or a range, e.g. 2015, 2015..2020, 2015.. or ..2020")
    first, last = (int(year) if year else None for year in (match[1], match[3]))
    if not match[2]:
        return first, first
    if first and last and first > last:
        raise ValueError(f"begins after it ends; write {last}..{first}")
    return first, last


def _year_range(text: str) -> str:
    years(text)
    return text


Types = Annotated[list[Annotated[AnimeType, BeforeValidator(_upper)]], Query(description="Format; may be repeated.")]
Statuses = Annotated[list[Annotated[AnimeStatus, BeforeValidator(_upper)]], Query(description="Broadcast status.")]
Seasons = Annotated[list[Annotated[Season, BeforeValidator(_upper)]], Query(description="Season of the premiere.")]
Ratings = Annotated[list[Annotated[Rating, BeforeValidator(_upper)]], Query(description="Age rating.")]
Genre = Annotated[str, Field(min_length=1, max_length=100)]
Years = Annotated[
    str | None,
    AfterValidator(lambda text: text if text is None else _year_range(text)),
    Query(max_length=20, description="Year of the premiere, or a range: 2015..2020, 2015.., ..2020."),
]


def search_routes(search: Search | None) -> APIRouter:
    """The route of the search."""
    router = APIRouter(tags=["search"])

    @router.get("/search", summary="Search in plain words")
    async def find(
        q: Annotated[
            str,
            Query(min_length=1, max_length=limits.SEARCH_QUERY_CHARS_MAX, description="What you look for, in words."),
        ],
        type: Types = [],  # noqa: B006
        status: Statuses = [],  # noqa: B006
        season: Seasons = [],  # noqa: B006
        rating: Ratings = [],  # noqa: B006
        genre: Annotated[list[Genre], Query(description="Genre; of several, all must hold.", max_length=20)] = [],  # noqa: B006
        year: Years = None,
        min_score: Annotated[float | None, Query(ge=0, le=10, description="Least score, 0 to 10.")] = None,
        limit: Annotated[int, Query(ge=1, le=limits.SEARCH_LIMIT_MAX, description="How many hits at most.")] = 10,
        offset: Annotated[int, Query(ge=0, le=OFFSET_MAX, description="How many hits to leave out.")] = 0,
    ) -> SearchAnswer:
        """The anime nearest in meaning to the query that pass every filter, best first."""
        if search is None:
            raise NotOffered("this process does not search; ask the one whose ECHORA_ROLES has `search`")
        first, last = years(year) if year else (None, None)
        filters = SearchFilters(
            type=[value.value for value in type],
            status=[value.value for value in status],
            season=[value.value for value in season],
            rating=[value.value for value in rating],
            genres=genre,
            year_from=first,
            year_to=last,
            min_score=min_score,
        )
        return SearchAnswer(query=q, hits=list(await search(q, filters, limit, offset)))

    return router
