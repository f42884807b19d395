"""Asking the world as a client would, without a server."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from handlers.world.asking import Answer, Ask
from handlers.world.changes import Source
from handlers.world.dialects import dialects
from tests.unit.world.catalogue import ORIGIN, world

DIALECTS = dialects()
WORLD = world()
NOW = ORIGIN + timedelta(days=5)


def get(source: Source, uri: str, headers: dict[str, str] | None = None) -> Answer:
    """The answer to a GET."""
    split = urlsplit(uri)
    ask = Ask("GET", split.path, parse_qsl(split.query), headers or {"x-mal-client-id": "tests"})
    return DIALECTS[source].answer(ask, WORLD.at(source, NOW))


def body(source: Source, uri: str) -> Any:
    """The body of a GET that must succeed, as it arrives after JSON."""
    answer = get(source, uri)
    assert answer.status == 200, answer.body
    return orjson.loads(orjson.dumps(answer.body))


def query(text: str, **variables: Any) -> Answer:
    """The answer of AniList to a query."""
    ask = Ask("POST", "", body=orjson.dumps({"query": text, "variables": variables}))
    return DIALECTS[Source.ANILIST].answer(ask, WORLD.at(Source.ANILIST, NOW))
