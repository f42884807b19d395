"""Small services that answer as the four do, over a mock transport, and misbehave when they are told to."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx

BODIES = Path(__file__).parents[2] / "contracts" / "sources" / "bodies"
HOSTS = {
    "api.tenrai.org": "jikan",
    "graphql.anilist.co": "anilist",
    "kitsu.app": "kitsu",
    "api.myanimelist.net": "mal",
}
Trick = Callable[[httpx.Request], httpx.Response]


def body(name: str) -> Any:
    return json.loads((BODIES / f"{name}.json").read_text("utf-8"))


@dataclass
class Services:
    """All four services. `tricks` replaces a source's answers; `seen` holds every request by source."""

    tricks: dict[str, Trick] = field(default_factory=dict)
    seen: dict[str, list[httpx.Request]] = field(default_factory=dict)

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.answer)

    def answer(self, request: httpx.Request) -> httpx.Response:
        source = HOSTS[request.url.host]
        self.seen.setdefault(source, []).append(request)
        trick = self.tricks.get(source)
        return trick(request) if trick else getattr(self, source)(request)

    def counts(self) -> Counter[str]:
        return Counter({source: len(requests) for source, requests in self.seen.items()})

    def jikan(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v1/")
        page = request.url.params.get("page", "1")
        name = path.rpartition("/")[2]
        if path.startswith("anime/404"):
            return httpx.Response(404, json={"status": 404, "type": "HttpException", "message": "no", "error": None})
        if name in ("characters", "staff"):
            return httpx.Response(200, json=body(f"jikan_{name}"))
        if name == "episodes":
            return httpx.Response(200, json=body(f"jikan_episodes_{page}"))
        answer = body("jikan_anime")
        answer["data"]["mal_id"] = int(path.split("/")[1])
        return httpx.Response(200, json=answer)

    def anilist(self, request: httpx.Request) -> httpx.Response:
        sent = json.loads(request.content)
        ids, page = sent["variables"].get("ids", []), sent["variables"].get("page", 1)
        if "airingSchedules" in sent["query"]:
            return httpx.Response(200, json=body(f"anilist_window_{page}"))
        if "characters(page" in sent["query"]:
            return httpx.Response(200, json=body(f"anilist_characters_{page}"))
        template = body("anilist_anime")["data"]["Page"]["media"][0]
        media = [{**template, "id": one, "idMal": one + 100} for one in ids if one != 404]
        if "idMal_in" in sent["query"]:
            media = [{"id": one - 100, "idMal": one} for one in ids]
        return httpx.Response(200, json={"data": {"Page": {"media": media}}})

    def kitsu(self, request: httpx.Request) -> httpx.Response:
        params = dict(parse_qsl(request.url.query.decode()))
        if request.url.path.endswith("/mappings"):
            return httpx.Response(200, json=body("kitsu_mappings"))
        if request.url.path.endswith("/episodes"):
            return httpx.Response(200, json=body(f"kitsu_episodes_{2 if 'page[offset]' in params else 1}"))
        answer = body("kitsu_anime")
        template = answer["data"][0]
        ids = [one for one in params.get("filter[id]", "").split(",") if one and one != "404"]
        answer["data"] = [{**template, "id": one} for one in ids]
        return httpx.Response(200, json=answer)

    def mal(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={**body("mal_anime"), "id": int(request.url.path.rpartition("/")[2])})


def always(status: int, **how: Any) -> Trick:
    """A service that answers everything the same way."""
    return lambda _: httpx.Response(status, **how)


def first(number: int, trick: Trick, then: Trick) -> Trick:
    """A service that plays a trick on its first requests and is well afterwards."""
    left = [number]

    def answer(request: httpx.Request) -> httpx.Response:
        left[0] -= 1
        return trick(request) if left[0] >= 0 else then(request)

    return answer


def broken(error: type[httpx.TransportError]) -> Trick:
    """A service whose connections fail."""

    def answer(request: httpx.Request) -> httpx.Response:
        raise error("as arranged", request=request)

    return answer
