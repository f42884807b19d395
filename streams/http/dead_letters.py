"""The dead letters over HTTP: what was given up, why, and what a person does about it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any, Final
from uuid import UUID

import orjson
from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from streams.http.body import LINES
from streams.http.letter_models import (
    DropWish,
    LetterGroups,
    LetterList,
    LetterQuery,
    LettersDecided,
    LetterShown,
    ReplayWish,
)
from streams.http.problems import NotFound, NotOffered
from streams.http.services import DeadLetters

Asked = Annotated[LetterQuery, Query()]
_PROGRESS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {LINES: {"schema": {}}}, "description": 'Lines of {"queued": …}, and a last {"summary": …}.'}
}


def dead_letter_routes(letters: DeadLetters | None) -> APIRouter:
    """The routes of the dead letters."""
    router = APIRouter(prefix="/dead-letters", tags=["dead letters"])

    @router.get("", summary="Dead letters, latest first")
    async def listing(query: Asked) -> LetterList:
        """Without their bytes."""
        return await _offered(letters).listing(query)

    @router.get("/groups", summary="Dead letters by kind of failure")
    async def groups(query: Asked) -> LetterGroups:
        """How many of each kind, since when, and the words of the last one."""
        return await _offered(letters).groups(query)

    @router.get("/{letter_id}", summary="One dead letter with what its message holds")
    async def show(letter_id: UUID) -> LetterShown:
        """Its headers, its first bytes, and the event that it is when it can be read."""
        found = await _offered(letters).show(letter_id)
        if found is None:
            raise NotFound(f"there is no dead letter {letter_id}; `echora dlq list --state …` shows which there are")
        return found

    @router.post("/replay", summary="Send messages again", response_class=StreamingResponse, responses=_PROGRESS)
    async def replay(wish: ReplayWish) -> StreamingResponse:
        """To their subjects, in the order of their stream, no faster than asked for. Lines say how far it is.

        It goes on as long as somebody reads; what was not sent yet then waits as before.
        """
        progress = await _offered(letters).replay(wish)
        return StreamingResponse(_lines(progress), media_type=LINES)

    @router.post("/drop", summary="Give letters up for good")
    async def drop(wish: DropWish) -> LettersDecided:
        """They stay to be read, with the reason, until they are too old."""
        return await _offered(letters).drop(wish)

    return router


async def _lines(progress: AsyncIterator[int | LettersDecided]) -> AsyncIterator[bytes]:
    async for said in progress:
        if isinstance(said, LettersDecided):
            yield orjson.dumps({"summary": said.model_dump(mode="json", exclude_none=True)}) + b"\n"
        else:
            yield orjson.dumps({"queued": said}) + b"\n"


def _offered(letters: DeadLetters | None) -> DeadLetters:
    if letters is None:
        raise NotOffered("this process keeps no dead letters; ask the one whose ECHORA_ROLES has `letters`")
    return letters
