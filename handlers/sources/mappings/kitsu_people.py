"""Kitsu: episodes, castings, staff and characters to canonical values."""

from __future__ import annotations

from typing import Any, Final

from contracts.model.anime_parts import StaffMember
from contracts.model.character import VoiceActor
from contracts.model.enums import CharacterRole
from contracts.observation import ObservedCharacter, ObservedEpisode
from handlers.sources.dates import partial_date
from handlers.sources.jsonapi import Index, linked
from handlers.sources.notes import Notes
from handlers.sources.port import Raw
from handlers.sources.rules import Rule
from handlers.sources.values import items, only, part, plain, positive, unique, words


def episode(resource: Raw) -> ObservedEpisode:
    """One episode resource; `airdate` is how the service spells what its documents call airDate."""
    raw = part(resource.get("attributes"))
    titles = part(raw.get("titles"))
    minutes = positive(raw.get("length"))
    thumbnail = words(part(raw.get("thumbnail")).get("original"))
    return ObservedEpisode(
        **only(
            episode_number=raw.get("number"),
            season_number=raw.get("seasonNumber"),
            title=words(titles.get("en")) or words(titles.get("en_us")) or words(raw.get("canonicalTitle")),
            title_japanese=words(titles.get("ja_jp")),
            title_romaji=words(titles.get("en_jp")),
            synopsis=words(raw.get("description")) or words(raw.get("synopsis")),
            aired=partial_date(raw.get("airdate") or raw.get("airDate")),
            duration=minutes * 60 if minutes else None,
            thumbnails=[thumbnail] if thumbnail else None,
        )
    )


def _picture(raw: Raw) -> str | None:
    # Characters have an object of sizes, people a plain address.
    image = raw.get("image")
    return words(image) or words(part(image).get("original"))


def _name(raw: Raw) -> str | None:
    # canonicalName is a name for characters, and for people the key of one of their names.
    canonical = words(raw.get("canonicalName"))
    return words(raw.get("name")) or words(part(raw.get("names")).get(canonical or "")) or canonical


def _native(raw: Raw) -> str | None:
    return words(part(raw.get("names")).get("ja_jp"))


CHARACTER: Final = (
    Rule("external_ids", ("id",), lambda raw, _: {"kitsu": str(raw["id"])}),
    Rule("name", ("canonicalName", "name"), lambda raw, _: _name(raw)),
    Rule("name_native", ("names",), lambda raw, _: _native(raw)),
    Rule("name_variations", ("otherNames",), lambda raw, _: unique(raw["otherNames"] or [])),
    Rule("description", ("description",), lambda raw, _: plain(raw["description"])),
    Rule("images", ("image",), lambda raw, _: unique([_picture(raw)]) or None),
)


def _person(resource: Raw, language: str | None) -> VoiceActor:
    raw = part(resource.get("attributes"))
    return VoiceActor(
        **only(
            id=str(resource["id"]),
            name=_name(raw),
            native_name=_native(raw),
            language=language,
            image=_picture(raw),
        )
    )


def cast(item: Raw, index: Index, character: Any) -> list[ObservedCharacter]:
    """Castings grouped by character: each casting is one voice in one language; a featured one makes a main role.

    `character` maps a character resource to its canonical fields as a dict.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for casting in items(item.get("data")):
        raw = part(casting.get("attributes"))
        for key in [key for key in linked(casting, "character") or [] if key in index]:
            member = found.setdefault(key, {**character(index[key]), "role": CharacterRole.UNKNOWN, "voice_actors": []})
            if raw.get("featured"):
                member["role"] = CharacterRole.MAIN
            people = [index[person] for person in linked(casting, "person") or [] if person in index]
            if raw.get("voiceActor", True):
                member["voice_actors"] += [_person(person, words(raw.get("language"))) for person in people]
    return [ObservedCharacter(**member) for member in found.values()]


def staff(item: Raw, index: Index) -> dict[str, list[StaffMember]]:
    """The staff of an anime by role."""
    found: dict[str, list[StaffMember]] = {}
    for row in items(item.get("data")):
        role = words(part(row.get("attributes")).get("role")) or "Staff"
        for key in [key for key in linked(row, "person") or [] if key in index]:
            raw = part(index[key].get("attributes"))
            name = _name(raw)
            member = only(
                name=name, native_name=_native(raw), role=role, image=_picture(raw), external_ids={"kitsu": key[1]}
            )
            found.setdefault(role, []).append(StaffMember(**member))
    return found


def staff_rules(index: Index) -> tuple[Rule, ...]:
    """The rule of staff, given what was included."""

    def read(raw: Raw, _: Notes) -> dict[str, list[StaffMember]]:
        return staff(raw, index)

    return (Rule("staff_data", ("data",), read),)
