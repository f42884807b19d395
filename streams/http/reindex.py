"""POST /reindex and GET /reindex: another model for the index, and how far it is."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query

from contracts.errors import Refused
from handlers.index.choice import ModelName
from streams.http.models import ReindexState
from streams.http.problems import NotOffered
from streams.http.services import Reindex

Model = Annotated[str, Query(min_length=1, max_length=200, description="Name as EMBEDDING_MODEL takes it.")]
Folder = Annotated[str | None, Query(max_length=1_000, description="Folder on the program's machine that holds it.")]


def reindex_routes(reindex: Reindex | None) -> APIRouter:
    """The routes of the index's model."""
    router = APIRouter(tags=["operations"])

    @router.post("/reindex", summary="Give the index another model", status_code=HTTPStatus.ACCEPTED)
    async def ask(model: Model, folder: Folder = None) -> ReindexState:
        """Its vectors are filled in beside those that are searched, and then searches use them."""
        path = Path(folder) if folder else None
        if path is not None and not path.is_dir():
            raise Refused("reindex", "folder", f"{folder} is no folder on the program's machine")
        return await _offered(reindex).ask(ModelName(model, path))

    @router.get("/reindex", summary="The index's model")
    async def state() -> ReindexState:
        """Which model searches use, and how far another one is."""
        return await _offered(reindex).state()

    return router


def _offered(reindex: Reindex | None) -> Reindex:
    if reindex is None:
        raise NotOffered("this process holds no index; ask the one whose ECHORA_ROLES has `index`")
    return reindex
