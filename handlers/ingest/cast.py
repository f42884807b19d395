"""Characters and episodes in the vocabulary of today."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from contracts.ids import character_id, derived_id
from handlers.ingest import enumerations, identifiers
from handlers.ingest.dates import day_in_tokyo, unless_never
from handlers.ingest.people import voices
from handlers.ingest.shapes import Object, apply, rename, texts, unique, without_none

# Facts that the older vocabulary gives a key each; today they are attributes.
_ATTRIBUTES: Final = ("gender", "age", "birthday", "blood_type", "height", "weight", "race", "hair_color", "eye_color")
# The sources whose ids make the id of a character that came without one; the first that is there counts.
_IDENTIFYING: Final = ("mal", "anilist", "kitsu", "anidb", "anisearch")


def character_of_today(raw: Object, anime_id: UUID | None, known_voices: dict[frozenset[str], Object]) -> Object:
    """The character under today's names, with an id if it can be derived."""
    character = without_none(dict(raw))
    _names(character)
    _ids(character)
    rename(character, "role", "roles")
    apply(character, "roles", lambda roles: [enumerations.role(role) for role in texts(roles)])
    _attributes(character)
    apply(character, "images", texts)
    apply(character, "voice_actors", lambda value: voices(value, known_voices))
    if character.get("id") is None and anime_id is not None and isinstance(character.get("name"), str):
        character["id"] = _derived(character, anime_id)
    return without_none(character)


def _names(character: Object) -> None:
    kanji = character.pop("name_kanji", None)
    native = character.setdefault("name_native", kanji)
    if kanji is not None and kanji != native:
        character["name_variations"] = [*texts(character.get("name_variations")), kanji]
    apply(character, "name_variations", lambda names: unique(names) if isinstance(names, list) else names)


def _ids(character: Object) -> None:
    pages = character.pop("character_pages", None)
    listed = [*texts(character.get("sources")), *(pages.values() if isinstance(pages, dict) else texts(pages))]
    character["sources"] = unique(listed) or None
    rename(character, "character_ids", "external_ids")
    stated = identifiers.stated_ids(character.get("external_ids") or {})
    if isinstance(stated, dict):
        character["external_ids"] = identifiers.character_ids(listed) | stated or None
    else:
        character["external_ids"] = stated


def _attributes(character: Object) -> None:
    facts = character.get("attributes") or {}
    if isinstance(facts, dict):
        older = {name: _word(character.pop(name)) for name in _ATTRIBUTES if name in character}
        character["attributes"] = older | facts or None


def _word(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    return str(value) if isinstance(value, int | float) else value


def _derived(character: Object, anime_id: UUID) -> str:
    ids = character.get("external_ids") or {}
    source = next((source for source in _IDENTIFYING if source in ids), None)
    if source is not None:
        return str(derived_id("character", source, ids[source]))
    return str(character_id(anime_id, character["name"]))


def episode_of_today(raw: Object) -> Object:
    """The episode under today's names."""
    episode = without_none(dict(raw))
    rename(episode, "number", "episode_number")
    apply(episode, "aired", lambda value: unless_never(day_in_tokyo(value)))
    # A score of 0 is what sources print for an episode that nobody has scored.
    apply(episode, "score", lambda score: None if score == 0 else score)
    return without_none(episode)
