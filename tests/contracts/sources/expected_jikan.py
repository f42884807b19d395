"""What recorded bodies of Jikan mean."""

from __future__ import annotations

from typing import Any, Final

from contracts.observation import Kind
from tests.contracts.sources.expected import Expected, paths


def body(file: str, external_id: str, kind: Kind = Kind.ANIME, **values: Any) -> Expected:
    return Expected("jikan", f"jikanpy-{file}-success.json", external_id, paths(values), kind)


JIKAN: Final = (
    body(
        "anime",
        "457",
        title="Mushishi",
        title_english="Mushi-Shi",
        title_japanese="蟲師",
        synonyms=[],
        type="TV",
        status="FINISHED",
        rating="PG13",
        source_material="MANGA",
        season="FALL",
        year=2005,
        month="October",
        duration=1500,
        episode_count=26,
        aired_dates__aired_from="2005-10-22T15:00:00Z",
        aired_dates__aired_to="2006-06-18T15:00:00Z",
        broadcast__day="sunday",
        broadcast__time="03:40",
        statistics__mal__score=8.67,
        statistics__mal__scored_by=260971,
        statistics__mal__favorites=25306,
        studios__0__name="Artland",
        licensors__0__name="Funimation",
        demographics=["Seinen"],
        trailers=[{"url": "https://www.youtube.com/watch?v=h371H0KIuPo"}],
    ),
    body(
        "random-anime",
        "4012",
        title="First Squad",
        type="MUSIC",
        duration=180,
        season=None,
        year=None,
        broadcast=None,
        statistics__mal__score=5.79,
        month="March",
    ),
    body(
        "current-season",
        "44511",
        title="Chainsaw Man",
        status="ONGOING",
        rating="R",
        broadcast__day="wednesday",
        broadcast__time="00:00",
        statistics__mal__score=8.83,
        aired_dates__aired_from="2022-10-11T15:00:00Z",
    ),
    body(
        "season-upcoming",
        "40357",
        status="UPCOMING",
        aired_dates=None,
        month=None,
        duration=None,
        broadcast=None,
        source_material="LIGHT_NOVEL",
        statistics__mal__score=None,
    ),
    body(
        "top",
        "5114",
        title="Fullmetal Alchemist: Brotherhood",
        statistics__mal__rank=1,
        episode_count=64,
        statistics__mal__score=9.11,
    ),
    body("search", "53240", type="SPECIAL", duration=540, statistics__mal__rank=None, studios=[]),
    body("season", "33352", title="Violet Evergarden", source_material="LIGHT_NOVEL", broadcast__day="thursday"),
    body("schedule", "52815", duration=60, status="ONGOING", episode_count=None, rating="G", studios__0__name="Oddjob"),
)
