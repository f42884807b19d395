"""Jikan: the body of an anime to canonical values."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from contracts.model.anime_parts import (
    AiredDates,
    CompanyRef,
    Images,
    RelatedWork,
    Statistics,
    StreamingSource,
    Theme,
    ThemeSong,
    Trailer,
)
from contracts.model.enums import AnimeStatus, AnimeType, Rating, Relation, SourceMaterial
from handlers.sources.dates import MONTHS, partial_date, slot
from handlers.sources.notes import Notes
from handlers.sources.port import Raw
from handlers.sources.rules import Rule
from handlers.sources.tables.jikan import RATING, RELATION, SEASON, SOURCE, STATUS, TYPE
from handlers.sources.values import count, enum_of, items, only, part, positive, score10, unique, words

_DURATION = re.compile(r"(?:(\d+)\s*hr)?\s*(?:(\d+)\s*min)?\s*(?:(\d+)\s*sec)?")
_SONG = re.compile(r'^(?:\d+:\s*)?"(?P<title>.+?)"(?:\s+by\s+(?P<artist>.+?))?(?:\s+\((?P<episodes>eps?[^)]*)\))?$')


def duration_s(text: object) -> int | None:
    """Seconds of "23 min per ep", "1 hr 52 min" or "45 sec"; "Unknown" is none."""
    match = _DURATION.match(text.strip()) if isinstance(text, str) else None
    if match is None:
        return None
    hours, minutes, seconds = (int(number or 0) for number in match.groups())
    return hours * 3600 + minutes * 60 + seconds or None


def _printed_month(raw: Raw) -> str | None:
    # A year alone is printed as January 1 in aired.prop; only aired.string tells "2023" from "Jan 2023".
    printed = words(part(raw.get("aired")).get("string")) or ""
    return next((month for month in MONTHS if printed.startswith(month[:3])), None)


def _aired(raw: Raw, _: Notes) -> AiredDates | None:
    prop = part(part(raw.get("aired")).get("prop"))
    first, last = (_day(part(prop.get(end))) for end in ("from", "to"))
    return AiredDates(**only(aired_from=first, aired_to=last)) if first or last else None


def _day(prop: Raw) -> datetime | None:
    year, month, day = prop.get("year"), prop.get("month"), prop.get("day")
    return partial_date(f"{year:04d}-{month or 1:02d}-{day or 1:02d}") if isinstance(year, int) else None


def _firms(raw: Raw, name: str) -> list[CompanyRef]:
    return [
        CompanyRef(name=str(firm["name"]), external_ids={"mal": str(firm["mal_id"])}, sources=unique([firm.get("url")]))
        for firm in items(raw.get(name))
    ]


def _related(raw: Raw, notes: Notes, *, anime: bool) -> dict[Relation, list[RelatedWork]]:
    found: dict[Relation, list[RelatedWork]] = {}
    for group in items(raw.get("relations")):
        name = str(group.get("relation")).lower().replace("-", " ")
        relation = enum_of(notes, "relation", RELATION, name, Relation.OTHER) or Relation.OTHER
        for entry in items(group.get("entry")):
            if (entry.get("type") == "anime") is anime:
                found.setdefault(relation, []).append(
                    RelatedWork(
                        title=str(entry.get("name")),
                        type=words(entry.get("type")),
                        external_ids={"mal": str(entry["mal_id"])},
                        sources=unique([entry.get("url")]),
                    )
                )
    return found


def _song(text: str) -> ThemeSong:
    match = _SONG.match(text.strip())
    if match is None:
        return ThemeSong(title=text.strip())
    return ThemeSong(**only(title=match["title"], artist=match["artist"], episodes=match["episodes"]))


def _songs(raw: Raw, name: str) -> list[ThemeSong]:
    return [_song(text) for text in unique(part(raw.get("theme")).get(name) or [])]


def _synonyms(raw: Raw, _: Notes) -> list[str]:
    main = {raw.get("title"), raw.get("title_english"), raw.get("title_japanese")}
    others = [entry.get("title") for entry in items(raw.get("titles"))]
    return [title for title in unique([*(raw.get("title_synonyms") or []), *others]) if title not in main]


def _images(raw: Raw, _: Notes) -> Images | None:
    jpg = part(part(raw.get("images")).get("jpg"))
    covers = unique([jpg.get("large_image_url"), jpg.get("image_url")])[:1]
    return Images(covers=covers) if covers else None


def _trailers(raw: Raw, _: Notes) -> list[Trailer]:
    trailer = part(raw.get("trailer"))
    return [Trailer(url=url) for url in unique([trailer.get("url"), trailer.get("embed_url")])[:1]]


def _statistics(raw: Raw, _: Notes) -> dict[str, Statistics] | None:
    figures = only(
        score=score10(raw.get("score")),
        scored_by=count(raw.get("scored_by")),
        rank=positive(raw.get("rank")),
        popularity_rank=positive(raw.get("popularity")),
        members=count(raw.get("members")),
        favorites=count(raw.get("favorites")),
    )
    return {"mal": Statistics(**figures)} if figures else None


def _names(raw: Raw, *lists: str) -> list[str]:
    return unique(entry.get("name") for name in lists for entry in items(raw.get(name)))


def _pages(raw: Raw, name: str) -> list[tuple[str, str]]:
    pairs = ((words(entry.get("name")), words(entry.get("url"))) for entry in items(raw.get(name)))
    return [(label, url) for label, url in pairs if label and url]


ANIME: Final = (
    Rule("external_ids", ("mal_id",), lambda raw, _: {"mal": str(raw["mal_id"])}),
    Rule("sources", ("url",), lambda raw, _: unique([raw["url"]])),
    Rule("title", ("title",), lambda raw, _: words(raw["title"])),
    Rule("title_english", ("title_english",), lambda raw, _: words(raw["title_english"])),
    Rule("title_japanese", ("title_japanese",), lambda raw, _: words(raw["title_japanese"])),
    Rule("synonyms", ("title_synonyms", "titles", "title", "title_english", "title_japanese"), _synonyms),
    Rule("type", ("type",), lambda raw, notes: enum_of(notes, "type", TYPE, raw["type"], AnimeType.UNKNOWN)),
    Rule(
        "status",
        ("status",),
        lambda raw, notes: enum_of(notes, "status", STATUS, raw["status"], AnimeStatus.UNKNOWN),
    ),
    Rule(
        "source_material",
        ("source",),
        lambda raw, notes: enum_of(notes, "source", SOURCE, raw["source"], SourceMaterial.UNKNOWN),
    ),
    Rule(
        "rating",
        ("rating",),
        lambda raw, notes: enum_of(
            notes, "rating", RATING, str(raw["rating"] or "").split(" - ", maxsplit=1)[0], Rating.UNKNOWN
        ),
    ),
    Rule("season", ("season",), lambda raw, notes: enum_of(notes, "season", SEASON, raw["season"], None)),
    Rule("year", ("year",), lambda raw, _: positive(raw["year"])),
    Rule("month", ("aired",), lambda raw, _: _printed_month(raw)),
    Rule("aired_dates", ("aired",), _aired),
    Rule(
        "broadcast",
        ("broadcast",),
        lambda raw, _: slot(
            part(raw["broadcast"]).get("day"),
            part(raw["broadcast"]).get("time"),
            part(raw["broadcast"]).get("timezone") or "Asia/Tokyo",
        ),
    ),
    Rule("episode_count", ("episodes",), lambda raw, _: positive(raw["episodes"])),
    Rule("duration", ("duration",), lambda raw, _: duration_s(raw["duration"])),
    Rule("synopsis", ("synopsis",), lambda raw, _: words(raw["synopsis"])),
    Rule("background", ("background",), lambda raw, _: words(raw["background"])),
    Rule("statistics", ("score", "scored_by", "rank", "popularity", "members", "favorites"), _statistics),
    Rule("genres", ("genres", "explicit_genres"), lambda raw, _: _names(raw, "genres", "explicit_genres")),
    Rule("themes", ("themes",), lambda raw, _: [Theme(name=name) for name in _names(raw, "themes")]),
    Rule("demographics", ("demographics",), lambda raw, _: _names(raw, "demographics")),
    Rule("studios", ("studios",), lambda raw, _: _firms(raw, "studios")),
    Rule("producers", ("producers",), lambda raw, _: _firms(raw, "producers")),
    Rule("licensors", ("licensors",), lambda raw, _: _firms(raw, "licensors")),
    Rule("images", ("images",), _images),
    Rule("trailers", ("trailer",), _trailers),
    Rule("related_anime", ("relations",), lambda raw, notes: _related(raw, notes, anime=True)),
    Rule("related_source_material", ("relations",), lambda raw, notes: _related(raw, notes, anime=False)),
    Rule("opening_themes", ("theme",), lambda raw, _: _songs(raw, "openings")),
    Rule("ending_themes", ("theme",), lambda raw, _: _songs(raw, "endings")),
    Rule("external_sources", ("external",), lambda raw, _: dict(_pages(raw, "external"))),
    Rule(
        "streaming_sources",
        ("streaming",),
        lambda raw, _: [StreamingSource(platform=name, url=url) for name, url in _pages(raw, "streaming")],
    ),
)
