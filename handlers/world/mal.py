"""The dialect of the MyAnimeList API v2: REST with a client id, and only the fields that are asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from contracts.model import Anime
from contracts.model.anime_parts import RelatedWork
from contracts.model.enums import Rating, Relation, SourceMaterial
from handlers.world.asking import Answer, Ask
from handlers.world.changes import Source
from handlers.world.people import firm_number, label_number, work_number
from handlers.world.showing import ShownAnime
from handlers.world.slots import WEEKDAYS, tokyo_date
from handlers.world.world import Showing

Json = dict[str, Any]
_SIZE_MAX = 100
_STATUS = {"FINISHED": "finished_airing", "ONGOING": "currently_airing", "UPCOMING": "not_yet_aired"}
_RATING = {Rating.PG13: "pg_13", Rating.RPLUS: "r+", Rating.RX: "rx"}
_SOURCE = {SourceMaterial.KOMA_4: "4_koma_manga"}
_DOCUMENTED_SOURCES = frozenset(
    {
        *("other", "original", "manga", "web_manga", "novel", "light_novel", "visual_novel", "web_novel", "game"),
        *("card_game", "book", "picture_book", "radio", "music", "mixed_media"),
    }
)
_MESSAGES = {
    400: ("Invalid client id", "bad_request"),
    403: ("", "forbidden"),
    404: ("", "not_found"),
    429: ("Too many requests", "too_many_requests"),
    500: ("", "internal_server_error"),
    504: ("", "gateway_timeout"),
}
_SEASON_PATH = re.compile(r"/anime/season/(\d{4})/(winter|spring|summer|fall)")
_ALWAYS = ("id", "title", "main_picture")


class Mal:
    """Answers as MyAnimeList's API v2 does. Without X-MAL-CLIENT-ID it refuses with 400."""

    source = Source.MAL
    prefix = "/mal/v2"
    media_type = "application/json"
    rates: Sequence[tuple[int, float]] = ()

    def answer(self, ask: Ask, showing: Showing) -> Answer:
        """Route a request."""
        if not ask.headers.get("x-mal-client-id", "").strip():
            return self.fault(400, None)
        if ask.method == "GET" and (match := re.fullmatch(r"/anime/(\d+)", ask.path)):
            shown = showing.anime_by_number(int(match[1]))
            if shown is not None:
                return Answer(200, _node(shown, showing, ask), changed_at=shown.changed_at)
        if ask.method == "GET" and ask.path == "/anime":
            wanted = ask.first("q").casefold()
            return _listed(ask, showing, [one for one in showing.anime() if wanted in one.anime.title.casefold()])
        if ask.method == "GET" and (
            match := re.fullmatch(r"/anime/season/(\d{4})/(winter|spring|summer|fall)", ask.path)
        ):
            year, season = int(match[1]), match[2]
            found = [one for one in showing.anime() if _season(one.anime) == (year, season)]
            return _listed(ask, showing, found, season={"year": year, "season": season})
        return self.fault(404, None)

    def fault(self, status: int, retry_after_s: int | None) -> Answer:
        """An error body."""
        message, error = _MESSAGES.get(status, _MESSAGES[500])
        headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
        return Answer(status, {"message": message, "error": error}, headers)


def _listed(ask: Ask, showing: Showing, found: Sequence[ShownAnime], **more: Any) -> Answer:
    size, start = min(_SIZE_MAX, ask.number("limit", _SIZE_MAX) or _SIZE_MAX), ask.number("offset", 0)
    rows = [{"node": _node(shown, showing, ask)} for shown in found[start : start + size]]
    paging = {"next": ask.link(offset=start + size)} if start + size < len(found) else {}
    return Answer(200, {"data": rows, "paging": paging, **more})


def _node(shown: ShownAnime, showing: Showing, ask: Ask) -> Json:
    # Fields may nest, as in related_anime{status}; what is inside the braces is given in any case.
    asked = set(re.sub(r"\{[^}]*\}", "", ask.first("fields")).replace(" ", "").split(","))
    body = _whole(shown, showing)
    return {name: value for name, value in body.items() if name in _ALWAYS or name in asked}


