"""POST /ingest: records stream in, verdicts stream out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Annotated, Any, Final

import orjson
import structlog
from fastapi import APIRouter, HTTPException, Query, Request
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from contracts.errors import EchoraError
from handlers.ingest import RawRecord, Verdict, json_records, line_records
from streams.http.problems import NotOffered
from streams.http.services import Ingest
from streams.http.tally import Tally

LINES: Final = "application/x-ndjson"
BODY_BYTES_MAX: Final = 4 * 1024**3
# Simple clients send all of their body before they read; so many verdicts are kept for them.
VERDICTS_HELD_MAX: Final = 100_000
_GONE: Final = "the client went away"
_READERS: Final[dict[str, Callable[[AsyncIterator[bytes]], AsyncIterator[RawRecord]]]] = {
    "application/json": json_records,
    LINES: line_records,
    "application/jsonl": line_records,
    "application/jsonlines": line_records,
}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": 'Records: a list, {"data": […]}, one record, or one a line.',
        "content": {kind: {"schema": {}} for kind in ("application/json", LINES)},
    }
}


class DuplexResponse(StreamingResponse):
    """Streams while the request is still coming in.

    The stock one listens for a disconnect by reading messages of the request, and so eats the body; here whoever reads
    the body hears of the disconnect.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what there is, as it comes."""
        with suppress(OSError):
            await self.stream_response(send)


def ingest_routes(ingest: Ingest | None) -> APIRouter:
    """The route that takes records."""
    router = APIRouter(tags=["ingest"])

    @router.post("/ingest", summary="Hand in records", openapi_extra=_BODY, response_class=DuplexResponse)
    async def take(
        request: Request,
        artifact: Annotated[str, Query(max_length=500, description="Where the records come from.")] = "http",
    ) -> DuplexResponse:
        """One line of JSON per verdict as it is decided, and a last line {"summary": …}."""
        if ingest is None:
            raise NotOffered("this process takes no records; ask the one whose ECHORA_ROLES has `ingest`")
        records = _records(request)
        first = await _first(records)
        if first is None:
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, "the body holds no record")
        verdicts = ingest(_with_first(first, records), artifact)
        # An outage before the first verdict is answered with a status of its own; after it, the summary tells of it.
        try:
            decided = await anext(verdicts, None)
        except ClientDisconnect:
            raise HTTPException(HTTPStatus.BAD_REQUEST, _GONE) from None
        return DuplexResponse(_lines(decided, verdicts), media_type=LINES)

    return router


def _records(request: Request) -> AsyncIterator[RawRecord]:
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind not in _READERS:
        raise HTTPException(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"content-type {kind or '(none)'} is not read here; send one of {', '.join(_READERS)}",
        )
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > BODY_BYTES_MAX:
        raise HTTPException(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body has {length} bytes, at most {BODY_BYTES_MAX} are taken"
        )
    return _READERS[kind](_bounded(request.stream()))


async def _bounded(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > BODY_BYTES_MAX:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {BODY_BYTES_MAX} bytes are taken")
        yield chunk


async def _first(records: AsyncIterator[RawRecord]) -> RawRecord | None:
    try:
        return await anext(records, None)
    except ClientDisconnect:
        raise HTTPException(HTTPStatus.BAD_REQUEST, _GONE) from None


async def _with_first(first: RawRecord, rest: AsyncIterator[RawRecord]) -> AsyncIterator[RawRecord]:
    yield first
    async for record in rest:
        yield record


async def _lines(first: Verdict | None, rest: AsyncIterator[Verdict]) -> AsyncIterator[bytes]:
    """The verdicts as lines, then the summary. They are read ahead, so that a client may send first and read later."""
    held: asyncio.Queue[Verdict | None] = asyncio.Queue(VERDICTS_HELD_MAX)
    reading = asyncio.create_task(_read_ahead(first, rest, held))
    tally = Tally()
    try:
        while (verdict := await held.get()) is not None:
            tally.add(verdict)
            yield _line(_shown(verdict))
        yield _line({"summary": tally.summary(await reading).model_dump(exclude_none=True)})
    finally:
        reading.cancel()


async def _read_ahead(
    first: Verdict | None, rest: AsyncIterator[Verdict], held: asyncio.Queue[Verdict | None]
) -> str | None:
    """Why the verdicts ended early, if they did."""
    error = None
    try:
        if first is not None:
            await held.put(first)
            async for verdict in rest:
                await held.put(verdict)
    except ClientDisconnect:
        error = _GONE
    except HTTPException as refusal:
        error = refusal.detail
    except EchoraError as failure:
        error = str(failure)
    except Exception as failure:
        structlog.get_logger("http").error("ingest failed", exc_info=failure)
        error = "something went wrong here that should not have; the log of the program says what"
    await held.put(None)
    return error


def _shown(verdict: Verdict) -> dict[str, Any]:
    shown = {
        "position": verdict.position,
        "label": verdict.label,
        "id": verdict.anime_id,
        "verdict": verdict.kind.value,
        "reason": verdict.reason,
    }
    return {name: value for name, value in shown.items() if value is not None}


def _line(value: Any) -> bytes:
    return orjson.dumps(value) + b"\n"
