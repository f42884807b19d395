"""GET /sources/{source}/{kind}: ask one source now, within the program's own budget for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query

from contracts.observation import Kind
from streams.http.problems import NotOffered
from streams.http.services import Fetch

IDS_MAX = 100

Ids = Annotated[
    list[Annotated[str, Query(max_length=20)]],
    Query(min_length=1, max_length=IDS_MAX, description="Ids at the source; an episode is ANIME:NUMBER."),
]
Fields = Annotated[
    list[Annotated[str, Query(max_length=50)]] | None,
    Query(max_length=100, description="Only these fields; all where it is left out."),
]
Fresh = Annotated[bool, Query(description="Ask the source even if our own cache has an answer.")]


def source_routes(fetch: Fetch | None) -> APIRouter:
    """The route that asks a source."""
    router = APIRouter(tags=["sources"])

    @router.get("/sources/{source}/{kind}", summary="Ask a source")
    async def ask(source: str, kind: Kind, id: Ids, field: Fields = None, fresh: Fresh = False) -> Mapping[str, Any]:
        """What it says now, as observations by id, and for every id that has none why."""
        if fetch is None:
            raise NotOffered("this process asks no sources; ask the one whose ECHORA_ROLES has `update`")
        return await fetch(source, kind, id, field, fresh=fresh)

    return router
