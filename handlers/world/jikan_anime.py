"""An anime in Jikan's shape, short and full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.model import Anime
from contracts.model.anime_parts import AiredDates, CompanyRef, RelatedWork, Statistics
from contracts.model.enums import Relation
from handlers.world import jikan_words as say
from handlers.world.changes import Source
from handlers.world.people import firm_number, label_number, slug, work_number
from handlers.world.showing import ShownAnime
from handlers.world.world import Showing

SITE = "https://myanimelist.net"
Json = dict[str, Any]


def short(shown: ShownAnime, showing: Showing) -> Json:
    """The body of /anime/ID and of every list."""
    anime, number = shown.anime, showing.number(shown)
    status = say.STATUS.get(anime.status) if anime.status else None
    single = anime.episode_count == 1
    dates = anime.aired_dates or AiredDates()
    return {
        "mal_id": number,
        "url": page(number, anime.title),
        "images": images(anime),
        "trailer": trailer(anime),
        "approved": True,
        **_titles(anime),
        "type": say.TYPE.get(anime.type) if anime.type else None,
        "source": say.SOURCE.get(anime.source_material, "Other") if anime.source_material else None,
        "episodes": anime.episode_count,
        "status": status,
        "airing": status == "Currently Airing",
        "aired": say.aired(dates.aired_from, dates.aired_to, single=single),
        "duration": say.duration(anime.duration, single=single),
        "rating": say.RATING.get(anime.rating) if anime.rating else None,
        **figures((anime.statistics or {}).get("mal")),
        "synopsis": anime.synopsis,
        "background": anime.background,
        "season": anime.season.value.lower() if anime.season else None,
        "year": anime.year if anime.season else None,
        "broadcast": say.broadcast(anime.broadcast),
        "producers": _firms(anime.producers),
        "licensors": _firms(anime.licensors),
        "studios": _firms(anime.studios),
        "genres": _labels(anime.genres),
        "explicit_genres": [],
        "themes": _labels([theme.name for theme in anime.themes or []]),
        "demographics": _labels(anime.demographics),
    }


def full(shown: ShownAnime, showing: Showing) -> Json:
    """The body of /anime/ID/full."""
    anime = shown.anime
    return {
        **short(shown, showing),
        "relations": [
            *_relations(anime.related_anime, showing, "anime"),
            *_relations(anime.related_source_material, showing, "manga"),
        ],
        "theme": {
            "openings": [say.song(song, at) for at, song in enumerate(anime.opening_themes or [], 1)],
            "endings": [say.song(song, at) for at, song in enumerate(anime.ending_themes or [], 1)],
        },
        "external": [{"name": name, "url": url} for name, url in (anime.external_sources or {}).items()],
        "streaming": [
            {"name": one.platform, "url": one.url or f"https://{slug(one.platform, '').lower()}.example/"}
            for one in anime.streaming_sources or []
        ],
    }


def meta(shown: ShownAnime, showing: Showing) -> Json:
    """An anime where something else refers to it."""
    number = showing.number(shown)
    title = shown.anime.title
    return {"mal_id": number, "url": page(number, title), "images": images(shown.anime), "title": title}


def page(number: int, title: str) -> str:
    """The address of the anime's page."""
    return f"{SITE}/anime/{number}/{slug(title)}"


def figures(statistics: Statistics | None) -> Json:
    """Score, votes and audience; null for what nobody has counted."""
    one = statistics or Statistics()
    return {
        "score": one.score or None,
        "scored_by": one.scored_by,
        "rank": one.rank,
        "popularity": one.popularity_rank,
        "members": one.members,
        "favorites": one.favorites,
    }


def images(anime: Anime) -> Json:
    """The cover in all sizes, null where the record has none."""
    covers = anime.images.covers if anime.images else None
    cover = covers[0] if covers else None
    return {kind: {"image_url": cover, "small_image_url": cover, "large_image_url": cover} for kind in ("jpg", "webp")}


def trailer(anime: Anime) -> Json:
    """The first trailer, or nulls."""
    url = anime.trailers[0].url if anime.trailers else None
    video = url.rpartition("v=")[2] if url and "youtube" in url else None
    sizes = {"image": "default", "small_image": "sddefault", "medium_image": "mqdefault"}
    sizes |= {"large_image": "hqdefault", "maximum_image": "maxresdefault"}
    return {
        "youtube_id": video,
        "url": url,
        "embed_url": f"https://www.youtube.com/embed/{video}" if video else None,
        "images": {
            f"{name}_url": f"https://img.youtube.com/vi/{video}/{size}.jpg" if video else None
            for name, size in sizes.items()
        },
    }


def _titles(anime: Anime) -> Json:
    kinds = [("Default", anime.title), *(("Synonym", synonym) for synonym in anime.synonyms or [])]
    kinds += [("Japanese", anime.title_japanese or ""), ("English", anime.title_english or "")]
    return {
        "titles": [{"type": kind, "title": title} for kind, title in kinds if title],
        "title": anime.title,
        "title_english": anime.title_english,
        "title_japanese": anime.title_japanese,
        "title_synonyms": list(anime.synonyms or []),
    }


def _firms(firms: Sequence[CompanyRef] | None) -> list[Json]:
    numbered = [(firm_number(firm, Source.JIKAN), firm.name) for firm in firms or []]
    return [_link(number, "anime", name, f"anime/producer/{number}") for number, name in numbered]


def _labels(names: Sequence[str] | None) -> list[Json]:
    numbered = [(label_number("genre", name), name) for name in names or []]
    return [_link(number, "anime", name, f"anime/genre/{number}") for number, name in numbered]


def _link(number: int, kind: str, name: str, path: str) -> Json:
    return {"mal_id": number, "type": kind, "name": name, "url": f"{SITE}/{path}/{slug(name)}"}


def _relations(works: Mapping[Relation, Sequence[RelatedWork]] | None, showing: Showing, kind: str) -> list[Json]:
    return [
        {"relation": say.relation(relation), "entry": [_entry(work, showing, kind) for work in related]}
        for relation, related in (works or {}).items()
        if related
    ]


def _entry(work: RelatedWork, showing: Showing, kind: str) -> Json:
    number = work_number(work, showing, anime=kind == "anime")
    return _link(number, kind, work.title, f"{kind}/{number}")
