"""POST /reconcile: compare rows and points now; the report streams while it grows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any

import orjson
import structlog
from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from contracts.errors import EchoraError
from streams.http.body import LINES
from streams.http.problems import NotOffered
from streams.http.services import Reconcile

REPAIRS_MAX = 10_000_000
Line = Mapping[str, Any]
DryRun = Annotated[bool, Query(description="Only find what differs.")]
RepairsMax = Annotated[int, Query(ge=0, le=REPAIRS_MAX, description="How many repairs are queued at most.")]


def reconcile_routes(reconcile: Reconcile | None) -> APIRouter:
    """The route of the reconciler."""
    router = APIRouter(tags=["operations"])

    @router.post("/reconcile", summary="Compare rows and points, and repair", response_class=StreamingResponse)
    async def run(dry_run: DryRun = False, repairs_max: RepairsMax = REPAIRS_MAX) -> StreamingResponse:
        """One line of JSON per page that was compared; the last says `"is_whole": true`, or why there is none."""
        if reconcile is None:
            raise NotOffered("this process holds no index; ask the one whose ECHORA_ROLES has `index`")
        reports = reconcile(is_dry=dry_run, repairs_max=repairs_max)
        # What cannot begin is answered with a status of its own.
        first = await anext(reports)
        return StreamingResponse(_lines(first, reports), media_type=LINES)

    return router


async def _lines(first: Line, rest: AsyncIterator[Line]) -> AsyncIterator[bytes]:
    yield _line(first)
    try:
        async for report in rest:
            yield _line(report)
    except EchoraError as failure:
        yield _line({"error": str(failure)})
    except Exception as failure:
        structlog.get_logger("http").error("reconcile failed", exc_info=failure)
        yield _line({"error": "something went wrong here that should not have; the log of the program says what"})


def _line(value: Line) -> bytes:
    return orjson.dumps(value) + b"\n"
