"""What recorded bodies of MyAnimeList mean."""

from __future__ import annotations

from typing import Any, Final

from tests.contracts.sources.expected import Expected, paths


def body(file: str, external_id: str, **values: Any) -> Expected:
    return Expected("mal", f"{file}.json", external_id, paths(values))


MAL: Final = (
    body(
        "1@00e4807",
        "1",
        title="Cowboy Bebop",
        title_japanese="カウボーイビバップ",
        status="FINISHED",
        type="TV",
        rating="R",
        nsfw=False,
        source_material="ORIGINAL",
        season="SPRING",
        year=1998,
        episode_count=26,
        duration=1440,
        aired_dates__aired_from="1998-04-02T15:00:00Z",
        aired_dates__aired_to="1999-04-23T15:00:00Z",
        broadcast__day="saturday",
        broadcast__time="01:00",
        broadcast__timezone="Asia/Tokyo",
        statistics__mal__score=8.75,
        statistics__mal__scored_by=1060870,
        statistics__mal__rank=50,
        statistics__mal__popularity_rank=41,
        statistics__mal__members=2054593,
        genres=["Action", "Award Winning", "Sci-Fi"],
        themes=[{"name": "Adult Cast"}, {"name": "Space"}],
        demographics=[],
        studios=[{"name": "Sunrise", "external_ids": {"mal": "14"}}],
        images__covers=["https://myanimelist.net/images/anime/4/19644l.jpg"],
    ),
    body(
        "21@002fc49",
        "21",
        title="One Piece",
        status="ONGOING",
        statistics__mal__rank=55,
        episode_count=None,
        statistics__mal__members=2722731,
        statistics__mal__scored_by=1554623,
    ),
    body(
        "457@00e4807",
        "457",
        title="Mushishi",
        title_english="Mushi-Shi",
        duration=1418,
        rating="PG13",
        demographics=["Seinen"],
        broadcast__day="sunday",
        broadcast__time="03:40",
    ),
    body(
        "31964-full-fields-with-statistics",
        "31964",
        statistics__mal__score=8.16,
        rating="PG13",
        demographics=["Shounen"],
        related_anime__SEQUEL__0__title="Boku no Hero Academia 2nd Season",
        related_anime__SIDE_STORY__0__external_ids__mal="33929",
        related_source_material={},
    ),
    body(
        "animeDetails",
        "967",
        title="Hokuto no Ken",
        title_english="Fist of the North Star",
        status=None,
        synonyms=["Seikimatsu Kyuseishu Densetsu: Hokuto no Ken", "HNK"],
        year=1984,
        duration=1500,
        statistics=None,
    ),
    body("animeList", "1358", title="Hokuto no Ken Movie", season="WINTER", year=1986, statistics__mal__rank=2757),
    body(
        "animeSeasonal", "34572", title="Black Clover", statistics__mal__popularity_rank=92, statistics__mal__score=None
    ),
)
