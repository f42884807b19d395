"""Builds the HTTP application from the services behind it."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, RedirectResponse
from prometheus_client import REGISTRY, CollectorRegistry

from streams.http.activity import activity_routes
from streams.http.anime import anime_routes
from streams.http.dead_letters import dead_letter_routes
from streams.http.ingest import ingest_routes
from streams.http.page import page_of
from streams.http.problems import RESPONSES, add_problem_handlers
from streams.http.reconcile import reconcile_routes
from streams.http.reindex import reindex_routes
from streams.http.republish import republish_routes
from streams.http.reviews import review_routes
from streams.http.schedules import schedule_routes
from streams.http.search import search_routes
from streams.http.services import Services
from streams.http.snapshot import snapshot_routes
from streams.http.sources import source_routes
from streams.http.status import status_routes


def http_application(services: Services, *, version: str, registry: CollectorRegistry = REGISTRY) -> FastAPI:
    """The application with every route; `version` is the program's."""
    app = FastAPI(
        title="Echora Streams",
        version=version,
        summary="A catalogue of anime that keeps itself and its search fresh.",
        docs_url=None,  # The stock page loads its script from elsewhere, and shows nothing without a network.
        redoc_url=None,
        responses=RESPONSES,
    )
    add_problem_handlers(app)
    for router in (
        ingest_routes(services.ingest),
        search_routes(services.search),
        anime_routes(services),
        source_routes(services.fetch),
        activity_routes(services.activity),
        snapshot_routes(services),
        schedule_routes(services.schedules),
        reconcile_routes(services.reconcile),
        dead_letter_routes(services.dead_letters),
        review_routes(services.reviews),
        republish_routes(services.republish),
        reindex_routes(services.reindex),
        status_routes(services, registry),
    ):
        app.include_router(router)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(page_of(app.openapi()))

    @app.get("/", include_in_schema=False)
    async def root() -> RedirectResponse:
        return RedirectResponse("/docs")

    return app
