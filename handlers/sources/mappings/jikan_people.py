"""Jikan: episodes, casts, staff and characters to canonical values."""

from __future__ import annotations

from typing import Final

from contracts.model.anime_parts import (
    StaffMember,
)
from contracts.model.character import Appearance, CharacterFields, VoiceActor
from contracts.model.enums import CharacterRole
from contracts.observation import ObservedCharacter, ObservedEpisode
from handlers.sources.dates import partial_date
from handlers.sources.notes import Notes
from handlers.sources.port import Raw
from handlers.sources.rules import Rule, read_fields
from handlers.sources.tables.jikan import ROLE
from handlers.sources.values import count, enum_of, items, only, part, positive, score10, unique, words


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
