"""Jikan v4: REST over MyAnimeList. Its figures are MyAnimeList's, so its platform is `mal`."""

from __future__ import annotations

import re
from datetime import datetime
from types import MappingProxyType
from typing import Final

from contracts.errors import EchoraError
from contracts.events import EntityType
from contracts.model.anime import AnimeFields
from contracts.model.anime_parts import (
    AiredDates,
    CompanyRef,
    Images,
    RelatedWork,
    StaffMember,
    Statistics,
    StreamingSource,
    Theme,
    ThemeSong,
    Trailer,
)
from contracts.model.character import Appearance, CharacterFields, VoiceActor
from contracts.model.enums import AnimeStatus, AnimeType, CharacterRole, Rating, Relation, Season, SourceMaterial
from contracts.observation import CHARACTERS, EPISODES, LATEST_AIRED, Kind, ObservedCharacter, ObservedEpisode
from handlers.sources import faults
from handlers.sources.dates import MONTHS, partial_date, slot
from handlers.sources.notes import Notes
from handlers.sources.port import Ask, Call, Capability, Offer, Page, Raw, Reply, Said, Way
from handlers.sources.rules import Rule, gives, read_fields, read_rows, stated
from handlers.sources.values import count, enum_of, items, only, part, positive, score10, unique, words

STATUS: Final = MappingProxyType(
    {
        "Currently Airing": AnimeStatus.ONGOING,
        "Finished Airing": AnimeStatus.FINISHED,
        "Not yet aired": AnimeStatus.UPCOMING,
    }
)
TYPE: Final = MappingProxyType(
    {
        "TV": AnimeType.TV,
        "TV Special": AnimeType.TV_SPECIAL,
        "Movie": AnimeType.MOVIE,
        "OVA": AnimeType.OVA,
        "ONA": AnimeType.ONA,
        "Special": AnimeType.SPECIAL,
        "Music": AnimeType.MUSIC,
        "PV": AnimeType.PV,
        "CM": AnimeType.CM,
    }
)
RATING: Final = MappingProxyType(
    {
        "G": Rating.G,
        "PG": Rating.PG,
        "PG-13": Rating.PG13,
        "R": Rating.R,
        "R+": Rating.RPLUS,
        "Rx": Rating.RX,
    }
)
SEASON: Final = MappingProxyType({season.value.lower(): season for season in Season})
SOURCE: Final = MappingProxyType(
    {
        "Manga": SourceMaterial.MANGA,
        "Light novel": SourceMaterial.LIGHT_NOVEL,
        "Visual novel": SourceMaterial.VISUAL_NOVEL,
        "Web manga": SourceMaterial.WEB_MANGA,
        "4-koma manga": SourceMaterial.KOMA_4,
        "Novel": SourceMaterial.NOVEL,
        "Web novel": SourceMaterial.WEB_NOVEL,
        "Game": SourceMaterial.GAME,
        "Card game": SourceMaterial.CARD_GAME,
        "Original": SourceMaterial.ORIGINAL,
        "Mixed media": SourceMaterial.MIXED_MEDIA,
        "Music": SourceMaterial.MUSIC,
        "Radio": SourceMaterial.RADIO,
        "Book": SourceMaterial.BOOK,
        "Picture book": SourceMaterial.PICTURE_BOOK,
        "Other": SourceMaterial.OTHER,
        "Unknown": SourceMaterial.UNKNOWN,
    }
)
RELATION: Final = MappingProxyType({relation.value.lower().replace("_", " "): relation for relation in Relation})
ROLE: Final = MappingProxyType({"Main": CharacterRole.MAIN, "Supporting": CharacterRole.SUPPORTING})

# Fields of the bodies that no rule reads, with the reason; a test fails on a field that is neither here nor read.
NOT_USED: Final = MappingProxyType(
    {
        "approved": "whether a moderator has seen the entry says nothing of the anime",
        "airing": "the status says it",
        "trailer.youtube_id": "part of the trailer's url",
        "trailer.images": "one thumbnail is enough",
        "images.webp": "the same pictures as jpg",
        "images.jpg.small_image_url": "a smaller copy",
        "aired.to": "the printed dates are read from prop",
        "aired.from": "the printed dates are read from prop",
        "titles[].type": "the kinds are told by title, title_english and title_japanese",
        "producers[].type": "always anime",
        "licensors[].type": "always anime",
        "studios[].type": "always anime",
        "genres[].type": "always anime",
        "genres[].mal_id": "genres are kept by name",
        "genres[].url": "genres are kept by name",
        "themes[].type": "always anime",
        "themes[].mal_id": "themes are kept by name",
        "themes[].url": "themes are kept by name",
        "demographics[].type": "always anime",
        "demographics[].mal_id": "demographics are kept by name",
        "demographics[].url": "demographics are kept by name",
        "explicit_genres[].type": "always anime",
        "explicit_genres[].mal_id": "genres are kept by name",
        "explicit_genres[].url": "genres are kept by name",
        "broadcast.string": "day and time are read apart",
        "forum_url": "a discussion, not a description",
        "images.webp.small_image_url": "a smaller copy",
    }
)

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
    url = words(trailer.get("url")) or words(trailer.get("embed_url"))
    return [Trailer(url=url)] if url else []


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
_FULL_ONLY: Final = frozenset({"relations", "theme", "external", "streaming"})


