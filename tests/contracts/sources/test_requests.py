"""What we ask for exists: our GraphQL against AniList's schema, our paths against Jikan's document."""

from __future__ import annotations

import json
import re

import pytest
from graphql import build_schema, parse, validate

from contracts.observation import Kind
from handlers.sources.anilist import AniList
from handlers.sources.mappings.anilist_anime import ANIME
from handlers.sources.port import Ask
from handlers.sources.sources import SOURCES
from tests.contracts.sources.recordings import ROOT, needs_recordings
from tests.contracts.sources.test_own_bodies import NOW

pytestmark = needs_recordings


def _queries() -> dict[str, str]:
    anilist = AniList()
    asks = {kind.value: Ask(kind, ("1", "2")) for kind in anilist.capability}
    asks |= {f"only {rule.field}": Ask(Kind.ANIME, ("1",), frozenset({rule.field})) for rule in ANIME}
    asks |= {"changes": Ask(Kind.ANIME, since=NOW), "window": Ask(Kind.AIRING, since=NOW, until=NOW)}
    calls = {name: anilist.calls(ask)[0] for name, ask in asks.items()}
    calls |= {f"ids by {platform}": anilist.id_calls(platform, ("1",))[0] for platform in ("mal", "anilist")}
    return {name: str((call.body or {})["query"]) for name, call in calls.items()}


@pytest.fixture(scope="module")
def schema() -> object:
    return build_schema((ROOT / "anilist/schema/anilist-schema.graphql").read_text("utf-8"))


@pytest.mark.parametrize("name", sorted(_queries()))
def test_our_graphql_is_valid(schema: object, name: str) -> None:
    assert validate(schema, parse(_queries()[name])) == []  # type: ignore[arg-type]


def test_media_queries_ask_for_anime_only_and_for_the_newer_values() -> None:
    queries = _queries()
    for name, query in queries.items():
        assert "media(type: ANIME" in query or name in ("window", "character"), name
    assert "status(version: 2)" in queries["anime"]
    assert "source(version: 3)" in queries["anime"]
    assert "timeUntilAiring" not in "".join(queries.values())


def test_our_jikan_paths_are_documented() -> None:
    document = json.loads((ROOT / "jikan/openapi/jikan-rest-v4-api-docs.json").read_text("utf-8"))
    known = [re.compile("^" + re.sub(r"\{[^}]*\}", "[0-9]+", path) + "$") for path in document["paths"]]
    for kind in SOURCES["jikan"].capability:
        for fields in (None, frozenset({"title"})):
            external_id = "1:2" if kind is Kind.EPISODE else "1"
            path = SOURCES["jikan"].calls(Ask(kind, (external_id,), fields))[0].path
            assert any(pattern.match(path) for pattern in known), path


def test_the_envelopes_are_known() -> None:
    from tests.contracts.sources.recordings import exchanges, files

    envelopes = {
        "jikan": {"data", "pagination"},
        "anilist": {"data", "errors"},
        "kitsu": {"data", "included", "meta", "links"},
        "mal": {"data", "paging", "season"},
    }
    for source, known in envelopes.items():
        for name in files(source):
            for exchange in exchanges(name, source):
                if exchange.reply.status == 200 and not (source == "mal" and "id" in exchange.reply.data):
                    assert set(exchange.reply.data) <= known, f"{name} has parts around its items that nobody knows"
