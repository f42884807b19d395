"""AniList: a media object to canonical values."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from contracts.model.anime_parts import (
    AiredDates,
    Broadcast,
    CompanyRef,
    ContextualRank,
    Hiatus,
    Images,
    RelatedWork,
    Statistics,
    StreamingSource,
    Trailer,
)
from contracts.model.enums import AnimeStatus, AnimeType, Relation, SourceMaterial
from handlers.sources.dates import MONTHS, tokyo_day, unix_instant
from handlers.sources.notes import Notes
from handlers.sources.port import Raw
from handlers.sources.rules import Rule
from handlers.sources.tables.anilist import MATERIAL, RELATION, SEASON, SOURCE, STATUS, TYPE
from handlers.sources.values import count, enum_of, items, only, part, plain, positive, score10, unique, words


def _fuzzy(raw: object) -> datetime | None:
    day = part(raw)
    return tokyo_day(day.get("year"), day.get("month"), day.get("day"))


def _aired(raw: Raw, _: Notes) -> AiredDates | None:
    first, last = _fuzzy(raw.get("startDate")), _fuzzy(raw.get("endDate"))
    return AiredDates(**only(aired_from=first, aired_to=last)) if first or last else None


def _month(raw: Raw, _: Notes) -> str | None:
    month = part(raw["startDate"]).get("month")
    return MONTHS[month - 1] if isinstance(month, int) and 1 <= month <= 12 else None


def _hiatus(raw: Raw, _: Notes) -> Hiatus | None:
    return Hiatus(reason="listed as on hiatus") if raw["status"] == "HIATUS" else None


def _statistics(raw: Raw, _: Notes) -> dict[str, Statistics] | None:
    ranks = [
        ContextualRank(
            **only(
                rank=rank.get("rank"),
                type=str(rank.get("type", "")).lower() or None,
                format=rank.get("format"),
                year=rank.get("year"),
                season=rank.get("season"),
                all_time=rank.get("allTime"),
            )
        )
        for rank in items(raw.get("rankings"))
    ]
    figures = only(
        score=score10(raw.get("averageScore"), divisor=10),
        members=count(raw.get("popularity")),
        favorites=count(raw.get("favourites")),
        contextual_ranks=ranks or None,
    )
    return {"anilist": Statistics(**figures)} if figures else None


def _tags(raw: Raw, *, demographic: bool) -> list[str]:
    # Sorted: the service orders tags by votes, which drift, and an order that changes is no change of the anime.
    return sorted(
        unique(t.get("name") for t in items(raw["tags"]) if (t.get("category") == "Demographic") is demographic)
    )


def _firms(raw: Raw, *, animates: bool) -> list[CompanyRef]:
    nodes = [part(edge.get("node")) for edge in items(part(raw["studios"]).get("edges"))]
    return [
        CompanyRef(name=node["name"], external_ids={"anilist": str(node["id"])}, sources=unique([node.get("siteUrl")]))
        for node in nodes
        if bool(node.get("isAnimationStudio")) is animates
    ]


def ids_of(raw: Raw) -> dict[str, str]:
    """The ids of a media object by platform; idMal may be missing."""
    ids = {"anilist": raw.get("id"), "mal": raw.get("idMal")}
    return {platform: str(value) for platform, value in ids.items() if value}


def name_of(title: object) -> str | None:
    """One name of a title object: romaji, else English, else native."""
    names = part(title)
    return words(names.get("romaji")) or words(names.get("english")) or words(names.get("native"))


def _related(raw: Raw, notes: Notes, *, anime: bool) -> dict[Relation, list[RelatedWork]]:
    found: dict[Relation, list[RelatedWork]] = {}
    for edge in items(part(raw["relations"]).get("edges")):
        node = part(edge.get("node"))
        name = name_of(node.get("title"))
        relation = enum_of(notes, "relation", RELATION, edge.get("relationType"), Relation.OTHER) or Relation.OTHER
        if name is None or (node.get("type") == "ANIME") is not anime:
            continue
        work = RelatedWork(
            **only(
                title=name,
                type=words(node.get("format")),
                external_ids=ids_of(node),
                sources=unique([node.get("siteUrl")]),
                material=None if anime else MATERIAL.get(str(node.get("format"))),
            )
        )
        found.setdefault(relation, []).append(work)
    return found


def _images(raw: Raw, _: Notes) -> Images | None:
    covers = unique([part(raw.get("coverImage")).get("extraLarge")])
    banners = unique([raw.get("bannerImage")])
    return Images(**only(covers=covers or None, banners=banners or None)) if covers or banners else None


def _trailers(raw: Raw, _: Notes) -> list[Trailer]:
    trailer = part(raw["trailer"])
    sites = {"youtube": "https://www.youtube.com/watch?v=", "dailymotion": "https://www.dailymotion.com/video/"}
    site, video = sites.get(str(trailer.get("site"))), words(trailer.get("id"))
    return [Trailer(url=site + video)] if site and video else []


def _links(raw: Raw, *, streaming: bool) -> list[tuple[str, str]]:
    rows = (
        (link.get("site"), link.get("url"), link.get("type"), link.get("isDisabled"))
        for link in items(raw["externalLinks"])
    )
    return [
        (str(site), str(url))
        for site, url, kind, disabled in rows
        if url and not disabled and (kind == "STREAMING") is streaming
    ]


def _broadcast(raw: Raw, _: Notes) -> Broadcast | None:
    at = unix_instant(part(raw["nextAiringEpisode"]).get("airingAt"))
    return Broadcast(next_episode_at=at) if at else None


def _minutes(raw: Raw, _: Notes) -> int | None:
    minutes = positive(raw["duration"])
    return minutes * 60 if minutes else None


ANIME: Final = (
    Rule("external_ids", ("id", "idMal"), lambda raw, _: ids_of(raw)),
    Rule("sources", ("siteUrl",), lambda raw, _: unique([raw["siteUrl"]])),
    Rule("title", ("title",), lambda raw, _: words(part(raw["title"]).get("romaji"))),
    Rule("title_english", ("title",), lambda raw, _: words(part(raw["title"]).get("english"))),
    Rule("title_japanese", ("title",), lambda raw, _: words(part(raw["title"]).get("native"))),
    Rule("synonyms", ("synonyms",), lambda raw, _: unique(raw["synonyms"] or [])),
    Rule("type", ("format",), lambda raw, notes: enum_of(notes, "type", TYPE, raw["format"], AnimeType.UNKNOWN)),
    Rule(
        "status",
        ("status",),
        lambda raw, notes: enum_of(notes, "status", STATUS, raw["status"], AnimeStatus.UNKNOWN),
    ),
    Rule("hiatus", ("status",), _hiatus),
    Rule(
        "source_material",
        ("source",),
        lambda raw, notes: enum_of(notes, "source", SOURCE, raw["source"], SourceMaterial.UNKNOWN),
    ),
    Rule("season", ("season",), lambda raw, notes: enum_of(notes, "season", SEASON, raw["season"], None)),
    Rule("year", ("seasonYear",), lambda raw, _: positive(raw["seasonYear"])),
    Rule("month", ("startDate",), _month),
    Rule("aired_dates", ("startDate", "endDate"), _aired),
    Rule("broadcast", ("nextAiringEpisode",), _broadcast),
    Rule("episode_count", ("episodes",), lambda raw, _: positive(raw["episodes"])),
    Rule("duration", ("duration",), _minutes),
    Rule("country_of_origin", ("countryOfOrigin",), lambda raw, _: words(raw["countryOfOrigin"])),
    Rule("nsfw", ("isAdult",), lambda raw, _: raw["isAdult"]),
    Rule("synopsis", ("description",), lambda raw, _: plain(raw["description"])),
    Rule("genres", ("genres",), lambda raw, _: unique(raw["genres"]) if raw["genres"] is not None else None),
    Rule("tags", ("tags",), lambda raw, _: _tags(raw, demographic=False) if raw["tags"] is not None else None),
    Rule("demographics", ("tags",), lambda raw, _: _tags(raw, demographic=True) or None),
    Rule("statistics", ("averageScore", "popularity", "favourites", "rankings"), _statistics),
    Rule("studios", ("studios",), lambda raw, _: _firms(raw, animates=True) if raw["studios"] else None),
    Rule("producers", ("studios",), lambda raw, _: _firms(raw, animates=False) if raw["studios"] else None),
    Rule("images", ("coverImage", "bannerImage"), _images),
    Rule("trailers", ("trailer",), _trailers),
    Rule(
        "streaming_sources",
        ("externalLinks",),
        lambda raw, _: (
            [StreamingSource(platform=site, url=url) for site, url in _links(raw, streaming=True)]
            if raw["externalLinks"] is not None
            else None
        ),
    ),
    Rule(
        "external_sources",
        ("externalLinks",),
        lambda raw, _: dict(_links(raw, streaming=False)) if raw["externalLinks"] is not None else None,
    ),
    Rule(
        "related_anime",
        ("relations",),
        lambda raw, notes: _related(raw, notes, anime=True) if raw["relations"] else None,
    ),
    Rule(
        "related_source_material",
        ("relations",),
        lambda raw, notes: _related(raw, notes, anime=False) if raw["relations"] else None,
    ),
)
