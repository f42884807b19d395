"""A small catalogue for the tests of the world: enough running shows that every kind of change finds its title."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from contracts.ids import derived_id
from handlers.world.world import World

ORIGIN = datetime(2026, 8, 10, tzinfo=UTC)
RICH = derived_id("test", 1)
_SLOTS = [
    ("monday", "22:00", "Asia/Tokyo"),
    ("tuesday", "24:00", "Asia/Tokyo"),
    ("wednesday", "25:30", "Asia/Tokyo"),
    ("thursday", "19:00", "Asia/Tokyo"),
    ("friday", "29:59", "Asia/Tokyo"),
    ("saturday", "09:30", "America/New_York"),
    ("sunday", "07:00", "Asia/Tokyo"),
]


class HandClock:
    """A clock that stands still until a test moves it; sleeping moves it."""

    def __init__(self, now: datetime = ORIGIN) -> None:
        self.at = now
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - ORIGIN).total_seconds()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += timedelta(seconds=seconds)


def world(seed: int = 7) -> World:
    return World(catalogue(), seed=seed, origin=ORIGIN)


def catalogue() -> list[dict[str, Any]]:
    """Two dozen records as plain dicts: running, over, to come, open-ended, a long runner, one unknown to MAL."""
    running = [_running(number, slot) for number, slot in enumerate(_SLOTS * 2, start=1)]
    running[2]["anime"]["episode_count"] = None
    running[3]["anime"]["episode_count"] = None
    running[4] = _long_runner(running[4])
    running[5]["anime"]["broadcast"] = None
    finished = [_finished(number) for number in range(101, 107)]
    records = [*running, *finished, _upcoming(201), _upcoming(202), _movie(301), _unknown_to_mal(401)]
    records[0] = _rich(records[0])
    return records


def _base(number: int, **fields: Any) -> dict[str, Any]:
    anime_id = derived_id("test", number)
    anime = {
        "id": str(anime_id),
        "title": f"Show {number}",
        "title_english": f"The Show {number}",
        "title_japanese": f"番組{number}",
        "synonyms": [f"S{number}"],
        "external_ids": {"mal": str(1000 + number), "anilist": str(2000 + number), "kitsu": str(3000 + number)},
        "type": "TV",
        "rating": "PG13",
        "nsfw": False,
        "source_material": "LIGHT_NOVEL",
        "country_of_origin": "JP",
        "season": "SUMMER",
        "year": 2026,
        "month": "July",
        "genres": ["Action", "Drama"],
        "tags": ["robots", "school"],
        "themes": [{"name": "Mecha"}],
        "demographics": ["Seinen"],
        "synopsis": f"A story of {number} people. They travel. It ends well.",
        "duration": 1440,
        "statistics": {
            "mal": {
                "score": 7.51,
                "scored_by": 5000,
                "members": 20000,
                "favorites": 90,
                "rank": 800,
                "popularity_rank": 500,
            },
            "anilist": {"score": 7.4, "members": 15000, "favorites": 70},
            "kitsu": {"score": 7.321, "scored_by": 900, "members": 3000, "favorites": 12},
        },
        **fields,
    }
    characters = [_character(anime_id, f"Hero {number}"), _character(anime_id, f"Friend {number}", "SUPPORTING")]
    return {"anime": anime, "characters": characters, "episodes": []}


def _character(anime_id: UUID, name: str, role: str = "MAIN") -> dict[str, Any]:
    return {
        "id": str(derived_id("test-character", name)),
        "name": name,
        "name_native": "英雄",
        "description": f"{name} is brave.",
        "roles": [role],
        "anime_ids": [str(anime_id)],
        "favorites": 5,
        "voice_actors": [{"id": "95", "name": "Rin Mori", "language": "Japanese"}],
    }


def _running(number: int, slot: tuple[str, str, str]) -> dict[str, Any]:
    day, time, zone = slot
    record = _base(
        number,
        status="ONGOING",
        episode_count=13,
        broadcast={"day": day, "time": time, "timezone": zone},
        aired_dates={"aired_from": "2026-07-05T15:00:00Z"},
    )
    record["episodes"] = [_episode(n, ORIGIN - timedelta(days=7 * (6 - n) + 1)) for n in range(1, 6)]
    return record


def _episode(number: int, aired: datetime | None) -> dict[str, Any]:
    return {
        "episode_number": number,
        "title": f"Part {number}",
        "title_japanese": f"第{number}話",
        "title_romaji": f"Dai {number} wa",
        "synopsis": "Something happens.",
        "duration": 1440,
        "score": 8.0,
        "aired": aired.isoformat() if aired else None,
    }


def _long_runner(record: dict[str, Any]) -> dict[str, Any]:
    record["anime"]["episode_count"] = None
    record["episodes"] = [_episode(n, ORIGIN - timedelta(days=7 * (251 - n))) for n in range(1, 251)]
    return record


def _finished(number: int) -> dict[str, Any]:
    record = _base(
        number,
        status="FINISHED",
        episode_count=2,
        season="SPRING",
        year=2019,
        aired_dates={"aired_from": "2019-04-01T15:00:00Z", "aired_to": "2019-04-08T15:00:00Z"},
    )
    record["episodes"] = [_episode(1, datetime(2019, 4, 1, 15, tzinfo=UTC))]
    return record


def _upcoming(number: int) -> dict[str, Any]:
    record = _base(number, status="UPCOMING", episode_count=12, statistics=None)
    record["anime"]["broadcast"] = {"day": "friday", "time": "25:00", "timezone": "Asia/Tokyo"}
    record["anime"]["aired_dates"] = {"aired_from": (ORIGIN + timedelta(days=8, hours=15)).isoformat()}
    return record


def _movie(number: int) -> dict[str, Any]:
    return _base(number, type="MOVIE", status="FINISHED", episode_count=1, duration=6900, season=None, year=2001)


def _unknown_to_mal(number: int) -> dict[str, Any]:
    return _base(number, status="FINISHED", episode_count=12, external_ids={"anilist": "2401"})


def _rich(record: dict[str, Any]) -> dict[str, Any]:
    record["anime"] |= {
        "background": "It was made in a small studio.",
        "images": {"covers": ["https://images.example/c.jpg"], "banners": ["https://images.example/b.jpg"]},
        "trailers": [{"url": "https://www.youtube.com/watch?v=abc"}],
        "studios": [{"name": "Studio One", "external_ids": {"mal": "8"}}],
        "producers": [{"name": "Producer Two"}],
        "licensors": [{"name": "Licensor Three"}],
        "staff_data": {"Director": [{"name": "Aya Kudo"}], "Music": [{"name": "Aya Kudo"}, {"name": "Ken Abe"}]},
        "related_anime": {
            "SIDE_STORY": [{"title": "Show 101", "external_ids": {"mal": "1101"}}],
            "SPIN_OFF": [{"title": "Elsewhere", "external_ids": {"mal": "77"}}],
        },
        "related_source_material": {"ADAPTATION": [{"title": "Show", "type": "MANGA", "external_ids": {"mal": "78"}}]},
        "streaming_sources": [{"platform": "Streamer", "url": "https://stream.example/1"}],
        "external_sources": {"Official Site": "https://show.example/"},
        "opening_themes": [{"title": "Up", "artist": "The Band", "episodes": "eps 1-6"}],
        "ending_themes": [{"title": "Down"}],
    }
    record["anime"]["statistics"]["anilist"]["contextual_ranks"] = [
        {"rank": 12, "type": "rated", "format": "TV", "year": 2026, "season": "SUMMER", "all_time": False}
    ]
    return record
