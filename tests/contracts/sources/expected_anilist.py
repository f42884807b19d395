"""What recorded bodies of AniList mean."""

from __future__ import annotations

from typing import Any, Final

from contracts.observation import Kind
from tests.contracts.sources.expected import Expected, paths


def body(file: str, external_id: str, kind: Kind = Kind.ANIME, **values: Any) -> Expected:
    return Expected("anilist", f"pyanilist-test_{file}.json", external_id, paths(values), kind)


ANILIST: Final = (
    body(
        "anilist_get_media",
        "99426",
        title="Sora yori mo Tooi Basho",
        status="FINISHED",
        hiatus=None,
        type="TV",
        external_ids={"anilist": "99426", "mal": "35839"},
        season="WINTER",
        year=2018,
        month="January",
        nsfw=False,
        duration=1440,
        episode_count=13,
        source_material="ORIGINAL",
        country_of_origin="JP",
        statistics__anilist__score=8.4,
        statistics__anilist__members=145662,
        statistics__anilist__favorites=8352,
        statistics__anilist__contextual_ranks__0__rank=94,
        aired_dates__aired_from="2018-01-01T15:00:00Z",
        external_sources={"Official Site": "http://yorimoi.com/", "Twitter": "https://twitter.com/yorimoi"},
    ),
    body(
        "anilist_get_media_sorted_by_id_desc",
        "162314",
        type="SPECIAL",
        duration=5100,
        episode_count=1,
        statistics__anilist__score=8.7,
        source_material="MANGA",
        season="FALL",
        year=2023,
    ),
    body(
        "anilist_get_all_media_sorted_by_id",
        "2418",
        title="Stranger: Mukou Hadan",
        type="MOVIE",
        duration=6180,
        statistics__anilist__score=7.9,
        aired_dates__aired_from="2007-09-28T15:00:00Z",
    ),
    body("anilist_get_all_media_sorted_by_id", "1489", type="SPECIAL", synopsis="DVD specials.", episode_count=3),
    body(
        "rate_limit_error",
        "170942",
        title="Ao no Hako",
        type="ONA",
        source_material="MANGA",
        year=2024,
        statistics__anilist__score=8.1,
    ),
)
