from __future__ import annotations

import pytest

from handlers.world.changes import Source
from tests.contracts.world.asked import NOW, WORLD, body, get
from tests.contracts.world.shapes import differences, load, needs_recordings

RICH = 1001


@needs_recordings
@pytest.mark.parametrize("name", ["1@00e4807.json", "457@00e4807.json", "31964-full-fields-with-statistics.json"])
def test_an_anime_has_the_shape_of_the_recorded_ones(name: str):
    real = load(f"mal/recorded/{name}")
    real.pop("my_list_status", None)
    ours = body(Source.MAL, f"/anime/{RICH}?fields={','.join(real)}")
    # It has no end yet, so that the service leaves the date out; pictures of related works belong to those.
    allowed = {"$.end_date: missing", "$.related_anime[].node.main_picture: missing"}
    assert set(differences(ours, real)) <= allowed


@needs_recordings
@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("animeList.json", "/anime?q=show&limit=3&fields=rank,popularity,start_season"),
        ("animeSeasonal.json", "/anime/season/2026/summer?limit=3&fields=rank,popularity"),
    ],
)
def test_lists_have_the_shape_of_the_recorded_ones(name: str, uri: str):
    found = set(differences(body(Source.MAL, uri), load(f"mal/recorded/{name}")))
    assert found <= {"$.data[].node.popularity: missing"}, found


def test_without_a_client_id_nothing_is_told():
    answer = get(Source.MAL, f"/anime/{RICH}", headers={"accept": "application/json"})
    assert answer.status == 400
    assert answer.body == {"message": "Invalid client id", "error": "bad_request"}


def test_only_the_fields_that_are_asked_for_are_given():
    assert set(body(Source.MAL, f"/anime/{RICH}?fields=mean,status")) == {
        "id", "title", "main_picture", "mean", "status",
    }  # fmt: skip


def test_an_unknown_anime_is_not_found():
    assert get(Source.MAL, "/anime/999999999").status == 404


def test_what_is_not_known_is_left_out_and_never_null():
    fields = "mean,rank,popularity,start_date,end_date,start_season,broadcast,num_list_users,rating,main_picture"
    for shown in WORLD.at(Source.MAL, NOW).anime():
        found = body(Source.MAL, f"/anime/{shown.title.ids[Source.MAL]}?fields={fields}")
        assert None not in found.values()
    assert set(body(Source.MAL, f"/anime/1201?fields={fields}")) == {
        "id", "title", "start_date", "start_season", "broadcast", "rating",
    }  # fmt: skip
