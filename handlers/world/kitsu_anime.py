"""An anime and its episodes as Kitsu's resources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from contracts.model import Anime, Episode
from contracts.model.anime_parts import RelatedWork, Statistics
from contracts.model.enums import AnimeType, Rating, Relation
from handlers.world import kitsu_people
from handlers.world.changes import Source
from handlers.world.kitsu_resource import Json, Resource
from handlers.world.people import firm_number, label_number, slug, work_number
from handlers.world.showing import ShownAnime
from handlers.world.slots import TOKYO, tokyo_date
from handlers.world.titles import derived_number
from handlers.world.world import Showing

_SUBTYPE: Mapping[AnimeType, str] = {
    AnimeType.MOVIE: "movie",
    AnimeType.MUSIC: "music",
    AnimeType.SPECIAL: "special",
    AnimeType.TV_SPECIAL: "special",
    AnimeType.OVA: "OVA",
    AnimeType.ONA: "ONA",
}
_AGE: Mapping[Rating, tuple[str, str]] = {
    Rating.G: ("G", "All Ages"),
    Rating.PG: ("PG", "Children"),
    Rating.PG13: ("PG", "Teens 13 or older"),
    Rating.R: ("R", "17+ (violence & profanity)"),
    Rating.RPLUS: ("R", "Mild Nudity"),
    Rating.RX: ("R18", "Hentai"),
}
_COVER_SIZES = ("tiny", "small", "large", "original")
_POSTER_SIZES = (*_COVER_SIZES, "medium")
_SOON = timedelta(days=92)


def anime(shown: ShownAnime, showing: Showing) -> Resource:
    """The resource of an anime with all relations that the real one lists; some of them are always empty here."""
    one, number = shown.anime, showing.number(shown)
    return Resource("anime", number, attributes(shown, showing), {
        "genres": lambda: [_label("genres", "name", name) for name in one.genres or []],
        "categories": lambda: [_label("categories", "title", name) for name in one.tags or []],
        "castings": lambda: kitsu_people.castings(shown, showing),
        "installments": list,
        "mappings": lambda: mappings(shown, showing),
        "reviews": list,
        "mediaRelationships": lambda: _relationships(one, showing),
        "characters": lambda: kitsu_people.cast(shown, showing, "mediaCharacters"),
        "staff": lambda: kitsu_people.staff(one, "mediaStaff"),
        "productions": list,
        "quotes": list,
        "episodes": lambda: [episode(each, shown) for each in shown.episodes],
        "streamingLinks": lambda: _streaming(one),
        "animeProductions": lambda: _productions(one),
        "animeCharacters": lambda: kitsu_people.cast(shown, showing, "animeCharacters"),
        "animeStaff": lambda: kitsu_people.staff(one, "animeStaff"),
    })  # fmt: skip


def attributes(shown: ShownAnime, showing: Showing) -> Json:
    """All attributes that the real resource has."""
    one = shown.anime
    figures = (one.statistics or {}).get("kitsu") or Statistics()
    dates = one.aired_dates
    age = _AGE.get(one.rating) if one.rating else None
    minutes = max(1, round(one.duration / 60)) if one.duration else None
    subtype = _SUBTYPE.get(one.type, "TV") if one.type else None
    return {
        "createdAt": stamp(showing.world.origin - timedelta(days=365)),
        "updatedAt": stamp(shown.changed_at),
        "slug": slug(one.title, "-").lower(),
        "synopsis": one.synopsis,
        "description": one.synopsis,
        "coverImageTopOffset": 0,
        "titles": _titles(one),
        "canonicalTitle": one.title,
        "abbreviatedTitles": list(one.synonyms or []),
        "averageRating": f"{figures.score * 10:.2f}" if figures.score else None,
        "ratingFrequencies": _frequencies(figures),
        "userCount": figures.members or 0,
        "favoritesCount": figures.favorites or 0,
        "startDate": _date(dates.aired_from) if dates else None,
        "endDate": _date(dates.aired_to) if dates else None,
        "nextRelease": _release(shown),
        "popularityRank": figures.popularity_rank,
        "ratingRank": figures.rank,
        "ageRating": age and age[0],
        "ageRatingGuide": age and age[1],
        "subtype": subtype,
        "status": _status(one, showing.now),
        "tba": None,
        "posterImage": _picture(one.images.posters or one.images.covers if one.images else None),
        "coverImage": _picture(one.images.banners if one.images else None, _COVER_SIZES),
        "episodeCount": one.episode_count,
        "episodeLength": minutes,
        "totalLength": minutes * one.episode_count if minutes and one.episode_count else None,
        "youtubeVideoId": _video(one),
        "showType": subtype,
        "nsfw": bool(one.nsfw),
    }


def episode(one: Episode, shown: ShownAnime) -> Resource:
    """The resource of an episode."""
    titles = {"en_us": one.title, "en_jp": one.title_romaji, "ja_jp": one.title_japanese}
    return Resource(
        "episodes",
        derived_number("episode", shown.title.id, one.episode_number),
        {
            "createdAt": stamp(shown.changed_at),
            "updatedAt": stamp(shown.changed_at),
            "synopsis": one.synopsis or "",
            "description": one.description or one.synopsis or "",
            "titles": {name: title for name, title in titles.items() if title},
            "canonicalTitle": one.title or f"Episode {one.episode_number}",
            "seasonNumber": one.season_number or 1,
            "number": one.episode_number,
            "relativeNumber": one.episode_number,
            "airdate": _date(one.aired),
            "length": max(1, round(one.duration / 60)) if one.duration else None,
            "thumbnail": _picture(one.thumbnails),
        },
        {"media": lambda: None, "videos": list},
    )


def mappings(shown: ShownAnime, showing: Showing) -> list[Resource]:
    """Which id the anime has elsewhere."""
    names = {"myanimelist/anime": shown.title.ids.get(Source.MAL), "anilist/anime": shown.title.ids.get(Source.ANILIST)}
    return [
        Resource(
            "mappings",
            derived_number("mapping", site, number),
            {
                "createdAt": stamp(showing.world.origin),
                "updatedAt": stamp(showing.world.origin),
                "externalSite": site,
                "externalId": str(number),
            },
            {"item": lambda: anime(shown, showing)},
        )
        for site, number in names.items()
        if number is not None
    ]


def stamp(instant: datetime) -> str:
    """An instant with milliseconds, as the service prints it."""
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 1000:03d}Z"


def _titles(one: Anime) -> Json:
    names = {"en": one.title_english, "en_jp": one.title, "ja_jp": one.title_japanese}
    return {name: title for name, title in names.items() if title}


def _frequencies(figures: Statistics) -> Json:
    # Votes stand in steps of half a point, from 2 to 20; half of them on the rounded mean, the rest beside it.
    votes, middle = figures.scored_by or 0, round((figures.score or 0) * 2)
    shares = {middle - 2: 0.15, middle - 1: 0.1, middle: 0.5, middle + 1: 0.1, middle + 2: 0.15}
    return {str(step): str(int(votes * share)) for step, share in shares.items() if votes and 2 <= step <= 20}


def _date(instant: datetime | None) -> str | None:
    return f"{tokyo_date(instant):%Y-%m-%d}" if instant else None


def _release(shown: ShownAnime) -> str | None:
    if shown.next_airing is None or not shown.title.published:
        return None
    return f"{shown.next_airing.at.astimezone(TOKYO):%Y-%m-%dT%H:%M:%S}.000+09:00"


def _status(one: Anime, now: datetime) -> str | None:
    if one.status == "UPCOMING":
        start = one.aired_dates.aired_from if one.aired_dates else None
        return "tba" if start is None else "upcoming" if start - now < _SOON else "unreleased"
    return {"FINISHED": "finished", "ONGOING": "current"}.get(one.status or "")


def _picture(urls: Sequence[str] | None, sizes: Sequence[str] = _POSTER_SIZES) -> Json | None:
    if not urls:
        return None
    return {**dict.fromkeys(sizes, urls[0]), "meta": {"dimensions": {}}}


def _video(one: Anime) -> str | None:
    url = (one.trailers[0].url or "") if one.trailers else ""
    return url.rpartition("v=")[2] if "youtube" in url else None


def _label(kind: str, attribute: str, name: str) -> Resource:
    return Resource(kind, label_number(kind, name), {attribute: name})


def _relationships(one: Anime, showing: Showing) -> list[Resource]:
    works = ((True, one.related_anime), (False, one.related_source_material))
    return [
        _relationship(one, relation, work, showing, is_anime=is_anime)
        for is_anime, related in works
        for relation, found in (related or {}).items()
        for work in found
    ]


def _relationship(one: Anime, relation: Relation, work: RelatedWork, showing: Showing, *, is_anime: bool) -> Resource:
    role = "spinoff" if relation is Relation.SPIN_OFF else relation.value.lower()
    when = stamp(showing.world.origin)
    return Resource(
        "mediaRelationships",
        derived_number("relationship", one.id, relation, work.title),
        {"createdAt": when, "updatedAt": when, "role": role},
        {"source": lambda: None, "destination": lambda: _destination(work, showing, is_anime=is_anime)},
    )


def _destination(work: RelatedWork, showing: Showing, *, is_anime: bool) -> Resource:
    number = work_number(work, showing, anime=is_anime)
    inside = showing.anime_by_number(number) if is_anime else None
    if inside is not None:
        return anime(inside, showing)
    names: dict[str, Any] = {"slug": slug(work.title, "-").lower(), "canonicalTitle": work.title}
    return Resource("anime" if is_anime else "manga", number, {**names, "titles": {"en_jp": work.title}})


def _streaming(one: Anime) -> list[Resource]:
    return [
        Resource(
            "streamingLinks",
            derived_number("stream", one.id, link.platform),
            {"url": link.url or f"https://{slug(link.platform, '').lower()}.example/", "subs": ["en"], "dubs": ["ja"]},
            {"streamer": lambda name=link.platform: _label("streamers", "siteName", name)},  # type: ignore[misc]
        )
        for link in one.streaming_sources or []
    ]


def _productions(one: Anime) -> list[Resource]:
    roles = (("licensor", one.licensors), ("producer", one.producers), ("studio", one.studios))
    return [
        Resource(
            "animeProductions",
            derived_number("production", one.id, role, firm.name),
            {"createdAt": None, "updatedAt": None, "role": role},
            {
                "anime": lambda: None,
                "producer": lambda firm=firm: Resource(  # type: ignore[misc]
                    "producers", firm_number(firm, Source.KITSU), {"name": firm.name}
                ),
            },
        )
        for role, firms in roles
        for firm in firms or []
    ]
