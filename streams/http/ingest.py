"""POST /ingest: records stream in, verdicts stream out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Any, Final

import orjson
import structlog
from fastapi import APIRouter, HTTPException, Query, Request
from starlette.requests import ClientDisconnect

from contracts.errors import EchoraError
from handlers.ingest import RawRecord, Verdict
from streams.http.body import GONE, LINES, first_of, records_of
from streams.http.duplex import DuplexResponse
from streams.http.problems import NotOffered
from streams.http.services import Ingest
from streams.http.tally import Tally

# Simple clients send all of their body before they read; so many verdicts are kept for them.
VERDICTS_HELD_MAX: Final = 100_000
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": 'Records: a list, {"data": […]}, one record, or one a line.',
        "content": {kind: {"schema": {}} for kind in ("application/json", LINES)},
    }
}


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
        records = records_of(request)
        first = await first_of(records)
        if first is None:
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, "the body holds no record")
        verdicts = ingest(_with_first(first, records), artifact)
        # An outage before the first verdict is answered with a status of its own; after it, the summary tells of it.
        try:
            decided = await anext(verdicts, None)
        except ClientDisconnect:
            raise HTTPException(HTTPStatus.BAD_REQUEST, GONE) from None
        return DuplexResponse(_lines(decided, verdicts), media_type=LINES)

    return router


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
        error = GONE
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
