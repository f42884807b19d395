"""What HTTP asks of the running program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI

if TYPE_CHECKING:
    from streams.compose import Graph


@dataclass
class Hooks:
    http: Any
    graph: Any

    async def started(self) -> None: ...
    async def stopping(self) -> None: ...


def build_services(graph: Graph) -> Hooks:
    app = FastAPI()

    @app.get("/healthz/live")
    async def live() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/search")
    async def find(q: str) -> Any:
        from handlers.index.filters import SearchFilters
        from handlers.index.search import search

        hits = await search(graph.runtime.index, graph.runtime.embed_query, q, SearchFilters(), 5)
        return [{"score": h.score, **h.payload} for h in hits]

    return Hooks(app, graph)
