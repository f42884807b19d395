"""The guard before every route: who may change something, from where, and how much may be sent.

A request that changes something (any method but GET, HEAD and OPTIONS) needs one of two:

- the token, as `Authorization: Bearer ...`, where `ECHORA_API_TOKEN` is set; it must be set when the program listens on
  an address that is not loopback;
- else a client on this machine that is no page of another site: the Host names loopback, and neither `Origin` nor
  `Sec-Fetch-Site` tells of a browser that was somewhere else. A page cannot set these headers, and cannot send JSON
  across sites without asking first.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from fastapi import HTTPException
from pydantic import SecretStr
from starlette.requests import Request

from streams.http.problems import problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
# A wish of a person or a program is short. What takes whole catalogues reads its body as it comes and bounds it itself.
BODY_BYTES_MAX: Final = 1024 * 1024
STREAMED: Final = frozenset({"/ingest", "/restore"})
JSON: Final = "application/json"
_SAME_SITE: Final = frozenset({"same-origin", "none"})


@dataclass(frozen=True, slots=True)
class Guard:
    """ASGI middleware around the whole application. Without a token only this machine may change anything."""

    app: ASGIApp
    token: SecretStr | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what may not pass with a problem document; hand on the rest, with its body bounded."""
        if scope["type"] != "http" or scope["method"] in SAFE:
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        refused = _refusal(request.headers, self.token) or _unread(request)
        if refused is not None:
            status, detail = refused
            headers = {"WWW-Authenticate": "Bearer"} if status is HTTPStatus.UNAUTHORIZED else None
            await problem(request, status, detail, headers=headers)(scope, receive, send)
            return
        bounded = receive if request.url.path in STREAMED else _bounded(receive)
        await self.app(scope, bounded, send)


Refusal = tuple[HTTPStatus, str] | None


def _refusal(headers: Mapping[str, str], token: SecretStr | None) -> Refusal:
    if token is not None:
        kind, _, given = headers.get("authorization", "").partition(" ")
        # Compared in constant time, so that a guess learns nothing from how long the answer took.
        if kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.get_secret_value().encode()):
            return None
        return HTTPStatus.UNAUTHORIZED, "this changes something: send the token as `Authorization: Bearer …`"
    host = headers.get("host", "")
    if _name(f"//{host}") not in LOOPBACK:
        return HTTPStatus.FORBIDDEN, (
            f"this changes something and was asked under the name {host[:100] or '(none)'}: ask by 127.0.0.1 on this "
            "machine, or set ECHORA_API_TOKEN and send it"
        )
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    is_foreign = origin is not None and urlsplit(origin).netloc != host
    if is_foreign or (site is not None and site not in _SAME_SITE):
        return HTTPStatus.FORBIDDEN, "this changes something and was asked by a page of another site"
    return None


def _name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _unread(request: Request) -> Refusal:
    if request.url.path in STREAMED:
        return None
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > BODY_BYTES_MAX:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body has {length} bytes, at most {BODY_BYTES_MAX} are taken"
    has_body = length not in ("", "0") or "transfer-encoding" in request.headers
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if has_body and kind != JSON:
        return HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"content-type {kind[:100] or '(none)'} is not read here; send {JSON}"
    return None


def _bounded(receive: Receive) -> Receive:
    size = 0

    async def bounded() -> Message:
        nonlocal size
        message = await receive()
        body: Any = message.get("body", b"")
        size += len(body)
        if size > BODY_BYTES_MAX:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {BODY_BYTES_MAX} bytes are taken")
        return message

    return bounded
