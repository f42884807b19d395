"""MyAnimeList API v2: REST with a client id. The platform is `mal`, the same as Jikan's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from contracts.errors import EchoraError, Outage
from contracts.model.anime import AnimeFields
from contracts.model.anime_parts import AiredDates, CompanyRef, Images, RelatedWork, Statistics
from contracts.model.enums import AnimeStatus, AnimeType, Rating, Relation, Season, SourceMaterial
from contracts.observation import Kind
from handlers.sources import faults
from handlers.sources.dates import MONTHS, partial_date, slot
from handlers.sources.notes import Notes
from handlers.sources.port import Ask, Call, Capability, Offer, Page, Raw, Reply, Said, Way
from handlers.sources.rules import Rule, gives, raw_names, read_fields, stated
from handlers.sources.values import count, enum_of, items, only, part, positive, score10, unique, words

STATUS: Final = MappingProxyType(
    {
        "currently_airing": AnimeStatus.ONGOING,
        "finished_airing": AnimeStatus.FINISHED,
        "not_yet_aired": AnimeStatus.UPCOMING,
    }
)
TYPE: Final = MappingProxyType(
    {
        name: AnimeType(name.upper())
        for name in ("tv", "tv_special", "movie", "ova", "ona", "special", "music", "pv", "cm", "unknown")
    }
)
RATING: Final = MappingProxyType(
    {
        "g": Rating.G,
        "pg": Rating.PG,
        "pg_13": Rating.PG13,
        "r": Rating.R,
        "r+": Rating.RPLUS,
        "rx": Rating.RX,
    }
)
NSFW: Final = MappingProxyType({"white": False, "gray": True, "black": True})
SEASON: Final = MappingProxyType({season.value.lower(): season for season in Season})
# mixed_media and web_novel are not in the service's documentation, but it sends them.
SOURCE: Final = MappingProxyType(
    {"4_koma_manga": SourceMaterial.KOMA_4}
    | {
        name: SourceMaterial(name.upper())
        for name in [
            "other",
            "original",
            "manga",
            "web_manga",
            "novel",
            "light_novel",
            "visual_novel",
            "game",
            "card_game",
            "book",
            "picture_book",
            "radio",
            "music",
            "mixed_media",
            "web_novel",
        ]
    }
)
# spin_off and character are not in the service's documentation, but it sends them.
RELATION: Final = MappingProxyType({relation.value.lower(): relation for relation in Relation})

NOT_USED: Final = MappingProxyType(
    {
        "main_picture.medium": "a smaller copy",
        "pictures[].medium": "a smaller copy",
        "created_at": "when the entry was made, not the anime",
        "updated_at": "misses changes of pictures, so nothing may follow from it",
        "my_list_status": "one user's list",
        "recommendations": "taste of users, not a fact of the anime",
        "statistics": "how far users have watched; num_list_users is read from the top level",
        "genres[].id": "genres are kept by name",
        "related_anime[].node.main_picture": "belongs to the other anime",
        "related_manga[].node.main_picture": "belongs to the manga",
        "related_anime[].relation_type_formatted": "relation_type says it",
        "related_manga[].relation_type_formatted": "relation_type says it",
    }
)


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
    Rule("genres", ("genres",), lambda raw, _: unique(row.get("name") for row in items(raw["genres"]))),
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


class Mal:
    """The adapter of the MyAnimeList API v2. The client id is a header, which the policy carries."""

    name = "mal"
    platform = "mal"
    capability: Capability = MappingProxyType(
        {
            Kind.ANIME: Offer(gives(ANIME), frozenset({Way.FULL, Way.SELECTIVE})),
            Kind.STATISTICS: Offer(frozenset({"statistics"}), frozenset({Way.FULL, Way.SELECTIVE})),
        }
    )

    def calls(self, ask: Ask) -> list[Call]:
        """One request per id, with the fields that are wanted: the service gives almost nothing by itself."""
        wanted = frozenset({"statistics"}) if ask.kind is Kind.STATISTICS else ask.fields
        fields = ",".join(raw_names(ANIME, wanted))
        return [Call(f"/anime/{external_id}", (external_id,), (("fields", fields),)) for external_id in ask.ids]

    def page(self, ask: Ask, call: Call, reply: Reply) -> Page:
        """The body is the item."""
        return Page({call.ids[0]: reply.data})

    def fault(self, reply: Reply) -> EchoraError | None:
        """Errors are {message, error}. 403 means that the service suspects abuse: it is shut to us for a while."""
        body = part(reply.data)
        if reply.status == 200 and "id" in body:
            return None
        detail = f"{words(body.get('message')) or 'no message'} ({words(body.get('error')) or 'no code'})"
        if reply.status == 403:
            return Outage(self.name, f"the service answered 403: {detail}")
        return faults.by_status(self.name, reply.status, detail)

    def said(self, ask: Ask, external_id: str, item: Raw, notes: Notes, now: datetime) -> Said:
        """What a body means."""
        asked = frozenset({"statistics"}) if ask.kind is Kind.STATISTICS else ask.fields
        read = read_fields(item, ANIME, AnimeFields, asked, notes)
        ids: Mapping[str, str] = {"mal": external_id}
        return Said(
            anime=AnimeFields(**read.values), speaks_for=stated(read.values), errors=read.errors, external_ids=ids
        )
