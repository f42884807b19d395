"""Kitsu: an anime resource with its included resources to canonical values."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from contracts.model.anime_parts import (
    AiredDates,
    Broadcast,
    CompanyRef,
    Images,
    RelatedWork,
    Statistics,
    StreamingSource,
    Trailer,
)
from contracts.model.enums import AnimeStatus, AnimeType, Rating, Relation, Season
from handlers.sources.dates import MONTHS, iso_instant, partial_date, season_of, season_year
from handlers.sources.jsonapi import Index, linked
from handlers.sources.notes import Notes
from handlers.sources.port import Raw
from handlers.sources.rules import Rule
from handlers.sources.tables.kitsu import MATERIAL, RATING, RELATION, SITES, STATUS, TYPE
from handlers.sources.values import count, enum_of, items, only, part, positive, score10, unique, words

SITE: Final = "https://kitsu.app"
INCLUDE: Final = ("categories", "genres", "mappings", "animeProductions", "mediaRelationships", "streamingLinks")


def _title(raw: Raw, *names: str) -> str | None:
    titles = part(raw.get("titles"))
    return next((text for name in names if (text := words(titles.get(name))) is not None), None)


def _main_title(raw: Raw, _: Notes) -> str | None:
    return _title(raw, "en_jp", "en_cn", "en_kr") or words(raw.get("canonicalTitle"))


def _synonyms(raw: Raw, notes: Notes) -> list[str]:
    main = {_main_title(raw, notes), _title(raw, "en", "en_us"), _title(raw, "ja_jp")}
    others = [*(raw.get("abbreviatedTitles") or []), *part(raw.get("titles")).values(), raw.get("canonicalTitle")]
    return [title for title in unique(others) if title not in main]


def _start(raw: Raw) -> date | None:
    text = words(raw.get("startDate"))
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _season(raw: Raw, _: Notes) -> Season | None:
    start = _start(raw)
    return season_of(start.month) if start else None


def _year(raw: Raw, _: Notes) -> int | None:
    start = _start(raw)
    return season_year(start.year, start.month) if start and partial_date(start.isoformat()) else None


def _month(raw: Raw, _: Notes) -> str | None:
    start = _start(raw)
    return MONTHS[start.month - 1] if start else None


def _aired(raw: Raw, _: Notes) -> AiredDates | None:
    first, last = partial_date(raw.get("startDate")), partial_date(raw.get("endDate"))
    return AiredDates(**only(aired_from=first, aired_to=last)) if first or last else None


def _broadcast(raw: Raw, _: Notes) -> Broadcast | None:
    at = iso_instant(raw["nextRelease"])
    return Broadcast(next_episode_at=at) if at else None


def _votes(raw: Raw) -> int | None:
    frequencies = part(raw.get("ratingFrequencies"))
    votes = [int(text) for text in frequencies.values() if str(text).isdigit()]
    return sum(votes) if votes else None


def _statistics(raw: Raw, _: Notes) -> dict[str, Statistics] | None:
    figures = only(
        score=score10(raw.get("averageRating"), divisor=10),
        scored_by=_votes(raw),
        rank=positive(raw.get("ratingRank")),
        popularity_rank=positive(raw.get("popularityRank")),
        members=count(raw.get("userCount")),
        favorites=count(raw.get("favoritesCount")),
    )
    return {"kitsu": Statistics(**figures)} if figures else None


def _images(raw: Raw, _: Notes) -> Images | None:
    covers = unique([part(raw.get("posterImage")).get("original")])
    banners = unique([part(raw.get("coverImage")).get("original")])
    return Images(**only(covers=covers or None, banners=banners or None)) if covers or banners else None


def _trailers(raw: Raw, _: Notes) -> list[Trailer] | None:
    video = words(raw["youtubeVideoId"])
    return [Trailer(url=f"https://www.youtube.com/watch?v={video}")] if video else None


def _names(raw: Raw, relationship: str, attribute: str) -> list[str]:
    return unique(part(entry.get("attributes")).get(attribute) for entry in items(raw[relationship]))


def _ids(raw: Raw, _: Notes) -> dict[str, str]:
    ids = {"kitsu": str(raw["id"])}
    for entry in items(raw.get("mappings")):
        attributes = part(entry.get("attributes"))
        platform, external_id = SITES.get(str(attributes.get("externalSite"))), words(attributes.get("externalId"))
        if platform and external_id:
            ids.setdefault(platform, external_id)
    return ids


def _duration(raw: Raw, _: Notes) -> int | None:
    minutes = positive(raw["episodeLength"])
    return minutes * 60 if minutes else None


def rules(index: Index) -> tuple[Rule, ...]:
    """The rules of an anime, given what was included with it."""

    def firms(raw: Raw, role: str) -> list[CompanyRef]:
        found: dict[str, CompanyRef] = {}
        for production in items(raw["animeProductions"]):
            if part(production.get("attributes")).get("role") != role:
                continue
            for key in linked(production, "producer") or []:
                name = words(part(index[key].get("attributes")).get("name")) if key in index else None
                if name:
                    found.setdefault(key[1], CompanyRef(name=name, external_ids={"kitsu": key[1]}))
        return list(found.values())

    def related(raw: Raw, notes: Notes, kind: str) -> dict[Relation, list[RelatedWork]]:
        found: dict[Relation, list[RelatedWork]] = {}
        for edge in items(raw["mediaRelationships"]):
            role = part(edge.get("attributes")).get("role")
            relation = enum_of(notes, "relation", RELATION, role, Relation.OTHER) or Relation.OTHER
            for key in linked(edge, "destination") or []:
                title = words(part(index[key].get("attributes")).get("canonicalTitle")) if key in index else None
                if key[0] == kind and title:
                    found.setdefault(relation, []).append(_work(kind, index[key], title))
        return found

    def streams(raw: Raw, _: Notes) -> list[StreamingSource]:
        found = []
        for link in items(raw["streamingLinks"]):
            url = words(part(link.get("attributes")).get("url"))
            services = [index[key] for key in linked(link, "streamer") or [] if key in index]
            names = unique(part(service.get("attributes")).get("siteName") for service in services)
            if url:
                found.append(StreamingSource(platform=names[0] if names else url, url=url))
        return found

    return (
        *FIELDS,
        Rule("studios", ("animeProductions",), lambda raw, _: firms(raw, "studio")),
        Rule("producers", ("animeProductions",), lambda raw, _: firms(raw, "producer")),
        Rule("licensors", ("animeProductions",), lambda raw, _: firms(raw, "licensor")),
        Rule("related_anime", ("mediaRelationships",), lambda raw, notes: related(raw, notes, "anime")),
        Rule("related_source_material", ("mediaRelationships",), lambda raw, notes: related(raw, notes, "manga")),
        Rule("streaming_sources", ("streamingLinks",), streams),
    )


def _work(kind: str, resource: Raw, title: str) -> RelatedWork:
    attributes: Any = part(resource.get("attributes"))
    subtype, slug = words(attributes.get("subtype")), words(attributes.get("slug"))
    return RelatedWork(
        **only(
            title=title,
            type=subtype,
            external_ids={"kitsu": str(resource.get("id"))},
            sources=[f"{SITE}/{kind}/{slug}"] if slug else None,
            material=MATERIAL.get(str(subtype)) if kind == "manga" else None,
        )
    )


FIELDS: Final = (
    Rule("external_ids", ("id", "mappings"), _ids),
    Rule("sources", ("slug",), lambda raw, _: [f"{SITE}/anime/{raw['slug']}"] if raw["slug"] else None),
    Rule("title", ("titles", "canonicalTitle"), _main_title),
    Rule("title_english", ("titles",), lambda raw, _: _title(raw, "en", "en_us")),
    Rule("title_japanese", ("titles",), lambda raw, _: _title(raw, "ja_jp")),
    Rule("synonyms", ("abbreviatedTitles", "titles", "canonicalTitle"), _synonyms),
    Rule("type", ("subtype",), lambda raw, notes: enum_of(notes, "type", TYPE, raw["subtype"], AnimeType.UNKNOWN)),
    Rule(
        "status",
        ("status",),
        lambda raw, notes: enum_of(notes, "status", STATUS, raw["status"], AnimeStatus.UNKNOWN),
    ),
    Rule(
        "rating",
        ("ageRating",),
        lambda raw, notes: enum_of(notes, "rating", RATING, raw["ageRating"], Rating.UNKNOWN),
    ),
    Rule("nsfw", ("nsfw",), lambda raw, _: raw["nsfw"]),
    Rule("season", ("startDate",), _season),
    Rule("year", ("startDate",), _year),
    Rule("month", ("startDate",), _month),
    Rule("aired_dates", ("startDate", "endDate"), _aired),
    Rule("broadcast", ("nextRelease",), _broadcast),
    Rule("episode_count", ("episodeCount",), lambda raw, _: positive(raw["episodeCount"])),
    Rule("duration", ("episodeLength",), _duration),
    Rule(
        "synopsis",
        ("description", "synopsis"),
        lambda raw, _: next(iter(unique([raw.get("description"), raw.get("synopsis")])), None),
    ),
    Rule(
        "statistics",
        ("averageRating", "ratingFrequencies", "ratingRank", "popularityRank", "userCount", "favoritesCount"),
        _statistics,
    ),
    Rule("images", ("posterImage", "coverImage"), _images),
    Rule("trailers", ("youtubeVideoId",), _trailers),
    Rule("genres", ("genres",), lambda raw, _: _names(raw, "genres", "name")),
    Rule("tags", ("categories",), lambda raw, _: sorted(_names(raw, "categories", "title"))),
)
