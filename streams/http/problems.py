"""Every error as a problem document (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from contracts.errors import EchoraError, Outage, Refused, Transient

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_S: Final = 5


class WrongValue(BaseModel):
    """One parameter and what is wrong with it."""

    parameter: str = Field(description="Name of the parameter.")
    detail: str = Field(description="What is wrong with it.")


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    type: str = Field("about:blank", description="Always about:blank: the status says which kind of problem it is.")
    title: str = Field(description="The kind of problem.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What happened, and what to do.")
    instance: str = Field(description="The path that was asked for.")
    errors: list[WrongValue] | None = Field(None, description="The wrong parameters, one by one.")


RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    "default": {"description": "A problem document (RFC 9457).", "model": Problem, "content": {MEDIA_TYPE: {}}}
}


class NotOffered(EchoraError):
    """This process does not run the role that answers this; ask the process that does."""


class NotFound(EchoraError):
    """What was asked about is not there; the message names it and says how to find what is."""


def problem(
    request: Request,
    status: int,
    detail: str,
    *,
    errors: Sequence[WrongValue] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """The answer that says what went wrong."""
    document = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=request.url.path,
        errors=list(errors) or None,
    )
    return JSONResponse(
        document.model_dump(exclude_none=True), status, headers=dict(headers or {}), media_type=MEDIA_TYPE
    )


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every error of the application with a problem document."""

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        detail = _DETAILS.get(error.status_code) if error.detail == HTTPStatus(error.status_code).phrase else None
        return problem(request, error.status_code, detail or error.detail, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def _validation(request: Request, error: RequestValidationError) -> JSONResponse:
        wrong = [_wrong_value(found) for found in error.errors()]
        detail = "; ".join(f"{value.parameter}: {value.detail}" for value in wrong)
        return problem(request, HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=wrong)

    @app.exception_handler(EchoraError)
    async def _ours(request: Request, error: EchoraError) -> JSONResponse:
        if isinstance(error, Refused):
            wrong = [WrongValue(parameter=error.field, detail=error.reason)] if error.field else []
            return problem(request, HTTPStatus.UNPROCESSABLE_ENTITY, str(error), errors=wrong)
        if isinstance(error, Transient | Outage):
            seconds = str(int(error.retry_after_s or RETRY_AFTER_S))
            return problem(request, HTTPStatus.SERVICE_UNAVAILABLE, str(error), headers={"Retry-After": seconds})
        if isinstance(error, NotOffered):
            return problem(request, HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        if isinstance(error, NotFound):
            return problem(request, HTTPStatus.NOT_FOUND, str(error))
        return problem(request, HTTPStatus.CONFLICT, str(error))

    @app.exception_handler(Exception)
    async def _unexpected(request: Request, error: Exception) -> JSONResponse:
        # The log has the whole story; an answer never shows the inside of the program.
        structlog.get_logger("http").error("request failed", path=request.url.path, exc_info=error)
        return problem(
            request,
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "something went wrong here that should not have; the log of the program says what",
        )


_DETAILS: Final = {
    404: "there is nothing under this address; /docs lists what there is",
    405: "this address does not take this method; /docs lists what each takes",
}


def _wrong_value(found: Mapping[str, Any]) -> WrongValue:
    where = [str(step) for step in found["loc"] if step not in ("query", "path", "body", "header")]
    detail = "is missing" if found["type"] == "missing" else str(found["msg"]).removeprefix("Value error, ")
    shown = found.get("input")
    if isinstance(shown, str) and found["type"] != "missing":
        detail += f" (it is {shown[:60]!r})"
    return WrongValue(parameter=where[0] if where else "request", detail=detail)
