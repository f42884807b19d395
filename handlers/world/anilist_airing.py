"""Air times in AniList's shape: it lists what has aired and, for the shows it has a plan of, what is to come."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from handlers.world.airing import WEEK
from handlers.world.showing import ShownAnime
from handlers.world.titles import derived_number
from handlers.world.world import Showing

Json = dict[str, Any]
# How far ahead an open-ended show is listed.
_OPEN_AHEAD = 4
_AHEAD_MAX = 60


def air_times(shown: ShownAnime) -> list[tuple[int, datetime]]:
    """Episodes and their air times, by number."""
    delay = timedelta(seconds=shown.title.stream_delay_s if shown.title.published else 0)
    aired = [(one.episode_number, one.aired + delay) for one in shown.episodes if one.aired is not None]
    return [*aired, *_coming(shown, delay)]


def _coming(shown: ShownAnime, delay: timedelta) -> list[tuple[int, datetime]]:
    following = shown.next_airing
    if following is None or not shown.title.published:
        return []
    total = shown.anime.episode_count
    last = following.number + _OPEN_AHEAD if total is None else max(total, following.number)
    ahead = min(_AHEAD_MAX, last - following.number + 1)
    return [(following.number + step, following.at + step * WEEK + delay) for step in range(ahead)]


def node(shown: ShownAnime, showing: Showing, number: int, at: datetime) -> Json:
    """One entry of the schedule; without `media`, which the caller adds where it is asked for."""
    return {
        "id": derived_number("airing", shown.title.id, number),
        "airingAt": int(at.timestamp()),
        "timeUntilAiring": int((at - showing.now).total_seconds()),
        "episode": number,
        "mediaId": showing.number(shown),
    }


def next_node(shown: ShownAnime, showing: Showing) -> Json | None:
    """The episode that comes next, when AniList has a plan of the show."""
    following = shown.next_airing
    if following is None or not shown.title.published:
        return None
    return node(shown, showing, following.number, following.at + timedelta(seconds=shown.title.stream_delay_s))
