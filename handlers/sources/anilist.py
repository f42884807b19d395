"""AniList: GraphQL, one POST endpoint, fifty anime per request. The platform is `anilist`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from contracts.errors import EchoraError, Outage, Transient
from contracts.events import EntityType
from contracts.model.anime import AnimeFields
from contracts.model.anime_parts import (
    AiredDates,
    Broadcast,
    CompanyRef,
    ContextualRank,
    Hiatus,
    Images,
    RelatedWork,
    StaffMember,
    Statistics,
    StreamingSource,
    Trailer,
)
from contracts.model.character import Appearance, CharacterFields, VoiceActor
from contracts.model.enums import AnimeStatus, AnimeType, CharacterRole, Relation, Season, SourceMaterial
from contracts.observation import CHARACTERS, EPISODES, LATEST_AIRED, NEXT_AIR, Kind, ObservedCharacter, ObservedEpisode
from handlers.sources import faults
from handlers.sources.dates import MONTHS, tokyo_day, unix_instant
from handlers.sources.notes import Notes
from handlers.sources.port import Ask, Call, Capability, Offer, Page, Raw, Reply, Said, Way
from handlers.sources.rules import Rule, gives, raw_names, read_fields, read_rows, stated
from handlers.sources.values import count, enum_of, items, only, part, plain, positive, score10, unique, words

STATUS: Final = MappingProxyType(
    {
        "RELEASING": AnimeStatus.ONGOING,
        "HIATUS": AnimeStatus.ONGOING,
        "FINISHED": AnimeStatus.FINISHED,
        "NOT_YET_RELEASED": AnimeStatus.UPCOMING,
        "CANCELLED": AnimeStatus.CANCELLED,
    }
)
TYPE: Final = MappingProxyType(
    {name: AnimeType(name) for name in ["TV", "TV_SHORT", "MOVIE", "OVA", "ONA", "SPECIAL", "MUSIC"]}
)
SEASON: Final = MappingProxyType({season.value: season for season in Season})
SOURCE: Final = MappingProxyType(
    {
        "VIDEO_GAME": SourceMaterial.GAME,
        "MULTIMEDIA_PROJECT": SourceMaterial.MIXED_MEDIA,
        "ANIME": SourceMaterial.OTHER,
    }
    | {
        name: SourceMaterial(name)
        for name in [
            "MANGA",
            "LIGHT_NOVEL",
            "VISUAL_NOVEL",
            "ORIGINAL",
            "NOVEL",
            "WEB_NOVEL",
            "OTHER",
            "LIVE_ACTION",
            "COMIC",
            "PICTURE_BOOK",
            "DOUJINSHI",
            "GAME",
        ]
    }
)
# A compilation sums up what it contains, so the pair COMPILATION and CONTAINS reads as SUMMARY and FULL_STORY.
RELATION: Final = MappingProxyType(
    {
        "PARENT": Relation.PARENT_STORY,
        "ALTERNATIVE": Relation.ALTERNATIVE_VERSION,
        "SOURCE": Relation.ADAPTATION,
        "COMPILATION": Relation.SUMMARY,
        "CONTAINS": Relation.FULL_STORY,
    }
    | {relation.value: relation for relation in Relation}
)
MATERIAL: Final = MappingProxyType(
    {"MANGA": SourceMaterial.MANGA, "NOVEL": SourceMaterial.NOVEL, "ONE_SHOT": SourceMaterial.ONE_SHOT}
)
ROLE: Final = MappingProxyType({role.value: role for role in CharacterRole})

NOT_USED: Final = MappingProxyType(
    {
        "type": "always ANIME: requests ask for nothing else",
        "chapters": "of manga",
        "volumes": "of manga",
        "isLicensed": "says nothing that the licensors do not",
        "hashtag": "not in the record",
        "updatedAt": "changes nearly daily without a change of anything we keep",
        "meanScore": "the unweighted twin of averageScore",
        "isLocked": "about the entry, not the anime",
        "trending": "changes by the hour and means nothing later",
        "trailer.thumbnail": "derived from the trailer's id",
        "tags[].id": "tags are kept by name",
        "tags[].description": "the same for every anime",
        "tags[].rank": "drifts with votes",
        "tags[].isGeneralSpoiler": "about the tag, not the anime",
        "tags[].isMediaSpoiler": "not in the record",
        "tags[].isAdult": "isAdult of the anime says it",
        "tags[].userId": "who added the tag",
        "rankings[].id": "an internal id",
        "rankings[].context": "the other fields of the ranking say it",
        "externalLinks[].id": "an internal id",
        "externalLinks[].siteId": "an internal id",
        "externalLinks[].language": "not in the record",
        "externalLinks[].color": "decoration",
        "externalLinks[].icon": "decoration",
        "externalLinks[].notes": "free text of editors",
        "coverImage.large": "a smaller copy",
        "coverImage.medium": "a smaller copy",
        "coverImage.color": "decoration",
        "streamingEpisodes": "titles of one shop, without episode numbers",
        "nextAiringEpisode.id": "an internal id",
        "nextAiringEpisode.timeUntilAiring": "changes on every fetch; airingAt says it",
        "airingSchedule.nodes[].id": "an internal id",
        "airingSchedule.nodes[].timeUntilAiring": "changes on every fetch; airingAt says it",
        "recommendations": "taste of users, not a fact of the anime",
        "studios.edges[].isMain": "whether the firm animates tells studios from producers",
        "studios.edges[].node.favourites": "about the firm",
        "relations.edges[].node": "of the other work only its name, ids, format and page are kept",
        "characters.edges[].node.name.first": "name.full has it",
        "characters.edges[].node.name.middle": "name.full has it",
        "characters.edges[].node.name.last": "name.full has it",
        "characters.edges[].node.image.medium": "a smaller copy",
        "characters.edges[].voiceActors[].name.first": "name.full has it",
        "characters.edges[].voiceActors[].name.middle": "name.full has it",
        "characters.edges[].voiceActors[].name.last": "name.full has it",
        "characters.edges[].voiceActors[].name.alternative": "not in the record",
        "characters.edges[].voiceActors[].image.medium": "a smaller copy",
        "characters.edges[].voiceActors[].primaryOccupations": "about the person, not the character",
        "characters.edges[].voiceActors[].gender": "about the person, not the character",
        "characters.edges[].voiceActors[].dateOfDeath": "about the person, not the character",
        "characters.edges[].voiceActors[].age": "changes with every birthday; the birth date says it",
        "characters.edges[].voiceActors[].yearsActive": "about the person, not the character",
        "characters.edges[].voiceActors[].homeTown": "about the person, not the character",
        "characters.edges[].voiceActors[].favourites": "about the person, not the character",
        "staff.edges[].node.name.first": "name.full has it",
        "staff.edges[].node.name.middle": "name.full has it",
        "staff.edges[].node.name.last": "name.full has it",
        "staff.edges[].node.name.alternative": "not in the record",
        "staff.edges[].node.image.medium": "a smaller copy",
        "staff.edges[].node.description": "of staff only name, role and portrait are kept",
        "staff.edges[].node.primaryOccupations": "of staff only name, role and portrait are kept",
        "staff.edges[].node.gender": "of staff only name, role and portrait are kept",
        "staff.edges[].node.dateOfBirth": "of staff only name, role and portrait are kept",
        "staff.edges[].node.dateOfDeath": "of staff only name, role and portrait are kept",
        "staff.edges[].node.age": "of staff only name, role and portrait are kept",
        "staff.edges[].node.yearsActive": "of staff only name, role and portrait are kept",
        "staff.edges[].node.homeTown": "of staff only name, role and portrait are kept",
        "staff.edges[].node.bloodType": "of staff only name, role and portrait are kept",
        "staff.edges[].node.siteUrl": "of staff only name, role and portrait are kept",
        "staff.edges[].node.favourites": "of staff only name, role and portrait are kept",
    }
)

_PERSON = "id name { full native } languageV2 image { large } siteUrl"
_CHARACTER = (
    "id name { full native alternative alternativeSpoiler } image { large } description gender "
    "dateOfBirth { year month day } age bloodType siteUrl favourites"
)
# What to ask for under each top-level name. Without the versions HIATUS and the newer source values never come.
SELECT: Final = MappingProxyType(
    {
        "title": "title { romaji english native }",
        "status": "status(version: 2)",
        "source": "source(version: 3)",
        "startDate": "startDate { year month day }",
        "endDate": "endDate { year month day }",
        "trailer": "trailer { id site }",
        "coverImage": "coverImage { extraLarge }",
        "tags": "tags { name category }",
        "rankings": "rankings { rank type format year season allTime }",
        "externalLinks": "externalLinks { url site type isDisabled }",
        "studios": "studios { edges { node { id name isAnimationStudio siteUrl } } }",
        "relations": "relations { edges { relationType(version: 2) "
        "node { id idMal type format siteUrl title { romaji english native } } } }",
        "nextAiringEpisode": "nextAiringEpisode { airingAt episode }",
        "airingSchedule": "airingSchedule(page: $page, perPage: 25) "
        "{ pageInfo { hasNextPage } nodes { airingAt episode } }",
        "characters": "characters(page: $page, perPage: 25, sort: [ROLE, ID]) { pageInfo { hasNextPage } "
        f"edges {{ role node {{ {_CHARACTER} }} "
        f"voiceActors {{ {_PERSON} description dateOfBirth {{ year month day }} bloodType }} }} }}",
        "staff": "staff(page: $page, perPage: 25, sort: [RELEVANCE, ID]) "
        f"{{ pageInfo {{ hasNextPage }} edges {{ role node {{ {_PERSON} }} }} }}",
    }
)
_PAGED: Final = ("airingSchedule", "characters", "staff")
_SPOILER = re.compile(r"~!(.+?)!~", re.DOTALL)
_PAGE_SIZE = 50


def _fuzzy(raw: object) -> datetime | None:
    day = part(raw)
    return tokyo_day(day.get("year"), day.get("month"), day.get("day"))


def _printed(raw: object) -> str | None:
    # A birthday mostly lacks its year; it is printed as far as it is known: 1995-12-02, --12-02.
    day = part(raw)
    if day.get("month") is None and day.get("year") is None:
        return None
    year = f"{day['year']:04d}" if day.get("year") else "-"
    rest = "".join(f"-{day[name]:02d}" for name in ("month", "day") if day.get(name))
    return year + rest


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


def _ids(raw: Raw) -> dict[str, str]:
    ids = {"anilist": raw.get("id"), "mal": raw.get("idMal")}
    return {platform: str(value) for platform, value in ids.items() if value}


def _name(title: object) -> str | None:
    names = part(title)
    return words(names.get("romaji")) or words(names.get("english")) or words(names.get("native"))


def _related(raw: Raw, notes: Notes, *, anime: bool) -> dict[Relation, list[RelatedWork]]:
    found: dict[Relation, list[RelatedWork]] = {}
    for edge in items(part(raw["relations"]).get("edges")):
        node = part(edge.get("node"))
        name = _name(node.get("title"))
        relation = enum_of(notes, "relation", RELATION, edge.get("relationType"), Relation.OTHER) or Relation.OTHER
        if name is None or (node.get("type") == "ANIME") is not anime:
            continue
        work = RelatedWork(
            **only(
                title=name,
                type=words(node.get("format")),
                external_ids=_ids(node),
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
    return [
        (str(link["site"]), str(link["url"]))
        for link in items(raw["externalLinks"])
        if link.get("url") and not link.get("isDisabled") and (link.get("type") == "STREAMING") is streaming
    ]


def _broadcast(raw: Raw, _: Notes) -> Broadcast | None:
    at = unix_instant(part(raw["nextAiringEpisode"]).get("airingAt"))
    return Broadcast(next_episode_at=at) if at else None


def _minutes(raw: Raw, _: Notes) -> int | None:
    minutes = positive(raw["duration"])
    return minutes * 60 if minutes else None


ANIME: Final = (
    Rule("external_ids", ("id", "idMal"), lambda raw, _: _ids(raw)),
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
_SLOT: Final = frozenset({"broadcast", "status", "hiatus", "episode_count"})


def _portrait(raw: Raw) -> str | None:
    return words(part(raw.get("image")).get("large"))


def _voice(raw: Raw) -> VoiceActor:
    name = part(raw.get("name"))
    return VoiceActor(
        **only(
            id=str(raw["id"]),
            name=words(name.get("full")),
            native_name=words(name.get("native")),
            language=words(raw.get("languageV2")),
            image=_portrait(raw),
            biography=plain(raw.get("description")),
            birth_date=_printed(raw.get("dateOfBirth")),
            blood_type=words(raw.get("bloodType")),
            sources=unique([raw.get("siteUrl")]),
        )
    )


def _attributes(raw: Raw, _: Notes) -> dict[str, str] | None:
    facts = only(
        gender=words(raw.get("gender")),
        age=words(raw.get("age")),
        blood_type=words(raw.get("bloodType")),
        birthday=_printed(raw.get("dateOfBirth")),
    )
    return facts or None


def _spoilers(raw: Raw, _: Notes) -> dict[str, str] | None:
    hidden = _SPOILER.findall(str(raw.get("description") or ""))
    names = unique(part(raw.get("name")).get("alternativeSpoiler") or [])
    return only(description=plain("\n".join(hidden)), names=words(", ".join(names))) or None


def _appearances(raw: Raw, notes: Notes, *, anime: bool) -> list[Appearance]:
    return [
        Appearance(
            title=_name(part(edge.get("node")).get("title")) or "",
            role=enum_of(notes, "role", ROLE, edge.get("characterRole"), CharacterRole.UNKNOWN),
            external_ids=_ids(part(edge.get("node"))),
        )
        for edge in items(part(raw["media"]).get("edges"))
        if (part(edge.get("node")).get("type") == "ANIME") is anime
    ]


CHARACTER: Final = (
    Rule("external_ids", ("id",), lambda raw, _: {"anilist": str(raw["id"])}),
    Rule("sources", ("siteUrl",), lambda raw, _: unique([raw["siteUrl"]])),
    Rule("name", ("name",), lambda raw, _: words(part(raw["name"]).get("full"))),
    Rule("name_native", ("name",), lambda raw, _: words(part(raw["name"]).get("native"))),
    Rule("name_variations", ("name",), lambda raw, _: unique(part(raw["name"]).get("alternative") or [])),
    Rule("description", ("description",), lambda raw, _: plain(_SPOILER.sub("", str(raw["description"] or "")))),
    Rule("spoilers", ("description", "name"), _spoilers),
    Rule("attributes", ("gender", "age", "bloodType", "dateOfBirth"), _attributes),
    Rule("favorites", ("favourites",), lambda raw, _: count(raw["favourites"])),
    Rule("images", ("image",), lambda raw, _: unique([_portrait(raw)])),
    Rule("animeography", ("media",), lambda raw, notes: _appearances(raw, notes, anime=True)),
    Rule("mangaography", ("media",), lambda raw, notes: _appearances(raw, notes, anime=False)),
)


def cast_member(raw: Raw, notes: Notes) -> ObservedCharacter:
    """One edge of a cast: the character, its role in this anime, and its voices."""
    read = read_fields(part(raw.get("node")), CHARACTER, CharacterFields, None, notes)
    role = enum_of(notes, "role", ROLE, raw.get("role"), CharacterRole.UNKNOWN)
    voices = [_voice(person) for person in items(raw.get("voiceActors"))]
    return ObservedCharacter(**{**read.values, "role": role, "voice_actors": voices})


def staff(raw: Raw, _: Notes) -> dict[str, list[StaffMember]] | None:
    """The staff of an anime by role."""
    if not isinstance(raw["staff"], dict):
        return None
    found: dict[str, list[StaffMember]] = {}
    for edge in items(raw["staff"].get("edges")):
        person, role = part(edge.get("node")), words(edge.get("role")) or "Staff"
        member = only(
            name=words(part(person.get("name")).get("full")),
            native_name=words(part(person.get("name")).get("native")),
            role=role,
            language=words(person.get("languageV2")),
            image=_portrait(person),
            external_ids={"anilist": str(person["id"])},
        )
        found.setdefault(role, []).append(StaffMember(**member))
    return found


STAFF: Final = (Rule("staff_data", ("staff",), staff),)
_KIND_NAMES: Final = MappingProxyType(
    {
        Kind.AIRING: ("status", "episodes", "nextAiringEpisode"),
        Kind.EPISODES: ("airingSchedule",),
        Kind.CHARACTERS: ("characters",),
        Kind.STAFF: ("staff",),
    }
)


def _episode(raw: Raw) -> ObservedEpisode:
    return ObservedEpisode(**only(episode_number=raw["episode"], aired=unix_instant(raw.get("airingAt"))))


def media_query(names: Iterable[str]) -> str:
    """The GraphQL text for a page of anime by AniList id, with the given top-level names."""
    chosen = [name for name in names if name not in ("id", "idMal")]
    fields = " ".join(["id", "idMal", *(SELECT.get(name, name) for name in chosen)])
    variables = "$ids: [Int], $perPage: Int" + (", $page: Int" if any(name in _PAGED for name in chosen) else "")
    return f"query ({variables}) {{ Page(perPage: $perPage) {{ media(type: ANIME, id_in: $ids) {{ {fields} }} }} }}"


_CHARACTERS_QUERY = (
    f"query ($ids: [Int], $perPage: Int) {{ Page(perPage: $perPage) {{ characters(id_in: $ids) {{ {_CHARACTER} "
    "media(perPage: 25) { edges { characterRole node { id idMal type title { romaji english native } } } } } } }"
)
_WINDOW_QUERY = (
    "query ($page: Int, $perPage: Int, $after: Int, $before: Int) { Page(page: $page, perPage: $perPage) { "
    "pageInfo { hasNextPage } airingSchedules(airingAt_greater: $after, airingAt_lesser: $before, sort: [TIME]) "
    "{ airingAt episode mediaId media { id idMal } } } }"
)
_CHANGED_QUERY = (
    "query ($page: Int, $perPage: Int) {{ Page(page: $page, perPage: $perPage) {{ pageInfo {{ hasNextPage }} "
    "media(type: ANIME, sort: [UPDATED_AT_DESC]) {{ updatedAt {fields} }} }} }}"
)


class AniList:
    """The adapter of AniList."""

    name = "anilist"
    platform = "anilist"
    capability: Capability = MappingProxyType(
        {
            Kind.ANIME: Offer(gives(ANIME), frozenset(Way), batch=_PAGE_SIZE, pages_max=40),
            Kind.STATISTICS: Offer(frozenset({"statistics"}), frozenset({Way.FULL, Way.BATCHED}), batch=_PAGE_SIZE),
            Kind.AIRING: Offer(
                _SLOT | {NEXT_AIR, LATEST_AIRED},
                frozenset({Way.FULL, Way.BATCHED, Way.DIFFERENTIAL}),
                batch=_PAGE_SIZE,
                pages_max=40,
            ),
            Kind.EPISODES: Offer(
                frozenset({EPISODES, LATEST_AIRED}),
                frozenset({Way.FULL, Way.BATCHED}),
                batch=_PAGE_SIZE,
                pages_mean=2.0,
                pages_max=60,
            ),
            Kind.CHARACTERS: Offer(
                frozenset({CHARACTERS}), frozenset({Way.FULL, Way.BATCHED}), batch=10, pages_mean=2.0, pages_max=40
            ),
            Kind.STAFF: Offer(
                frozenset({"staff_data"}), frozenset({Way.FULL, Way.BATCHED}), batch=25, pages_mean=2.0, pages_max=20
            ),
            Kind.CHARACTER: Offer(gives(CHARACTER), frozenset({Way.FULL, Way.BATCHED}), batch=_PAGE_SIZE),
        }
    )

    def calls(self, ask: Ask) -> list[Call]:
        """One POST per batch of ids; without ids, the changes or the air times since a time."""
        if not ask.ids and ask.since is not None:
            return [self._listing(ask, ask.since, 1)]
        size = self.capability[ask.kind].batch
        batches = [ask.ids[start : start + size] for start in range(0, len(ask.ids), size)]
        return [self._batch(ask, ids, 1) for ids in batches]

    def _names(self, ask: Ask) -> tuple[str, ...]:
        if ask.kind is Kind.STATISTICS:
            return raw_names(ANIME, frozenset({"statistics"}))
        return _KIND_NAMES.get(ask.kind) or raw_names(ANIME, ask.fields)

    def _batch(self, ask: Ask, ids: tuple[str, ...], page: int) -> Call:
        query = _CHARACTERS_QUERY if ask.kind is Kind.CHARACTER else media_query(self._names(ask))
        variables: dict[str, Any] = {"ids": [int(external_id) for external_id in ids], "perPage": len(ids)}
        if "$page" in query:
            variables["page"] = page
        return Call("", ids, body={"query": query, "variables": variables}, page=page)

    def _listing(self, ask: Ask, since: datetime, page: int) -> Call:
        variables: dict[str, Any] = {"page": page, "perPage": _PAGE_SIZE}
        if ask.kind is Kind.AIRING:
            variables |= {"after": int(since.timestamp())}
            variables |= {"before": int(ask.until.timestamp())} if ask.until else {}
            return Call("", body={"query": _WINDOW_QUERY, "variables": variables}, page=page)
        names = dict.fromkeys(["id", "idMal", *self._names(ask)])
        fields = " ".join(SELECT.get(name, name) for name in names)
        return Call("", body={"query": _CHANGED_QUERY.format(fields=fields), "variables": variables}, page=page)

    def page(self, ask: Ask, call: Call, reply: Reply) -> Page:
        """Items by id. Batches follow their nested lists; listings follow hasNextPage only, as totals lie."""
        body = part(part(reply.data["data"]).get("Page"))
        if "airingSchedules" in body:
            return self._window_page(ask, call, body)
        rows = items(body.get("characters" if ask.kind is Kind.CHARACTER else "media"))
        errors = self._row_errors(reply.data, rows)
        if call.ids:
            found = {str(row["id"]): row for row in rows}
            unread = [external_id for external_id, row in found.items() if _has_more(row)]
            more = (self._batch(ask, tuple(unread), call.page + 1),) if unread else ()
            return Page(found, more, errors)
        since = ask.since.timestamp() if ask.since else 0
        recent = {str(row["id"]): row for row in rows if (row.get("updatedAt") or 0) >= since}
        following = bool(part(body.get("pageInfo")).get("hasNextPage")) and len(recent) == len(rows)
        return Page(recent, (self._listing(ask, ask.since, call.page + 1),) if following and ask.since else (), errors)

    def _window_page(self, ask: Ask, call: Call, body: Raw) -> Page:
        found: dict[str, dict[str, Any]] = {}
        for row in items(body.get("airingSchedules")):
            media = part(row.get("media"))
            item = found.setdefault(
                str(row["mediaId"]), {"id": row["mediaId"], "idMal": media.get("idMal"), "slots": []}
            )
            item["slots"].append({"episode": row.get("episode"), "airingAt": row.get("airingAt")})
        following = bool(part(body.get("pageInfo")).get("hasNextPage")) and ask.since is not None
        return Page(found, (self._listing(ask, ask.since, call.page + 1),) if following and ask.since else ())

    def _row_errors(self, data: Raw, rows: list[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
        # An error's path is [Page, media, INDEX, NAME, …]; one without a path leaves its null fields open anyway.
        found: dict[str, dict[str, str]] = {}
        for error in items(data.get("errors")):
            path = error.get("path")
            if isinstance(path, list) and len(path) > 3 and isinstance(path[2], int) and path[2] < len(rows):
                names = [rule.field for rule in (*ANIME, *STAFF) if path[3] in rule.reads] or [str(path[3])]
                reason = words(error.get("message")) or "the source gave an error without a message"
                found.setdefault(str(rows[path[2]].get("id")), {}).update(dict.fromkeys(names, reason))
        return found

    def fault(self, reply: Reply) -> EchoraError | None:
        """A reply with data is good even when parts of it carry errors; 403 means that the whole API is off."""
        data = part(reply.data).get("data")
        if reply.status == 200 and isinstance(data, dict) and isinstance(data.get("Page"), dict):
            return None
        errors = items(part(reply.data).get("errors"))
        first = errors[0] if errors else {}
        message = words(first.get("message")) or "no message"
        status = first.get("status") if reply.status == 200 else reply.status
        if status == 403:
            return Outage(self.name, f"the service answered 403: {message}")
        if not isinstance(status, int):
            return Transient(f"{self.name} answered {reply.status} without data: {message}")
        return faults.by_status(self.name, status, message)

    def said(self, ask: Ask, external_id: str, item: Raw, notes: Notes, now: datetime) -> Said:
        """What an item means, by kind."""
        ids = _ids(item)
        if "slots" in item:
            return self._slots(item, ids, now)
        errors: dict[str, str] = {}
        match ask.kind:
            case Kind.EPISODES:
                schedule = part(item.get("airingSchedule"))
                rows = read_rows(EPISODES, items(schedule.get("nodes")), _episode, errors)
                return _said_episodes(rows, ids, errors, now) if "nodes" in schedule else Said(external_ids=ids)
            case Kind.CHARACTERS:
                edges = part(item.get("characters")).get("edges")
                cast = read_rows(CHARACTERS, items(edges), lambda row: cast_member(row, notes), errors)
                speaks = frozenset({CHARACTERS}) if isinstance(edges, list) else frozenset[str]()
                return Said(characters=cast if speaks else None, speaks_for=speaks, errors=errors, external_ids=ids)
            case Kind.CHARACTER:
                read = read_fields(item, CHARACTER, CharacterFields, ask.fields, notes)
                return Said(
                    entity=EntityType.CHARACTER,
                    character=CharacterFields(**read.values),
                    speaks_for=stated(read.values),
                    errors=read.errors,
                    external_ids=ids,
                )
        return self._anime(ask, item, ids, notes)

    def _anime(self, ask: Ask, item: Raw, ids: Mapping[str, str], notes: Notes) -> Said:
        asked = {Kind.STATISTICS: frozenset({"statistics"}), Kind.AIRING: _SLOT}.get(ask.kind, ask.fields)
        rules = STAFF if ask.kind is Kind.STAFF else ANIME
        read = read_fields(item, rules, AnimeFields, asked, notes)
        speaks = stated(read.values)
        if item.get("status") and (asked is None or "hiatus" in asked) and "status" in speaks:
            speaks |= {"hiatus"}  # A status other than HIATUS states that there is no break.
        following = part(item.get("nextAiringEpisode"))
        number, at = following.get("episode"), unix_instant(following.get("airingAt"))
        latest: int | None = None
        if ask.kind is Kind.AIRING and "nextAiringEpisode" in item:
            speaks |= {NEXT_AIR}
            finished = read.values.get("status") is AnimeStatus.FINISHED
            latest = number - 1 if isinstance(number, int) and number > 0 else None
            latest = read.values.get("episode_count") if finished and latest is None else latest
            speaks |= {LATEST_AIRED} if latest is not None else set()
        return Said(
            anime=AnimeFields(**read.values),
            latest_aired=latest,
            next_episode=number if isinstance(number, int) and number > 0 else None,
            next_air_at=at,
            speaks_for=speaks,
            errors=read.errors,
            external_ids=ids,
        )

    def _slots(self, item: Raw, ids: Mapping[str, str], now: datetime) -> Said:
        errors: dict[str, str] = {}
        rows = read_rows(EPISODES, items(item.get("slots")), _episode, errors)
        coming = [row for row in rows if row.aired is not None and row.aired > now]
        said = _said_episodes(rows, ids, errors, now)
        following = min(coming, key=lambda row: (row.aired, row.episode_number), default=None)
        # A window shows only its own air times: what it lacks is not stated to be none.
        return Said(
            episodes=said.episodes,
            latest_aired=said.latest_aired,
            next_episode=following.episode_number if following else None,
            next_air_at=following.aired if following else None,
            speaks_for=said.speaks_for | ({NEXT_AIR} if following else set()),
            errors=errors,
            external_ids=ids,
        )

    def id_calls(self, platform: str, ids: tuple[str, ...]) -> list[Call]:
        """AniList knows its own ids and MyAnimeList's."""
        if platform not in ("mal", "anilist"):
            return []
        name = "idMal_in" if platform == "mal" else "id_in"
        query = f"query ($ids: [Int]) {{ Page(perPage: {_PAGE_SIZE}) {{ media(type: ANIME, {name}: $ids) {{ id idMal }} }} }}"
        batches = [ids[start : start + _PAGE_SIZE] for start in range(0, len(ids), _PAGE_SIZE)]
        return [Call("", b, body={"query": query, "variables": {"ids": [int(i) for i in b]}}) for b in batches]

    def id_page(self, platform: str, call: Call, reply: Reply) -> Mapping[str, Mapping[str, str]]:
        """Ids by the id that was asked with."""
        rows = [_ids(row) for row in items(part(part(reply.data["data"]).get("Page")).get("media"))]
        return {row[platform]: row for row in rows if row.get(platform) in call.ids}


def _has_more(row: Raw) -> bool:
    return any(part(part(row.get(name)).get("pageInfo")).get("hasNextPage") for name in _PAGED)


def _said_episodes(rows: list[ObservedEpisode], ids: Mapping[str, str], errors: dict[str, str], now: datetime) -> Said:
    found = sorted(rows, key=lambda row: row.episode_number)
    latest = max((row.episode_number for row in found if row.aired is not None and row.aired <= now), default=None)
    return Said(
        episodes=found,
        latest_aired=latest,
        speaks_for=frozenset({EPISODES} if latest is None else {EPISODES, LATEST_AIRED}),
        errors=errors,
        external_ids=ids,
    )
