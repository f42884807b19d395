"""AniList: schedules, casts, staff and characters to canonical values."""

from __future__ import annotations

import re
from typing import Final

from contracts.model.anime_parts import (
    StaffMember,
)
from contracts.model.character import Appearance, CharacterFields, VoiceActor
from contracts.model.enums import CharacterRole
from contracts.observation import ObservedCharacter, ObservedEpisode
from handlers.sources.dates import unix_instant
from handlers.sources.mappings.anilist_anime import ids_of, name_of
from handlers.sources.notes import Notes
from handlers.sources.port import Raw
from handlers.sources.rules import Rule, read_fields
from handlers.sources.tables.anilist import ROLE
from handlers.sources.values import count, enum_of, items, only, part, plain, unique, words

_SPOILER = re.compile(r"~!(.+?)!~", re.DOTALL)


def _printed(raw: object) -> str | None:
    # A birthday mostly lacks its year; it is printed as far as it is known: 1995-12-02, --12-02.
    day = part(raw)
    if day.get("month") is None and day.get("year") is None:
        return None
    year = f"{day['year']:04d}" if day.get("year") else "-"
    rest = "".join(f"-{day[name]:02d}" for name in ("month", "day") if day.get(name))
    return year + rest


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
            title=name_of(part(edge.get("node")).get("title")) or "",
            role=enum_of(notes, "role", ROLE, edge.get("characterRole"), CharacterRole.UNKNOWN),
            external_ids=ids_of(part(edge.get("node"))),
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


def episode(raw: Raw) -> ObservedEpisode:
    """One slot of an airing schedule: the number, and the instant it airs at."""
    return ObservedEpisode(**only(episode_number=raw["episode"], aired=unix_instant(raw.get("airingAt"))))