def _portrait(raw: Raw) -> str | None:
    return words(part(part(raw.get("images")).get("jpg")).get("image_url"))


def _voice(raw: Raw) -> VoiceActor:
    person = part(raw.get("person"))
    return VoiceActor(
        **only(
            id=str(person["mal_id"]),
            name=words(person.get("name")),
            language=words(raw.get("language")),
            image=_portrait(person),
            sources=unique([person.get("url")]),
        )
    )


def _appearances(raw: Raw, notes: Notes, name: str, inner: str) -> list[Appearance]:
    return [
        Appearance(
            title=str(part(entry.get(inner)).get("title")),
            role=enum_of(notes, "role", ROLE, entry.get("role"), CharacterRole.UNKNOWN),
            external_ids={"mal": str(part(entry.get(inner))["mal_id"])},
        )
        for entry in items(raw.get(name))
    ]


CHARACTER: Final = (
    Rule("external_ids", ("mal_id",), lambda raw, _: {"mal": str(raw["mal_id"])}),
    Rule("sources", ("url",), lambda raw, _: unique([raw["url"]])),
    Rule("name", ("name",), lambda raw, _: words(raw["name"])),
    Rule("name_native", ("name_kanji",), lambda raw, _: words(raw["name_kanji"])),
    Rule("nicknames", ("nicknames",), lambda raw, _: unique(raw["nicknames"] or [])),
    Rule("description", ("about",), lambda raw, _: words(raw["about"])),
    Rule("favorites", ("favorites",), lambda raw, _: count(raw["favorites"])),
    Rule("images", ("images",), lambda raw, _: unique([_portrait(raw)])),
    Rule("animeography", ("anime",), lambda raw, notes: _appearances(raw, notes, "anime", "anime")),
    Rule("mangaography", ("manga",), lambda raw, notes: _appearances(raw, notes, "manga", "manga")),
    Rule("voice_actors", ("voices",), lambda raw, _: [_voice(voice) for voice in items(raw["voices"])]),
)


def cast_member(raw: Raw, notes: Notes) -> ObservedCharacter:
    """One entry of /anime/ID/characters."""
    character = part(raw.get("character"))
    read = read_fields(character, CHARACTER, CharacterFields, None, notes)
    role = enum_of(notes, "role", ROLE, raw.get("role"), CharacterRole.UNKNOWN)
    voices = [_voice(voice) for voice in items(raw.get("voice_actors"))]
    favorites = only(favorites=count(raw.get("favorites")))
    return ObservedCharacter(**{**read.values, **favorites, "role": role, "voice_actors": voices})


def episode(raw: Raw) -> ObservedEpisode:
    """One episode, of the list or alone. A list's score is on 1 to 5, so it is doubled."""
    url = words(raw.get("url"))
    return ObservedEpisode(
        **only(
            episode_number=raw.get("mal_id"),
            title=words(raw.get("title")),
            title_japanese=words(raw.get("title_japanese")),
            title_romaji=words(raw.get("title_romanji")),
            synopsis=words(raw.get("synopsis")),
            aired=partial_date(raw.get("aired")),
            duration=positive(raw.get("duration")),
            score=score10(raw.get("score"), divisor=0.5),
            filler=raw.get("filler"),
            recap=raw.get("recap"),
            episode_pages={"mal": url} if url else None,
        )
    )


def staff(rows: list[Raw]) -> dict[str, list[StaffMember]]:
    """The staff of an anime by position."""
    found: dict[str, list[StaffMember]] = {}
    for row in rows:
        person = part(row.get("person"))
        for position in unique(row.get("positions") or []):
            found.setdefault(position, []).append(
                StaffMember(
                    **only(
                        name=words(person.get("name")),
                        role=position,
                        image=_portrait(person),
                        external_ids={"mal": str(person["mal_id"])},
                    )
                )
            )
    return found


STAFF: Final = (Rule("staff_data", ("data",), lambda raw, _: staff(items(raw["data"]))),)


