"""How long each service takes to show what happened. Each range was chosen to resemble what the real ones do.

AniList publishes air times ahead and turns on them; MyAnimeList's pages are edited by people within hours, and Jikan
is a copy of them that is older still; Kitsu comes last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from handlers.world.chance import Chance
from handlers.world.changes import ChangeKind, Source

_HOUR_S = 3600.0
Range = tuple[float, float]

_AIRING: Mapping[Source, Range] = {
    Source.JIKAN: (0.5 * _HOUR_S, 5 * _HOUR_S),
    Source.ANILIST: (600.0, 1.5 * _HOUR_S),
    Source.KITSU: (4 * _HOUR_S, 20 * _HOUR_S),
    Source.MAL: (0.3 * _HOUR_S, 3 * _HOUR_S),
}
_STATUS: Mapping[Source, Range] = {
    Source.JIKAN: (2 * _HOUR_S, 14 * _HOUR_S),
    Source.ANILIST: (0.5 * _HOUR_S, 4 * _HOUR_S),
    Source.KITSU: (6 * _HOUR_S, 30 * _HOUR_S),
    Source.MAL: (1 * _HOUR_S, 8 * _HOUR_S),
}
_PLAN: Mapping[Source, Range] = {
    Source.JIKAN: (1 * _HOUR_S, 6 * _HOUR_S),
    Source.ANILIST: (600.0, 2 * _HOUR_S),
    Source.KITSU: (1 * _HOUR_S, 8 * _HOUR_S),
    Source.MAL: (1 * _HOUR_S, 6 * _HOUR_S),
}
_FIGURES: Mapping[Source, Range] = {
    Source.JIKAN: (1 * _HOUR_S, 10 * _HOUR_S),
    Source.ANILIST: (60.0, 0.5 * _HOUR_S),
    Source.KITSU: (60.0, 2 * _HOUR_S),
    Source.MAL: (60.0, 1 * _HOUR_S),
}
_TEXT: Mapping[Source, Range] = {
    Source.JIKAN: (2 * _HOUR_S, 20 * _HOUR_S),
    Source.ANILIST: (0.2 * _HOUR_S, 6 * _HOUR_S),
    Source.KITSU: (3 * _HOUR_S, 24 * _HOUR_S),
    Source.MAL: (0.5 * _HOUR_S, 6 * _HOUR_S),
}
_RANGES: Mapping[ChangeKind, Mapping[Source, Range]] = {
    ChangeKind.EPISODE_AIRED: _AIRING,
    ChangeKind.TWO_AT_ONCE: _AIRING,
    ChangeKind.PREMIERE: _AIRING,
    ChangeKind.FINALE: _STATUS,
    ChangeKind.BREAK_STARTED: _PLAN,
    ChangeKind.BREAK_ENDED: _PLAN,
    ChangeKind.DELAYED: _PLAN,
    ChangeKind.SCORE_DRIFT: _FIGURES,
}
LAG_S_MAX = 30 * _HOUR_S


def visible_from(
    chance: Chance, kind: ChangeKind, cause: str, at: datetime, sources: Iterable[Source]
) -> dict[Source, datetime]:
    """From when each of `sources` shows a change of this kind and cause that happened at `at`."""
    ranges = _RANGES.get(kind, _TEXT)
    return {
        # Whole seconds, because the services print whole seconds.
        source: at + timedelta(seconds=int(chance.between(*ranges[source], "lag", source, cause)))
        for source in sources
    }
