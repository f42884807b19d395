"""GET /status, the health checks and the metrics."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from streams.http.models import Health, Status
from streams.http.problems import problem
from streams.http.services import Services


def status_routes(services: Services, registry: CollectorRegistry) -> APIRouter:
    """The routes that say how the program is doing."""
    router = APIRouter(tags=["operations"])

    @router.get("/status", summary="Streams, consumers, outbox, index")
    async def status() -> Status:
        """What each part of the program has to do, and when it last got on with it."""
        return await services.status()

    @router.get("/healthz/live", summary="Whether to restart it", response_model=Health)
    async def live(request: Request) -> Response | Health:
        """200 while the program itself works; an outage elsewhere does not make it unwell."""
        return await _health(request, services.liveness)

    @router.get("/healthz/ready", summary="Whether to send it work", response_model=Health)
    async def ready(request: Request) -> Response | Health:
        """200 once everything that it needs answers, else 503 with the reasons."""
        return await _health(request, services.readiness)

    @router.get("/metrics", summary="Prometheus metrics", response_class=Response)
    async def metrics() -> Response:
        """What the program counts, in the text format of Prometheus."""
        if services.measure is not None:
            await services.measure()
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router


async def _health(request: Request, ask: Callable[[], Awaitable[Sequence[str]]]) -> Response | Health:
    reasons = await ask()
    if reasons:
        return problem(request, HTTPStatus.SERVICE_UNAVAILABLE, "; ".join(reasons))
    return Health(status="ok")
