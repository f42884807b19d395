"""The recorded bodies of the four services. They are not part of the project: without them these tests are skipped."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from contracts.observation import Kind
from handlers.sources.port import Ask, Reply
from handlers.sources.sources import SOURCES

ROOT = Path(os.environ.get("ECHORA_RECORDINGS", Path(__file__).parents[4] / "shared" / "data"))
FOLDERS = {"jikan": "jikan/recorded", "anilist": "anilist/recorded", "kitsu": "kitsu/modb-app", "mal": "mal/recorded"}

needs_recordings = pytest.mark.skipif(
    not all((ROOT / folder).is_dir() for folder in FOLDERS.values()),
    reason=f"there are no recorded bodies at {ROOT}; set ECHORA_RECORDINGS to the folder that holds them",
)


class Exchange(NamedTuple):
    """One recorded exchange; a file without request and response is a bare body with status 200."""

    name: str
    uri: str
    reply: Reply


def exchanges(name: str, source: str) -> list[Exchange]:
    """The exchanges of one file."""
    loaded = json.loads((ROOT / FOLDERS[source] / name).read_text("utf-8"))
    if not (isinstance(loaded, list) and loaded and "response" in loaded[0]):
        return [Exchange(name, "", Reply(200, {}, loaded))]
    return [
        Exchange(
            name,
            entry["request"]["uri"],
            Reply(
                entry["response"]["status"],
                {key.lower(): values[0] for key, values in entry["response"]["headers"].items()},
                entry["response"]["body"],
            ),
        )
        for entry in loaded
    ]


def files(source: str) -> list[str]:
    """The files of one source; none when there are no recordings."""
    folder = ROOT / FOLDERS[source]
    return sorted(path.name for path in folder.glob("*.json")) if folder.is_dir() else []


# Recorded bodies that describe neither anime nor episodes nor characters.
OTHER = {
    "jikanpy-genre-anime-success.json",
    "jikanpy-person-success.json",
    "jikanpy-producer-success.json",
    "jikanpy-season-history-success.json",
}


class Item(NamedTuple):
    """One raw item, the question that it would be the answer to, and its id."""

    source: str
    ask: Ask
    external_id: str
    raw: Any


def _media(body: Any) -> list[Any]:
    # Media objects wherever a GraphQL answer holds them: alone, in pages, among recommendations.
    data = body["data"] or {}
    found = [data["Media"]] if data.get("Media") else []
    found += [media for name, page in data.items() if name.startswith("page") for media in page["media"]]
    nodes = [node for media in found for node in (media.get("recommendations") or {}).get("nodes", [])]
    return found + [node["mediaRecommendation"] for node in nodes if node["mediaRecommendation"]]


_PARTS = {"airingSchedule": Kind.EPISODES, "characters": Kind.CHARACTERS, "staff": Kind.STAFF}


def items_of(source: str, exchange: Exchange, body: Any) -> list[Item]:
    """The raw items of a body, as the adapter would take them from it. `body` may be a wrapped copy."""
    if exchange.reply.status != 200 or exchange.name in OTHER:
        return []
    if source == "mal":
        nodes = [row["node"] for row in body["data"]] if "data" in body else [body]
        return [Item(source, Ask(Kind.ANIME), str(node["id"]), node) for node in nodes]
    if source == "anilist":
        return [
            Item(source, Ask(kind), str(media.get("id", 0)), media)
            for media in _media(body)
            for kind in {_PARTS.get(name, Kind.ANIME) for name in media}
        ]
    if source == "kitsu":
        ask = Ask(Kind.ANIME, tuple(str(row["id"]) for row in body["data"]))
        calls = SOURCES["kitsu"].calls(ask)
        page = SOURCES["kitsu"].page(ask, calls[0], Reply(200, {}, body)) if calls else None
        return [Item(source, ask, external_id, raw) for external_id, raw in (page.items if page else {}).items()]
    if "/characters/" in exchange.uri:
        return [Item(source, Ask(Kind.CHARACTER), str(body["data"]["mal_id"]), body["data"])]
    if exchange.uri.endswith("/episodes"):
        return [Item(source, Ask(Kind.EPISODES), "457", {"data": body["data"]})]
    if "/episodes/" in exchange.uri:
        return [Item(source, Ask(Kind.EPISODE), "457:1", body["data"])]
    rows = body["data"] if isinstance(body["data"], list) else [body["data"]]
    return [Item(source, Ask(Kind.ANIME), str(row["mal_id"]), row) for row in rows]
