"""Scores and audiences: small daily random walks, different on each platform."""

from __future__ import annotations

from datetime import datetime, timedelta

from contracts.model.anime_parts import Statistics
from contracts.model.enums import AnimeStatus
from handlers.world.changes import PLATFORM, ChangeKind, Source
from handlers.world.ledger import Ledger
from handlers.world.titles import Title

_DAY = timedelta(days=1)
# The finest step that a platform prints; what it cannot print is not a change.
_DECIMALS = {"mal": 2, "anilist": 1, "kitsu": 3}
_LIVELY = 0.05
_QUIET = 0.01
_TREND_SHARE = 0.2
_TREND_STEP = 0.06
_SCORE_MIN, _SCORE_MAX = 1.0, 9.9
_PLATFORM_SOURCES = {
    name: tuple(source for source, platform in PLATFORM.items() if platform == name) for name in _DECIMALS
}


def drift_week(ledger: Ledger, week: int, start: datetime) -> None:
    """Move the figures of every title that has some: daily while it airs, once a week when it is over."""
    for title in list(ledger.titles.values()):
        lively = ledger.now(title.id, "status") is AnimeStatus.ONGOING
        for day in range(7) if lively else (int(ledger.chance.fraction("day", title.id, week) * 7),):
            for platform in _DECIMALS:
                at = start + (day + ledger.chance.fraction("hour", title.id, platform, week, day)) * _DAY
                _move(ledger, title, platform, (week, day), at.replace(microsecond=0), lively=lively)


def _move(ledger: Ledger, title: Title, platform: str, when: tuple[int, int], at: datetime, *, lively: bool) -> None:
    before = ledger.now(title.id, f"statistics.{platform}")
    if not isinstance(before, Statistics):
        return
    after = _moved(ledger, title, platform, when, before, lively=lively)
    if after != before:
        sources: tuple[Source, ...] = _PLATFORM_SOURCES[platform]
        ledger.write(ChangeKind.SCORE_DRIFT, title.id, f"statistics.{platform}", after, at, sources=sources)


def _moved(
    ledger: Ledger, title: Title, platform: str, when: tuple[int, int], before: Statistics, *, lively: bool
) -> Statistics:
    chance, parts = ledger.chance, (title.id, platform, *when)
    grow = 1 + (0.004 if lively else 0.0005) * chance.fraction("grow", *parts)
    update: dict[str, int | float] = {
        name: int(value * grow) + 1
        for name in ("scored_by", "members", "favorites")
        if (value := getattr(before, name)) is not None
    }
    if before.score:
        step = chance.bell(_LIVELY if lively else _QUIET, "score", *parts)
        # Some shows of a week rise or fall on every platform at once, as after a very good or very bad episode.
        if lively and chance.fraction("trend", title.id, when[0]) < _TREND_SHARE:
            step += _TREND_STEP if chance.fraction("way", title.id, when[0]) < 0.5 else -_TREND_STEP
        score = min(_SCORE_MAX, max(_SCORE_MIN, before.score + step))
        update["score"] = round(score, _DECIMALS[platform])
    return before.model_copy(update=update)
