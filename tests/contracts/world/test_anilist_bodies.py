from __future__ import annotations

import pytest
from graphql import GraphQLEnumType, GraphQLInterfaceType, GraphQLObjectType, build_schema

from handlers.world.anilist import AniList
from tests.contracts.world.asked import query
from tests.contracts.world.shapes import ROOT, differences, load, needs_recordings, recorded

pytestmark = needs_recordings
OWN = {name: one for name, one in AniList().schema.type_map.items() if not name.startswith("__")}
RICH = 2001


@pytest.fixture(scope="module")
def real():
    return build_schema((ROOT / "anilist/schema/anilist-schema.graphql").read_text("utf-8"))


@pytest.mark.parametrize("name", [name for name, one in OWN.items() if isinstance(one, GraphQLObjectType)])
def test_every_field_and_argument_is_in_the_real_schema_with_the_same_type(real, name):
    theirs = real.type_map[name]
    assert isinstance(theirs, (GraphQLObjectType, GraphQLInterfaceType))
    for field, definition in OWN[name].fields.items():
        assert field in theirs.fields, f"{name}.{field}"
        assert str(definition.type) == str(theirs.fields[field].type), f"{name}.{field}"
        for argument, one in definition.args.items():
            assert argument in theirs.fields[field].args, f"{name}.{field}({argument})"
            assert str(one.type) == str(theirs.fields[field].args[argument].type), f"{name}.{field}({argument})"


@pytest.mark.parametrize("name", [name for name, one in OWN.items() if isinstance(one, GraphQLEnumType)])
def test_every_value_is_in_the_real_schema(real, name):
    assert set(OWN[name].values) <= set(real.type_map[name].values)


# Each recorded request whose fields and arguments the world has, with the world's ids in place of the recorded ones.
REPLAYED = {
    "pyanilist-test_anilist_get_airing_schedule.json": {"mediaId": RICH},
    "pyanilist-test_anilist_get_airing_schedule_with_not_yet_aired.json": {"mediaId": RICH, "notYetAired": True},
    "pyanilist-test_anilist_get_characters.json": {"mediaId": RICH},
    "pyanilist-test_anilist_get_relations.json": {"mediaId": RICH},
    "pyanilist-test_anilist_get_staffs.json": {"mediaId": RICH},
    "pyanilist-test_anilist_get_studios.json": {"mediaId": RICH},
}


@pytest.mark.parametrize("name", REPLAYED)
def test_a_recorded_query_gets_a_body_of_the_recorded_shape(name):
    exchange = load(f"anilist/recorded/{name}")[0]
    answer = query(exchange["request"]["body"]["query"], **REPLAYED[name])
    assert answer.status == 200, answer.body
    assert list(differences(answer.body, exchange["response"]["body"])) == []


def test_an_unknown_anime_is_the_recorded_error_but_for_the_place():
    real = recorded("anilist/recorded/pyanilist-test_media_not_found_error.json")
    answer = query("query { Media(id: 1) { id } }")
    assert answer.status == 404
    assert list(differences(answer.body, real)) == []
    assert answer.body["errors"][0]["message"] == real["errors"][0]["message"]


def test_an_unknown_field_is_a_400_in_the_documented_form():
    documented = load("anilist/error-bodies-quoted-in-docs.json")[2]
    answer = query("query { Media(id: 1) { nonexistentField } }")
    assert answer.status == documented["http_status"]
    assert list(differences(answer.body, documented["body"])) == []


def test_too_many_requests_are_the_recorded_body():
    exchange = load("anilist/recorded/pyanilist-test_rate_limit_error.json")[-1]["response"]
    answer = AniList().fault(429, 60)
    assert answer.status == exchange["status"]
    assert answer.body == exchange["body"]
    assert answer.headers["Retry-After"] == exchange["headers"]["Retry-After"][0]
