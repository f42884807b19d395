"""MyAnimeList: the body of an anime to canonical values."""

from __future__ import annotations

from typing import Final

from contracts.model.anime_parts import (
    AiredDates,
    CompanyRef,
    Images,
    RelatedWork,
    Statistics,
    Theme,
)
from contracts.model.enums import AnimeStatus, AnimeType, Rating, Relation, SourceMaterial
from handlers.sources.dates import MONTHS, partial_date, slot
from handlers.sources.notes import Notes
from handlers.sources.port import Raw
from handlers.sources.rules import Rule
from handlers.sources.tables.mal import DEMOGRAPHICS, GENRES, NSFW, RATING, RELATION, SEASON, SOURCE, STATUS, TYPE
from handlers.sources.values import count, enum_of, items, only, part, positive, score10, unique, words


def _titles(raw: Raw, name: str) -> str | None:
    return words(part(raw["alternative_titles"]).get(name))


def _aired(raw: Raw, _: Notes) -> AiredDates | None:
    first, last = partial_date(raw.get("start_date")), partial_date(raw.get("end_date"))
    return AiredDates(**only(aired_from=first, aired_to=last)) if first or last else None


def _month(raw: Raw, _: Notes) -> str | None:
    printed = str(raw["start_date"] or "").split("-")
    month = int(printed[1]) if len(printed) > 1 else 0
    return MONTHS[month - 1] if 1 <= month <= 12 else None


def _statistics(raw: Raw, _: Notes) -> dict[str, Statistics] | None:
    figures = only(
        score=score10(raw.get("mean")),
        scored_by=count(raw.get("num_scoring_users")),
        rank=positive(raw.get("rank")),
        popularity_rank=positive(raw.get("popularity")),
        members=count(raw.get("num_list_users")),
    )
    return {"mal": Statistics(**figures)} if figures else None


def _labels(raw: Raw) -> list[str]:
    return unique(row.get("name") for row in items(raw["genres"]))


def _images(raw: Raw, _: Notes) -> Images | None:
    pictures = [part(raw.get("main_picture")), *items(raw.get("pictures"))]
    covers = unique(picture.get("large") for picture in pictures)
    return Images(covers=covers) if covers else None


def _related(raw: Raw, notes: Notes, name: str) -> dict[Relation, list[RelatedWork]]:
    found: dict[Relation, list[RelatedWork]] = {}
    for row in items(raw[name]):
        relation = enum_of(notes, "relation", RELATION, row.get("relation_type"), Relation.OTHER) or Relation.OTHER
        node = part(row.get("node"))
        work = RelatedWork(title=str(node["title"]), external_ids={"mal": str(node["id"])})
        found.setdefault(relation, []).append(work)
    return found


ANIME: Final = (
    Rule("external_ids", ("id",), lambda raw, _: {"mal": str(raw["id"])}),
    Rule("title", ("title",), lambda raw, _: words(raw["title"])),
    Rule("title_english", ("alternative_titles",), lambda raw, _: _titles(raw, "en")),
    Rule("title_japanese", ("alternative_titles",), lambda raw, _: _titles(raw, "ja")),
    Rule(
        "synonyms",
        ("alternative_titles",),
        lambda raw, _: unique(part(raw["alternative_titles"]).get("synonyms") or []),
    ),
    Rule(
        "type", ("media_type",), lambda raw, notes: enum_of(notes, "type", TYPE, raw["media_type"], AnimeType.UNKNOWN)
    ),
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
    Rule("rating", ("rating",), lambda raw, notes: enum_of(notes, "rating", RATING, raw["rating"], Rating.UNKNOWN)),
    Rule("nsfw", ("nsfw",), lambda raw, _: NSFW.get(str(raw["nsfw"]))),
    Rule(
        "season",
        ("start_season",),
        lambda raw, notes: enum_of(notes, "season", SEASON, part(raw["start_season"]).get("season"), None),
    ),
    Rule("year", ("start_season",), lambda raw, _: positive(part(raw["start_season"]).get("year"))),
    Rule("month", ("start_date",), _month),
    Rule("aired_dates", ("start_date", "end_date"), _aired),
    Rule(
        "broadcast",
        ("broadcast",),
        lambda raw, _: slot(part(raw["broadcast"]).get("day_of_the_week"), part(raw["broadcast"]).get("start_time")),
    ),
    Rule("episode_count", ("num_episodes",), lambda raw, _: positive(raw["num_episodes"])),
    Rule("duration", ("average_episode_duration",), lambda raw, _: positive(raw["average_episode_duration"])),
    Rule("synopsis", ("synopsis",), lambda raw, _: words(raw["synopsis"])),
    Rule("background", ("background",), lambda raw, _: words(raw["background"])),
    Rule("genres", ("genres",), lambda raw, _: [name for name in _labels(raw) if name in GENRES]),
    Rule("demographics", ("genres",), lambda raw, _: [name for name in _labels(raw) if name in DEMOGRAPHICS]),
    Rule(
        "themes",
        ("genres",),
        lambda raw, _: [Theme(name=name) for name in _labels(raw) if name not in GENRES | DEMOGRAPHICS],
    ),
    Rule("statistics", ("mean", "rank", "popularity", "num_list_users", "num_scoring_users"), _statistics),
    Rule(
        "studios",
        ("studios",),
        lambda raw, _: [
            CompanyRef(name=row["name"], external_ids={"mal": str(row["id"])}) for row in items(raw["studios"])
        ],
    ),
    Rule("images", ("main_picture", "pictures"), _images),
    Rule("related_anime", ("related_anime",), lambda raw, notes: _related(raw, notes, "related_anime")),
    Rule("related_source_material", ("related_manga",), lambda raw, notes: _related(raw, notes, "related_manga")),
)