class Jikan:
    """The adapter of Jikan v4."""

    name = "jikan"
    platform = "mal"
    capability: Capability = MappingProxyType(
        {
            Kind.ANIME: Offer(gives(ANIME), frozenset({Way.FULL, Way.SELECTIVE})),
            Kind.STATISTICS: Offer(frozenset({"statistics"})),
            Kind.EPISODES: Offer(frozenset({EPISODES, LATEST_AIRED}), pages_mean=1.1, pages_max=20),
            Kind.EPISODE: Offer(frozenset({EPISODES})),
            Kind.CHARACTERS: Offer(frozenset({CHARACTERS})),
            Kind.STAFF: Offer(frozenset({"staff_data"})),
            Kind.CHARACTER: Offer(gives(CHARACTER)),
        }
    )

    def calls(self, ask: Ask) -> list[Call]:
        """One request per id; /full only when something is wanted that the short body lacks."""
        return [Call(path=self._path(ask, external_id), ids=(external_id,)) for external_id in ask.ids]

    def _path(self, ask: Ask, external_id: str) -> str:
        if ask.kind is Kind.CHARACTER:
            return f"/characters/{external_id}/full"
        if ask.kind is Kind.EPISODE:
            anime, _, number = external_id.partition(":")
            return f"/anime/{anime}/episodes/{number}"
        if ask.kind in (Kind.EPISODES, Kind.CHARACTERS, Kind.STAFF):
            return f"/anime/{external_id}/{ask.kind.value}"
        wanted = frozenset({"statistics"}) if ask.kind is Kind.STATISTICS else ask.fields
        extra = {name for rule in ANIME if wanted is None or rule.field in wanted for name in rule.reads}
        return f"/anime/{external_id}/full" if extra & _FULL_ONLY else f"/anime/{external_id}"

    def page(self, ask: Ask, call: Call, reply: Reply) -> Page:
        """One item per call. has_next_page has been true on the last page, so last_visible_page decides."""
        data = reply.data["data"]
        item: Raw = data if isinstance(data, dict) else {"data": data}
        last = part(reply.data.get("pagination")).get("last_visible_page")
        more: tuple[Call, ...] = ()
        if isinstance(last, int) and call.page < last:
            following = call.page + 1
            more = (Call(call.path, call.ids, (("page", str(following)),), page=following),)
        return Page(items={call.ids[0]: item}, more=more)

    def fault(self, reply: Reply) -> EchoraError | None:
        """The HTTP status decides; the body's own status differs at times. A 200 without data is an error body."""
        body = part(reply.data)
        message = words(body.get("message")) or "no message"
        detail = f"{message} ({body.get('type')})" if body.get("type") else message
        if reply.status == 200 and "data" in body:
            return None
        own = body.get("status")
        return faults.by_status(
            self.name, own if reply.status == 200 and isinstance(own, int) else reply.status, detail
        )

    def said(self, ask: Ask, external_id: str, item: Raw, notes: Notes, now: datetime) -> Said:
        """What a body means, by kind."""
        match ask.kind:
            case Kind.EPISODES | Kind.EPISODE:
                return self._episodes(ask, external_id, item, now)
            case Kind.CHARACTERS:
                errors: dict[str, str] = {}
                cast = read_rows(CHARACTERS, items(item.get("data")), lambda row: cast_member(row, notes), errors)
                return Said(
                    characters=cast,
                    speaks_for=frozenset({CHARACTERS}),
                    errors=errors,
                    external_ids={"mal": external_id},
                )
            case Kind.STAFF:
                read = read_fields({"data": item.get("data")}, STAFF, AnimeFields, None, notes)
                return Said(
                    anime=AnimeFields(**read.values),
                    speaks_for=stated(read.values),
                    errors=read.errors,
                    external_ids={"mal": external_id},
                )
            case Kind.CHARACTER:
                read = read_fields(item, CHARACTER, CharacterFields, ask.fields, notes)
                return Said(
                    entity=EntityType.CHARACTER,
                    character=CharacterFields(**read.values),
                    speaks_for=stated(read.values),
                    errors=read.errors,
                    external_ids={"mal": external_id},
                )
        asked = frozenset({"statistics"}) if ask.kind is Kind.STATISTICS else ask.fields
        read = read_fields(item, ANIME, AnimeFields, asked, notes)
        return Said(
            anime=AnimeFields(**read.values),
            speaks_for=stated(read.values),
            errors=read.errors,
            external_ids={"mal": external_id},
        )

    def _episodes(self, ask: Ask, external_id: str, item: Raw, now: datetime) -> Said:
        rows = items(item.get("data")) if ask.kind is Kind.EPISODES else [item]
        errors: dict[str, str] = {}
        found = sorted(read_rows(EPISODES, rows, episode, errors), key=lambda entry: entry.episode_number)
        aired = [entry.episode_number for entry in found if entry.aired is not None and entry.aired <= now]
        latest = max(aired, default=None) if ask.kind is Kind.EPISODES else None
        return Said(
            episodes=found,
            latest_aired=latest,
            speaks_for=frozenset({EPISODES} if latest is None else {EPISODES, LATEST_AIRED}),
            errors=errors,
            external_ids={"mal": external_id.partition(":")[0]},
        )
