"""Searching in plain words."""

from __future__ import annotations

from contracts import limits
from contracts.errors import Refused
from handlers.index.filters import SearchFilters
from handlers.index.follow import Embed
from handlers.index.port import Hit, VectorIndex


async def search(
    index: VectorIndex, embed: Embed, query: str, filters: SearchFilters, limit: int, offset: int = 0
) -> list[Hit]:
    """The points nearest in meaning to `query` that pass the filters, best first. Raises Refused for a bad query."""
    words = query.strip()
    if not words:
        raise Refused("search", "q", "is empty; say in a few words what you look for")
    if len(words) > limits.SEARCH_QUERY_CHARS_MAX:
        raise Refused("search", "q", f"has {len(words)} characters, at most {limits.SEARCH_QUERY_CHARS_MAX} are read")
    if not 1 <= limit <= limits.SEARCH_LIMIT_MAX:
        raise Refused("search", "limit", f"is {limit}, it must be 1 to {limits.SEARCH_LIMIT_MAX}")
    vectors = await embed([words])
    return await index.search(vectors[0], filters, limit, offset)
