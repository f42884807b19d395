from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from handlers.world.changes import Source
from tests.contracts.world.asked import body, get
from tests.contracts.world.shapes import ROOT, differences, load, needs_recordings

pytestmark = needs_recordings
RICH = 3001
OPEN = ("$.data[].attributes.titles", "$.data[].attributes.ratingFrequencies", "$.data[].attributes.posterImage")


def resolved(path: Path) -> Any:
    """A file of the OpenAPI document with the files that it refers to put in their places."""
    return _inline(yaml.safe_load(path.read_text("utf-8")), path)


def _inline(node: Any, path: Path) -> Any:
    if isinstance(node, list):
        return [_inline(one, path) for one in node]
    if not isinstance(node, dict):
        return node
    merged: list[Any] = [resolved((path.parent / node["$ref"]).resolve())] if "$ref" in node else []
    plain = {k: _inline(v, path) for k, v in node.items() if k not in ("$ref", "nullable", "minimum", "maximum")}
    # Dimensions are told only by an example, and dates are checked by shape.
    plain.pop("format", None)
    whole = {**plain, "allOf": [*plain.get("allOf", []), *merged]} if merged else plain
    return {"anyOf": [whole, {"type": "null"}]} if node.get("nullable") else whole


@pytest.mark.parametrize(
    ("schema", "uri"),
    [
        ("anime/many.yml", "/anime?page[limit]=20"),
        ("anime/many.yml", f"/anime?filter[id]={RICH}&include=episodes"),
        ("anime/one.yml", f"/anime/{RICH}"),
        ("episode/many.yml", f"/episodes?filter[mediaId]={RICH}&page[limit]=20"),
    ],
)
def test_bodies_agree_with_the_openapi_document(schema: str, uri: str):
    document = resolved(ROOT / "kitsu/openapi/resources" / schema)
    errors = [
        f"{error.json_path}: {error.message}"
        for error in jsonschema.Draft7Validator(document).iter_errors(body(Source.KITSU, uri))
        # The real bodies carry null under these two as well, although the document does not allow it.
        if not error.json_path.endswith(("popularityRank", "ratingRank", "nextRelease", "ageRating"))
    ]
    assert errors == []


def test_an_anime_has_the_shape_of_the_recorded_ones():
    real = load("kitsu/modb-app/status__current.json")
    ours = body(
        Source.KITSU,
        f"/anime?filter[id]={RICH}&include=genres,categories,animeProductions.producer,mediaRelationships.destination",
    )
    found = list(differences(ours, real, open_maps=OPEN))
    # Links depend on how many there are, the world's pictures have no sizes, included resources are compared below.
    aside = ("$.links", "$.included")
    assert [one for one in found if not one.startswith(aside) and "Image.meta" not in one] == []


@pytest.mark.parametrize("kind", ["genres", "categories", "mediaRelationships", "animeProductions", "producers"])
def test_included_resources_have_the_shape_of_the_recorded_ones(kind: str):
    real = load("kitsu/modb-app/status__current.json")["included"]
    include = "genres,categories,animeProductions.producer,mediaRelationships.destination"
    ours = body(Source.KITSU, f"/anime?filter[id]={RICH}&include={include}")["included"]
    first_ours, first_real = (next(one for one in each if one["type"] == kind) for each in (ours, real))
    assert list(differences(first_ours, first_real)) == []


def test_nothing_found_is_an_empty_page_as_recorded():
    real = load("kitsu/modb-app/KitsuDownloaderTest__dead-entry.json")
    assert list(differences(body(Source.KITSU, "/anime?filter[id]=999999999"), real)) == []


def test_an_unknown_anime_and_a_page_too_large_are_jsonapi_errors():
    for uri, status in (("/anime/999999999", 404), ("/anime?page[limit]=21", 400)):
        answer = get(Source.KITSU, uri)
        assert answer.status == status
        assert set(answer.body["errors"][0]) == {"title", "detail", "code", "status"}
