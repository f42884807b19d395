"""GET /snapshot and POST /restore: the whole catalogue out and in, as lines that stream."""

from __future__ import annotations

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect

from contracts.errors import EchoraError
from streams.http.body import GONE, LINES, bounded
from streams.http.models import RestoreAnswer
from streams.http.problems import NotOffered
from streams.http.services import Services

BODY_BYTES_MAX: Final = 64 * 1024**3
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "The lines of a snapshot, as GET /snapshot gave them.",
        "content": {LINES: {"schema": {}}},
    }
}


def snapshot_routes(services: Services) -> APIRouter:
    """The routes of snapshots."""
    router = APIRouter(tags=["snapshots"])

    @router.get("/snapshot", summary="The whole catalogue", response_class=StreamingResponse)
    async def snapshot() -> StreamingResponse:
        """Every row as one line of JSON, of one instant; the last line bears the checksum of all before it."""
        if services.snapshot is None:
            raise NotOffered("this process gives no snapshots; ask one that holds the database")
        chunks = services.snapshot()
        # What fails before the first line is answered with a status of its own; after it, the last line is missing.
        first = await anext(chunks)
        return StreamingResponse(_with_first(first, chunks), media_type=LINES)

    @router.post("/restore", summary="Bring a snapshot into an empty database", openapi_extra=_BODY)
    async def restore(request: Request) -> RestoreAnswer:
        """All of it or nothing; the index follows by itself. One that is there already is left as it is."""
        if services.restore is None:
            raise NotOffered("this process takes no snapshots; ask the one whose ECHORA_ROLES has `ingest`")
        kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
        if kind != LINES:
            raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"content-type {kind or '(none)'} is not {LINES}")
        chunks = bounded(request.stream(), BODY_BYTES_MAX)
        try:
            restored = await services.restore(chunks)
        except ClientDisconnect:
            raise HTTPException(HTTPStatus.BAD_REQUEST, GONE) from None
        except EchoraError:
            # A client reads the answer once it has sent everything; closing before that would cut the answer off.
            await _drain(chunks)
            raise
        return RestoreAnswer(
            taken_at=restored.taken_at, rows=dict(restored.rows), already_restored_at=restored.already_at
        )

    return router


async def _with_first(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    try:
        async for _ in chunks:
            pass
    except ClientDisconnect:
        return
