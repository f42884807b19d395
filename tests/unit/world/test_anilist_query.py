"""What a query of AniList means, without a server and without recordings."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest

from handlers.world.asking import Ask
from handlers.world.changes import Source
from tests.contracts.world.asked import DIALECTS, NOW, WORLD, query
from tests.unit.world.catalogue import ORIGIN


def _ids(arguments: str) -> list[int]:
    answer = query(f"query {{ Page(perPage: 50) {{ media({arguments}) {{ id }} }} }}")
    assert answer.status == 200, answer.body
    return [one["id"] for one in answer.body["data"]["Page"]["media"]]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("type: ANIME, idMal_in: [1002, 1001]", [2001, 2002]),
        ("type: ANIME, id_in: [2003, 2001, 999]", [2001, 2003]),
        ("type: MANGA, idMal_in: [1001]", []),
        ("idMal: 1301", [2301]),
        ("format: MOVIE", [2301]),
        ('search: "the show 14"', [2014]),
        ("status: NOT_YET_RELEASED, id_in: [2001, 2201]", [2201]),
        ("id_in: [2001, 2002, 2003], id_not_in: [2002], sort: [ID_DESC]", [2003, 2001]),
        ("id_in: [2001, 2002], idMal_not_in: [1001]", [2002]),
    ],
)
def test_arguments_choose_the_media(arguments: str, expected: list[int]):
    assert _ids(arguments) == expected


def test_a_hiatus_is_told_only_to_who_asks_for_the_newer_status():
    begun = next(one for one in WORLD.truth(ORIGIN, ORIGIN + timedelta(days=7)) if one.field == "hiatus")
    showing = WORLD.at(Source.ANILIST, begun.visible[Source.ANILIST])
    number = showing.number(showing.anime_by_id(begun.entity_id))
    text = f"query {{ Media(id: {number}) {{ old: status new: status(version: 2) nextAiringEpisode {{ episode }} }} }}"
    answer = DIALECTS[Source.ANILIST].answer(Ask("POST", "", body=orjson.dumps({"query": text})), showing)
    assert answer.body["data"]["Media"] == {"old": "RELEASING", "new": "HIATUS", "nextAiringEpisode": None}


def test_a_window_of_air_times_comes_in_order_and_holds_nothing_else():
    after, before = int(NOW.timestamp()) - 86_400, int(NOW.timestamp()) + 86_400
    arguments = f"airingAt_greater: {after}, airingAt_lesser: {before}, sort: [TIME]"
    answer = query(f"query {{ Page(perPage: 50) {{ airingSchedules({arguments}) {{ airingAt timeUntilAiring }} }} }}")
    nodes = answer.body["data"]["Page"]["airingSchedules"]
    times = [node["airingAt"] for node in nodes]
    assert len(times) > 2
    assert times == sorted(times)
    assert all(after < at < before for at in times)
    assert all(node["airingAt"] - NOW.timestamp() == node["timeUntilAiring"] for node in nodes)


def test_nested_lists_page_at_twenty_five():
    text = (
        "query ($page: Int) { Media(id: 2005) { airingSchedule(page: $page, perPage: 50) "
        "{ pageInfo { hasNextPage } nodes { episode } } } }"
    )
    found = [query(text, page=page).body["data"]["Media"]["airingSchedule"] for page in (1, 2)]
    assert [len(one["nodes"]) for one in found] == [25, 25]
    assert found[0]["pageInfo"] == {"hasNextPage": True}
    assert found[1]["nodes"][0]["episode"] == 26


@pytest.mark.parametrize("body", [b"", b"[]", b'{"query": 5}', b"{"])
def test_a_body_without_a_query_is_a_400(body: bytes):
    answer = DIALECTS[Source.ANILIST].answer(Ask("POST", "", body=body), WORLD.at(Source.ANILIST, NOW))
    assert answer.status == 400
    assert answer.body["errors"][0]["status"] == 400


def test_a_query_of_endless_length_is_refused():
    assert query("query { " + "a " * 20_000 + "}").status == 400
