"""The answer to a request that a stop cuts off: a problem document, in place of the bare 500 of the server."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.requests import Request

from streams.http.problems import RETRY_AFTER_S, problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

STOPPING: Final = "the program stops and took back what was not answered yet; ask again when it runs"


@dataclass(frozen=True, slots=True)
class CutOff:
    """ASGI middleware around the whole application, guard and all."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand everything on. A request that is cancelled before its answer began is answered with 503."""
        has_begun = False

        async def noting(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self.app(scope, receive, noting)
        except asyncio.CancelledError:
            # Half an answer can only be broken off. Else the task ends with this answer, which is what was asked of it.
            if has_begun or scope["type"] != "http":
                raise
            headers = {"Retry-After": str(RETRY_AFTER_S)}
            refusal = problem(Request(scope), HTTPStatus.SERVICE_UNAVAILABLE, STOPPING, headers=headers)
            await refusal(scope, receive, send)