def _whole(shown: ShownAnime, showing: Showing) -> Json:
    anime = shown.anime
    figures = (anime.statistics or {}).get("mal")
    dates = anime.aired_dates
    body: Json = {
        "id": showing.number(shown),
        "title": anime.title,
        "main_picture": _picture(anime),
        "alternative_titles": {
            "synonyms": list(anime.synonyms or []),
            "en": anime.title_english or "",
            "ja": anime.title_japanese or "",
        },
        "start_date": f"{tokyo_date(dates.aired_from):%Y-%m-%d}" if dates and dates.aired_from else None,
        "end_date": f"{tokyo_date(dates.aired_to):%Y-%m-%d}" if dates and dates.aired_to else None,
        "synopsis": anime.synopsis or "",
        "mean": (figures.score or None) if figures else None,
        "rank": figures.rank if figures else None,
        "popularity": figures.popularity_rank if figures else None,
        "num_list_users": figures.members if figures else None,
        "num_scoring_users": figures.scored_by if figures else None,
        "nsfw": "black" if anime.nsfw else "white",
        "created_at": f"{min(showing.world.origin, shown.changed_at):%Y-%m-%dT%H:%M:%S+00:00}",
        "updated_at": f"{shown.changed_at:%Y-%m-%dT%H:%M:%S+00:00}",
        "media_type": anime.type.value.lower().replace("tv_short", "tv") if anime.type else "unknown",
        "status": _STATUS.get(anime.status) if anime.status else None,
        "genres": [{"id": label_number("genre", name), "name": name} for name in _genres(anime)],
        "num_episodes": anime.episode_count or 0,
        "start_season": _start_season(anime),
        "broadcast": _broadcast(anime),
        "source": _source(anime.source_material),
        "average_episode_duration": anime.duration or 0,
        "rating": _RATING.get(anime.rating, anime.rating.value.lower()) if anime.rating else None,
        "pictures": [],
        "background": anime.background or "",
        "related_anime": _related(anime.related_anime, showing, anime=True),
        "related_manga": _related(anime.related_source_material, showing, anime=False),
        "recommendations": [],
        "studios": [{"id": firm_number(one, Source.MAL), "name": one.name} for one in anime.studios or []],
        "statistics": _statistics(figures.members or 0 if figures else 0),
    }
    # What the service does not know it leaves out; it never sends null.
    return {name: value for name, value in body.items() if value is not None}


def _picture(anime: Anime) -> Json | None:
    covers = anime.images.covers if anime.images else None
    return {"medium": covers[0], "large": covers[0]} if covers else None


def _genres(anime: Anime) -> list[str]:
    # The service puts genres, themes and demographics into one list.
    themes = [theme.name for theme in anime.themes or []]
    return sorted({*(anime.genres or []), *themes, *(anime.demographics or [])})


def _season(anime: Anime) -> tuple[int, str] | None:
    return (anime.year, anime.season.value.lower()) if anime.year and anime.season else None


def _start_season(anime: Anime) -> Json | None:
    found = _season(anime)
    return {"year": found[0], "season": found[1]} if found else None


def _broadcast(anime: Anime) -> Json | None:
    slot = anime.broadcast
    if slot is None or slot.day not in WEEKDAYS or slot.time is None:
        return None
    return {"day_of_the_week": slot.day, "start_time": slot.time}


def _source(material: SourceMaterial | None) -> str | None:
    if material is None or material is SourceMaterial.UNKNOWN:
        return None
    name = _SOURCE.get(material, material.value.lower())
    return name if name in _DOCUMENTED_SOURCES or material in _SOURCE else "other"


def _related(works: Mapping[Relation, Sequence[RelatedWork]] | None, showing: Showing, *, anime: bool) -> list[Json]:
    return [
        {
            "node": {"id": work_number(work, showing, anime=anime), "title": work.title},
            "relation_type": relation.value.lower(),
            "relation_type_formatted": relation.value.replace("_", " ").capitalize(),
        }
        for relation, related in (works or {}).items()
        for work in related
    ]


def _statistics(members: int) -> Json:
    shares = {"watching": 0.08, "completed": 0.6, "on_hold": 0.05, "dropped": 0.04, "plan_to_watch": 0.23}
    # Numbers in words are the service's own way.
    return {"status": {name: str(int(members * share)) for name, share in shares.items()}, "num_list_users": members}
