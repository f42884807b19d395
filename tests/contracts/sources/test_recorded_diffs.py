"""Bodies recorded more than once give the differences that there are, and no others."""

from __future__ import annotations

from typing import Any

from contracts.observation import Kind
from tests.contracts.sources.recordings import needs_recordings
from tests.contracts.sources.test_recorded_values import said_in

pytestmark = needs_recordings


def differences(source: str, before: str, after: str, external_id: str) -> dict[str, tuple[Any, Any]]:
    """Canonical leaves that differ between two bodies, by dotted path."""
    old, new = (_flat(said_in(source, file, external_id, Kind.ANIME)) for file in (before, after))
    return {path: (old.get(path), new.get(path)) for path in {*old, *new} if old.get(path) != new.get(path)}


def _flat(said: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def walk(value: Any, path: str) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                walk(inner, f"{path}.{name}".lstrip("."))
        else:
            found[path] = value

    walk(said.anime.model_dump(mode="json", exclude_none=True), "")
    return found


def test_jikan_457_six_days_apart() -> None:
    assert differences("jikan", "jikanpy-anime-success.json", "jikanpy-aio-anime-success.json", "457") == {
        "statistics.mal.favorites": (25306, 25340),
        "statistics.mal.members": (766612, 767405),
        "statistics.mal.scored_by": (260971, 261195),
    }


def test_jikan_457_recorded_twice_on_one_day_differs_in_nothing() -> None:
    assert differences("jikan", "jikanpy-wrap-response.json", "jikanpy-anime-success.json", "457") == {}


def test_mal_1_in_three_versions() -> None:
    cdn = "https://cdn.myanimelist.net/images/anime/4/19644l"
    assert differences("mal", "1@944d11e.json", "1@23a8a41.json", "1") == {
        "images.covers": ([f"{cdn}.webp"], [f"{cdn}.jpg"]),
        "statistics.mal.rank": (47, 46),
        "statistics.mal.members": (1965695, 2000262),
        "statistics.mal.scored_by": (1014752, 1032680),
    }
    assert differences("mal", "1@23a8a41.json", "1@00e4807.json", "1") == {
        "images.covers": ([f"{cdn}.jpg"], ["https://myanimelist.net/images/anime/4/19644l.jpg"]),
        "statistics.mal.rank": (46, 50),
        "statistics.mal.popularity_rank": (42, 41),
        "statistics.mal.members": (2000262, 2054593),
        "statistics.mal.scored_by": (1032680, 1060870),
    }


def test_mal_21_in_two_versions() -> None:
    assert differences("mal", "21@944d11e.json", "21@002fc49.json", "21") == {
        "statistics.mal.rank": (51, 55),
        "statistics.mal.members": (2523796, 2722731),
        "statistics.mal.scored_by": (1434257, 1554623),
    }


def test_the_schedule_of_six_days_later_has_one_more_show() -> None:
    from tests.contracts.sources.recordings import exchanges, items_of

    before, after = (
        {item.external_id for item in items_of("jikan", one, one.reply.data)}
        for file in ("jikanpy-schedule-success.json", "jikanpy-aio-schedule-success.json")
        for one in exchanges(file, "jikan")
    )
    assert len(after - before) == 1
    assert before <= after
