"""The dialect of Jikan v4: REST over MyAnimeList, cached for a day."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from handlers.world import jikan_anime, jikan_parts
from handlers.world.asking import Answer, Ask
from handlers.world.changes import Source
from handlers.world.pages import Page, page_of
from handlers.world.showing import ShownAnime
from handlers.world.slots import WEEKDAYS
from handlers.world.world import Showing

_LIST_SIZE = 25
_EPISODES_SIZE = 100
_STATUS_ASKED = {"airing": "ONGOING", "complete": "FINISHED", "upcoming": "UPCOMING"}
_MESSAGES = {
    400: ("ValidationException", "The request cannot be read"),
    404: ("HttpException", "Not Found"),
    429: ("RateLimitException", "You are being rate-limited; slow down"),
    500: ("UpstreamException", "The request to MyAnimeList failed; it may be down or refuse to answer"),
    504: ("BadResponseException", "Jikan could not reach MyAnimeList; it may be down or refuse to answer"),
}


class Jikan:
    """Answers as Jikan v4 does: 3 requests a second, 60 a minute, a 429 without Retry-After."""

    source = Source.JIKAN
    prefix = "/jikan/v4"
    media_type = "application/json"
    rates: Sequence[tuple[int, float]] = ((3, 1.0), (60, 60.0))

    def answer(self, ask: Ask, showing: Showing) -> Answer:
        """Route a request."""
        if ask.method != "GET":
            return self.fault(400, None)
        for pattern, handle in _ROUTES:
            match = pattern.fullmatch(ask.path)
            if match is not None:
                answer = handle(ask, showing, *(int(group) for group in match.groups()))
                return answer if answer is not None else self.fault(404, None)
        return self.fault(404, None)

    def fault(self, status: int, retry_after_s: int | None) -> Answer:
        """An error body; its own `status` repeats the HTTP status."""
        kind, message = _MESSAGES.get(status, _MESSAGES[500])
        headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
        return Answer(status, {"status": status, "type": kind, "message": message, "error": None}, headers)


def _anime(ask: Ask, showing: Showing, number: int) -> Answer | None:
    return _of(showing, number, lambda shown: jikan_anime.short(shown, showing))


def _full(ask: Ask, showing: Showing, number: int) -> Answer | None:
    return _of(showing, number, lambda shown: jikan_anime.full(shown, showing))


def _staff(ask: Ask, showing: Showing, number: int) -> Answer | None:
    return _of(showing, number, jikan_parts.staff)


def _statistics(ask: Ask, showing: Showing, number: int) -> Answer | None:
    return _of(showing, number, lambda shown: jikan_parts.statistics((shown.anime.statistics or {}).get("mal")))


def _cast(ask: Ask, showing: Showing, number: int) -> Answer | None:
    return _of(showing, number, lambda shown: [jikan_parts.cast_row(one) for one in showing.cast(shown)])


def _of(showing: Showing, number: int, body: Callable[[ShownAnime], Any]) -> Answer | None:
    shown = showing.anime_by_number(number)
    return None if shown is None else Answer(200, {"data": body(shown)}, changed_at=shown.changed_at)


def _episodes(ask: Ask, showing: Showing, number: int) -> Answer | None:
    shown = showing.anime_by_number(number)
    if shown is None:
        return None
    page = page_of(shown.episodes, ask.number("page", 1), _EPISODES_SIZE)
    rows = [jikan_parts.episode_row(episode, shown, showing) for episode in page.items]
    # The real service says that there is a next page on the last one too.
    pagination = {"last_visible_page": page.last, "has_next_page": bool(rows)}
    return Answer(200, {"pagination": pagination, "data": rows}, changed_at=shown.changed_at)


def _episode(ask: Ask, showing: Showing, number: int, wanted: int) -> Answer | None:
    shown = showing.anime_by_number(number)
    found = next((one for one in (shown.episodes if shown else ()) if one.episode_number == wanted), None)
    if shown is None or found is None:
        return None
    return Answer(200, {"data": jikan_parts.episode_alone(found, shown, showing)}, changed_at=shown.changed_at)


def _character(ask: Ask, showing: Showing, number: int) -> Answer | None:
    shown = showing.character_by_number(number)
    return None if shown is None else Answer(200, {"data": jikan_parts.character(shown)}, changed_at=shown.changed_at)


def _character_full(ask: Ask, showing: Showing, number: int) -> Answer | None:
    shown = showing.character_by_number(number)
    if shown is None:
        return None
    return Answer(200, {"data": jikan_parts.character_full(shown, showing)}, changed_at=shown.changed_at)


def _voices(ask: Ask, showing: Showing, number: int) -> Answer | None:
    shown = showing.character_by_number(number)
    return None if shown is None else Answer(200, {"data": jikan_parts.voices(shown)}, changed_at=shown.changed_at)


def _schedules(ask: Ask, showing: Showing) -> Answer | None:
    day = ask.first("filter").lower()
    found = [
        shown
        for shown in showing.anime()
        if shown.anime.status == "ONGOING" and (day not in WEEKDAYS or _day(shown) == day)
    ]
    return _listed(ask, showing, found)


def _now(ask: Ask, showing: Showing) -> Answer | None:
    return _listed(ask, showing, [shown for shown in showing.anime() if shown.anime.status == "ONGOING"])


def _upcoming(ask: Ask, showing: Showing) -> Answer | None:
    return _listed(ask, showing, [shown for shown in showing.anime() if shown.anime.status == "UPCOMING"])


def _search(ask: Ask, showing: Showing) -> Answer | None:
    wanted, status = ask.first("q").casefold(), _STATUS_ASKED.get(ask.first("status"))
    found = [
        shown
        for shown in showing.anime()
        if any(wanted in name.casefold() for name in _names(shown)) and status in (None, shown.anime.status)
    ]
    return _listed(ask, showing, found)


def _listed(ask: Ask, showing: Showing, found: Sequence[ShownAnime]) -> Answer:
    size = min(_LIST_SIZE, ask.number("limit", _LIST_SIZE) or _LIST_SIZE)
    page: Page[ShownAnime] = page_of(found, ask.number("page", 1), size)
    pagination = {
        "last_visible_page": page.last,
        "has_next_page": page.has_next,
        "current_page": page.number,
        "items": {"count": len(page.items), "total": page.total, "per_page": page.size},
    }
    rows = [jikan_anime.short(shown, showing) for shown in page.items]
    latest = max((shown.changed_at for shown in page.items), default=None)
    return Answer(200, {"pagination": pagination, "data": rows}, changed_at=latest)


def _day(shown: ShownAnime) -> str | None:
    return shown.anime.broadcast.day if shown.anime.broadcast else None


def _names(shown: ShownAnime) -> list[str]:
    anime = shown.anime
    return [anime.title, anime.title_english or "", anime.title_japanese or "", *(anime.synonyms or [])]


_ROUTES: Sequence[tuple[re.Pattern[str], Callable[..., Answer | None]]] = tuple(
    (re.compile(pattern), handle)
    for pattern, handle in (
        (r"/anime/(\d+)", _anime),
        (r"/anime/(\d+)/full", _full),
        (r"/anime/(\d+)/episodes", _episodes),
        (r"/anime/(\d+)/episodes/(\d+)", _episode),
        (r"/anime/(\d+)/characters", _cast),
        (r"/anime/(\d+)/staff", _staff),
        (r"/anime/(\d+)/statistics", _statistics),
        (r"/characters/(\d+)", _character),
        (r"/characters/(\d+)/full", _character_full),
        (r"/characters/(\d+)/voices", _voices),
        (r"/schedules", _schedules),
        (r"/seasons/now", _now),
        (r"/seasons/upcoming", _upcoming),
        (r"/anime", _search),
    )
)
