from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from handlers.world.changes import Source
from tests.contracts.world.asked import body, get
from tests.contracts.world.shapes import differences, load, needs_recordings, recorded

pytestmark = needs_recordings
RICH = 1001
CHARACTER = body(Source.JIKAN, f"/anime/{RICH}/characters")["data"][0]["character"]["mal_id"]
PATHS = {
    "/anime/{id}": f"/anime/{RICH}",
    "/anime/{id}/full": f"/anime/{RICH}/full",
    "/anime/{id}/episodes": f"/anime/{RICH}/episodes",
    "/anime/{id}/episodes/{episode}": f"/anime/{RICH}/episodes/1",
    "/anime/{id}/characters": f"/anime/{RICH}/characters",
    "/anime/{id}/staff": f"/anime/{RICH}/staff",
    "/anime/{id}/statistics": f"/anime/{RICH}/statistics",
    "/characters/{id}": f"/characters/{CHARACTER}",
    "/characters/{id}/full": f"/characters/{CHARACTER}/full",
    "/characters/{id}/voices": f"/characters/{CHARACTER}/voices",
    "/schedules": "/schedules?filter=monday",
    "/seasons/now": "/seasons/now",
    "/seasons/upcoming": "/seasons/upcoming",
    "/anime": "/anime?q=show",
}
# The world's own path for a recorded request, and what in the recording is data rather than structure.
RECORDED = {
    "jikanpy-anime-success.json": f"/anime/{RICH}",
    "jikanpy-anime-episodes-success.json": f"/anime/{RICH}/episodes",
    "jikanpy-anime-episode-by-id-success.json": f"/anime/{RICH}/episodes/1",
    "jikanpy-character-success.json": f"/characters/{CHARACTER}",
    "jikanpy-schedule-success.json": "/schedules?filter=monday",
    "jikanpy-current-season-success.json": "/seasons/now",
    "jikanpy-search-success.json": "/anime?q=show&limit=10",
}


def json_schema(node: Any) -> Any:
    """An OpenAPI 3.0 schema in JSON Schema's words: nullable is one more type, and `float` is no type."""
    if isinstance(node, list):
        return [json_schema(one) for one in node]
    if not isinstance(node, dict):
        return node
    found = {key: json_schema(value) for key, value in node.items() if key not in ("nullable", "minimum", "maximum")}
    if found.get("type") == "float":
        found["type"] = "number"
    if node.get("nullable"):
        return {"anyOf": [found, {"type": "null"}]}
    # Undetermined values arrive as null also where the document forgets to say so, as trailers in the recordings do.
    return found


@pytest.mark.parametrize("path", PATHS)
def test_bodies_agree_with_the_openapi_document(path: str):
    document = load("jikan/openapi/jikan-rest-v4-api-docs.json")
    schema = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    whole = json_schema({**schema, "components": {"schemas": document["components"]["schemas"]}})
    jsonschema.Draft7Validator(whole).validate(body(Source.JIKAN, PATHS[path]))


@pytest.mark.parametrize("name", RECORDED)
def test_bodies_have_the_shape_of_the_recorded_ones(name: str):
    real = recorded(f"jikan/recorded/{name}")
    assert list(differences(body(Source.JIKAN, RECORDED[name]), real)) == []


def test_every_property_of_the_full_body_is_in_the_document_and_the_other_way_round():
    document = load("jikan/openapi/jikan-rest-v4-api-docs.json")
    known = set(document["components"]["schemas"]["anime_full"]["properties"])
    assert set(body(Source.JIKAN, f"/anime/{RICH}/full")["data"]) == known


def test_an_unknown_anime_is_the_recorded_error():
    answer = get(Source.JIKAN, "/anime/999999999")
    assert answer.status == 404
    assert answer.body == recorded("jikan/recorded/jikanpy-anime-failure.json")
