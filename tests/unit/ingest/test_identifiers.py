from __future__ import annotations

import pytest

from handlers.ingest import identifiers


@pytest.mark.parametrize(
    ("page", "source", "id_there"),
    [
        ("https://myanimelist.net/anime/51478", "mal", "51478"),
        ("https://myanimelist.net/anime/54278/Watashi_no_Hashtag", "mal", "54278"),
        ("http://www.anilist.co/anime/142051/", "anilist", "142051"),
        ("https://kitsu.app/anime/47450", "kitsu", "47450"),
        ("https://kitsu.io/api/edge/anime/12330", "kitsu", "12330"),
        ("https://anidb.net/anime/10143", "anidb", "10143"),
        ("https://anidb.net/perl-bin/animedb.pl?show=anime&aid=6959", "anidb", "6959"),
        ("https://anidb.net/a23", "anidb", "23"),
        ("https://anime-planet.com/anime/raise-a-suilen-nvade-show", "animeplanet", "raise-a-suilen-nvade-show"),
        ("https://animenewsnetwork.com/encyclopedia/anime.php?id=25117", "ann", "25117"),
        ("https://notify.moe/anime/Ff1bpKmmR", "notify", "Ff1bpKmmR"),
    ],
)
def test_a_page_names_the_id_of_an_anime(page: str, source: str, id_there: str) -> None:
    assert identifiers.anime_ids([page]) == {source: id_there}


@pytest.mark.parametrize(
    "page",
    [
        "https://myanimelist.net/manga/11776",
        "https://myanimelist.net/anime/producer/537/SANZIGEN",
        "https://myanimelist.net.example/anime/1",
        "https://kitsu.app/anime/cowboy-bebop",
        "myanimelist.net/anime/1",
        "https://myanimelist.net/anime/0",
        "",
        7,
        None,
    ],
)
def test_other_pages_name_none(page: object) -> None:
    assert identifiers.anime_ids([page]) == {}


def test_of_two_pages_on_one_source_the_first_counts() -> None:
    assert identifiers.anime_ids(["https://anilist.co/anime/5", "https://anilist.co/anime/6"]) == {"anilist": "5"}


def test_stated_ids_become_text_and_zero_is_no_id() -> None:
    stated = {"mal": 0, "anilist": 136984, "kitsu": "", "MyAnimeList": "7", "anidb": None}
    assert identifiers.stated_ids(stated) == {"anilist": "136984", "mal": "7"}
    assert identifiers.stated_ids("5") == "5"
