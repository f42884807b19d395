"""Pages and connections in AniList's shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from handlers.world.pages import Page, page_of

Json = dict[str, Any]
NESTED_SIZE_MAX = 25
PAGE_SIZE_MAX = 50


def page_info(page: Page[Any]) -> Json:
    """The state of a page; only hasNextPage can be relied upon at the real service."""
    return {
        "total": page.total,
        "perPage": page.size,
        "currentPage": page.number,
        "lastPage": page.last,
        "hasNextPage": page.has_next,
    }


def nested(edges: Sequence[Json], page: int | None, per_page: int | None) -> Json:
    """A connection within a media or character: at most 25 edges a page, whatever is asked for."""
    return connection(edges, page=page or 1, per_page=min(NESTED_SIZE_MAX, per_page or NESTED_SIZE_MAX))


def connection(edges: Sequence[Json], *, page: int, per_page: int) -> Json:
    """Edges, their nodes and the state of the page."""
    found = page_of(edges, page, max(1, per_page))
    nodes = [edge["node"] for edge in found.items]
    return {"edges": list(found.items), "nodes": nodes, "pageInfo": page_info(found)}
