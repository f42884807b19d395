"""GET and DELETE /anime/{id}."""

from __future__ import annotations

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, HTTPException

from handlers.catalogue import StoredRecord
from streams.http.models import Deleted
from streams.http.problems import NotOffered
from streams.http.services import Services


def anime_routes(services: Services) -> APIRouter:
    """The routes of single records."""
    router = APIRouter(tags=["anime"])

    @router.get("/anime/{anime_id}", summary="One whole record", response_model_exclude_none=True)
    async def show(anime_id: UUID) -> StoredRecord:
        """The anime with its characters, episodes and relations, and who said what; also a deleted one."""
        record = await services.record(anime_id)
        if record is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, f"there is no anime {anime_id}; `echora search` finds ids")
        return record

    @router.delete("/anime/{anime_id}", summary="Delete an anime softly")
    async def delete(anime_id: UUID) -> Deleted:
        """Its row stays and says that it is deleted; its point leaves the index, and it cannot be ingested again."""
        if services.delete is None:
            raise NotOffered("this process does not delete; ask the one whose ECHORA_ROLES has `persist`")
        version = await services.delete(anime_id)
        if version is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, f"there is no living anime {anime_id}")
        return Deleted(id=anime_id, version=version)

    return router
