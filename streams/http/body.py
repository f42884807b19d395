"""Reading the records of a request's body as it comes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from typing import Final

from fastapi import HTTPException, Request
from starlette.requests import ClientDisconnect

from handlers.ingest import RawRecord, json_records, line_records

LINES: Final = "application/x-ndjson"
GONE: Final = "the client went away"
BODY_BYTES_MAX: Final = 4 * 1024**3
_READERS: Final[dict[str, Callable[[AsyncIterator[bytes]], AsyncIterator[RawRecord]]]] = {
    "application/json": json_records,
    LINES: line_records,
    "application/jsonl": line_records,
    "application/jsonlines": line_records,
}


def records_of(request: Request) -> AsyncIterator[RawRecord]:
    """The records of the body. Raises HTTPException for a type that is not read, and for a size that is not taken."""
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
    return _READERS[kind](bounded(request.stream(), BODY_BYTES_MAX))


async def bounded(chunks: AsyncIterator[bytes], bytes_max: int) -> AsyncIterator[bytes]:
    """The chunks of a body, whatever it said of its length. Raises HTTPException when there are more bytes."""
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > bytes_max:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {bytes_max} bytes are taken")
        yield chunk


async def first_of(records: AsyncIterator[RawRecord]) -> RawRecord | None:
    """The first record, None when there is none."""
    try:
        return await anext(records, None)
    except ClientDisconnect:
        raise HTTPException(HTTPStatus.BAD_REQUEST, GONE) from None
