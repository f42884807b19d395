"""The world over HTTP: four services under one port, what is true, and what misbehaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from contracts.errors import Refused
from handlers.world.asking import BODY_BYTES_MAX, Ask
from handlers.world.changes import Source
from handlers.world.desk import Desk
from handlers.world.truth import change_json

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
# The future can be asked for too, since it is settled; each week of it has to be simulated first.
_FUTURE_MAX = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Handlers:
    """The endpoints over one desk."""

    desk: Desk

    async def service(self, request: Request) -> Response:
        """A request to one of the four services."""
        source = Source(request.scope["route_source"])
        body = await _bounded(request)
        if body is None:
            return _json({"error": f"the body is larger than {BODY_BYTES_MAX} bytes"}, 413)
        prefix = self.desk.dialects[source].prefix
        path = request.url.path.removeprefix(prefix)
        ask = Ask(
            method=request.method,
            path=path.rstrip("/"),
            query=request.query_params.multi_items(),
            headers=dict(request.headers),
            body=body,
            base_url=f"{request.url.scheme}://{request.url.netloc}{prefix}",
        )
        reply = await self.desk.meet(source, ask)
        return Response(reply.body, reply.status, dict(reply.headers))

    async def truth(self, request: Request) -> Response:
        """What truly changed in [from, to): by default since the origin and until now."""
        world, now = self.desk.world, self.desk.clock.now()
        try:
            start = _instant(request.query_params.get("from")) or world.origin
            end = _instant(request.query_params.get("to")) or now
        except ValueError as error:
            return _json({"error": f"from and to are instants such as 2026-08-10T00:00:00Z: {error}"}, 400)
        if end > now + _FUTURE_MAX:
            return _json({"error": f"to lies more than {_FUTURE_MAX.days} days ahead of the world's now"}, 400)
        changes = [change_json(change, world) for change in world.truth(start, end)]
        return _json({"from": start, "to": end, "seed": world.seed, "changes": changes})

    async def clock(self, request: Request) -> Response:
        """The world's time."""
        clock, world = self.desk.clock, self.desk.world
        speed = getattr(clock, "speed", 1.0)  # A clock that is not a world's runs as ours does.
        return _json({"now": clock.now(), "speed": speed, "origin": world.origin, "seed": world.seed})

    async def health(self, request: Request) -> Response:
        """Whether the world answers."""
        return _json({"ok": True, "titles": len(self.desk.world.history.titles)})

    async def misbehave(self, request: Request) -> Response:
        """GET lists the open bad spells, POST begins one, DELETE ends all."""
        spells, now = self.desk.misbehaviour, self.desk.clock.now()
        if request.method == "DELETE":
            spells.clear()
        if request.method == "POST":
            body = await _bounded(request)
            try:
                asked = orjson.loads(body or b"null")
                window = spells.start(now=now, **_arguments(asked))
            except (orjson.JSONDecodeError, TypeError, ValueError, Refused) as error:
                return _json({"error": str(error)}, 400)
            return _json(window.as_json(), 201)
        return _json({"now": now, "windows": [window.as_json() for window in spells.active(now)]})


def world_app(desk: Desk) -> Starlette:
    """The ASGI application over one desk."""
    handlers = Handlers(desk)
    services: Sequence[Route] = [
        Route(f"{dialect.prefix}{rest}", _of(handlers, source), methods=_METHODS)
        for source, dialect in desk.dialects.items()
        for rest in ("", "/{rest:path}")
    ]
    return Starlette(
        routes=[
            *services,
            Route("/truth", handlers.truth),
            Route("/clock", handlers.clock),
            Route("/healthz", handlers.health),
            Route("/misbehave", handlers.misbehave, methods=["GET", "POST", "DELETE"]),
        ]
    )


def _of(handlers: Handlers, source: Source) -> Any:
    async def endpoint(request: Request) -> Response:
        request.scope["route_source"] = source.value
        return await handlers.service(request)

    return endpoint


async def _bounded(request: Request) -> bytes | None:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            return None
    return body


def _arguments(asked: Any) -> Mapping[str, Any]:
    if not isinstance(asked, dict):
        raise TypeError('the body must be an object such as {"source": "jikan", "kind": "429", "for_s": 600}')
    allowed = ("source", "kind", "for_s", "share", "retry_after_s", "hold_s", "stale_s")
    unknown = sorted(set(asked) - set(allowed))
    if unknown:
        raise TypeError(f"unknown: {', '.join(unknown)}; known are {', '.join(allowed)}")
    return asked


def _instant(text: str | None) -> datetime | None:
    if not text:
        return None
    # A plus sign that was not encoded arrives as a space.
    found = datetime.fromisoformat(text.replace(" ", "+"))
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _json(body: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, {"Content-Type": "application/json"})
