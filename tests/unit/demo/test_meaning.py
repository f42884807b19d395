"""When what the catalogue says is what was true, and what a value is made of."""

from __future__ import annotations

from typing import Any

import pytest

from streams.demo.meaning import NONE, made_of, same

JONAS = {"name": "Jonas Feld", "language": "German"}
AIR = "2026-08-12T13:00:00+00:00"


@pytest.mark.parametrize(
    ("field", "said", "true", "is_same"),
    [
        ("title", "A  Show", "A Show", True),
        ("title", "A Show", "A Show: The Movie", False),
        ("episodes", 7, {"episode_number": 7}, True),
        ("episodes", 8, {"episode_number": 7}, False),
        # A record may know more than the world told, and must know all of that.
        ("tags", ["Sea", "ship"], ["sea"], True),
        ("tags", ["ship"], ["sea"], False),
        ("hiatus", {"reason": "?"}, {"reason": "The broadcast pauses."}, True),
        ("hiatus", None, {"reason": "The broadcast pauses."}, False),
        ("hiatus", None, None, True),
        ("aired_dates", {"aired_to": "2026-08-14T15:00:00Z"}, {"aired_to": "2026-08-15T12:00:00Z"}, True),
        ("aired_dates", {"aired_from": "2026-06-26T15:00:00Z"}, {"aired_to": "2026-08-15T12:00:00Z"}, False),
        ("related_anime", {"SEQUEL": [{"title": "B", "url": "x"}]}, {"SEQUEL": [{"title": "B"}]}, True),
        ("related_anime", {"PREQUEL": [{"title": "B"}]}, {"SEQUEL": [{"title": "B"}]}, False),
        ("voice_actors", [{"name": "Feld, Jonas", "language": "German"}], [JONAS], True),
        ("voice_actors", [{"name": "Jonas Feld", "language": "French"}], [JONAS], False),
        # AniList's time is that of the first stream.
        ("broadcast", {"next_episode_at": "2026-08-12T13:30:00Z"}, {"number": 2, "at": AIR}, True),
        ("broadcast", {"next_episode_at": "2026-08-12T12:59:00Z"}, {"number": 2, "at": AIR}, False),
        ("broadcast", {"day": "sunday"}, None, True),
        ("broadcast", {"next_episode_at": AIR}, None, False),
        ("broadcast", None, {"number": 2, "at": AIR}, False),
    ],
)  # fmt: skip
def test_what_is_said_is_what_is_true(field: str, said: Any, true: Any, is_same: bool) -> None:
    assert same(field, said, true) is is_same


def test_a_value_is_made_of_itself_its_items_or_its_parts() -> None:
    assert made_of("title", "A Show") == made_of("title", " A Show ")
    assert made_of("tags", ["sea", "ship"]) > made_of("tags", ["Sea"])
    assert made_of("statistics", {"mal": {"score": 8.1}}).isdisjoint(made_of("statistics", {"mal": {"score": 8.2}}))
    assert made_of("synopsis", None) == made_of("tags", []) == frozenset({NONE})
    slot = {"day": "sunday", "time": "24:00", "timezone": "Asia/Tokyo"}
    assert made_of("broadcast", slot) < made_of("broadcast", {**slot, "next_episode_at": AIR})
