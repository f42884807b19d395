"""Staff, companies and voices, from the older `staff_data` of a record to the fields of today."""

from __future__ import annotations

import re
from typing import Any, Final

from handlers.ingest import identifiers
from handlers.ingest.shapes import Object, apply, mapped, rename, texts, without_none

_COMPANIES: Final = ("studios", "producers", "licensors")
# The parts of the older staff_data that are not roles.
_OLDER_PARTS: Final = ("production_staff", "voice_actors")
_VOICES: Final = "voice_actors"
_VOICE_FACTS: Final = ("native_name", "image", "biography", "birth_date", "blood_type")
_WORD = re.compile(r"\w+")


def staff(anime: Object) -> None:
    """Bring companies and staff to their fields, in place."""
    older = anime.get("staff_data")
    if isinstance(older, dict):
        data = dict(older)
        for name in _COMPANIES:
            firms = data.pop(name, None)
            anime[name] = anime.get(name) or firms
        anime["staff_data"] = _roles(data) or None
    for name in _COMPANIES:
        apply(anime, name, lambda firms: [_company(firm) for firm in firms] if isinstance(firms, list) else firms)


def _company(firm: Any) -> Any:
    if isinstance(firm, str):
        return {"name": firm}
    if not isinstance(firm, dict):
        return firm
    pages = [*texts(firm.get("url")), *texts(firm.get("sources"))]
    stated = identifiers.stated_ids(firm.get("external_ids") or {})
    found = identifiers.company_ids(pages) | stated if isinstance(stated, dict) else stated
    rest = {name: value for name, value in firm.items() if name != "url"}
    return without_none(rest | {"external_ids": found or None, "sources": pages or None})


def _roles(data: Object) -> Object:
    roles = {name: people for name, people in data.items() if name not in _OLDER_PARTS}
    production = data.get("production_staff")
    if isinstance(production, dict):
        roles |= {name: people for name, people in production.items() if people}
    elif production is not None:
        roles["production_staff"] = production
    voices = data.get(_VOICES)
    if isinstance(voices, dict):
        spoken = [_with_language(voice, language) for language, people in voices.items() for voice in texts(people)]
        roles |= {_VOICES: spoken} if spoken else {}
    elif voices:
        roles[_VOICES] = voices
    return {
        name: [_member(one) for one in people] if isinstance(people, list) else people for name, people in roles.items()
    }


def _with_language(voice: Any, language: str) -> Any:
    return {"language": language.capitalize()} | voice if isinstance(voice, dict) else voice


def _member(person: Any) -> Any:
    if isinstance(person, str):
        return {"name": person}
    if not isinstance(person, dict):
        return person
    member = dict(person)
    rename(member, "name_japanese", "native_name")
    rename(member, "staff_ids", "external_ids")
    parts = member.pop("character_assignments", None)
    if member.get("role") is None and isinstance(parts, list) and all(isinstance(part, str) for part in parts):
        member["role"] = ", ".join(parts) or None
    apply(member, "external_ids", identifiers.stated_ids)
    apply(member, "role", lambda role: role.replace("_", " ") if isinstance(role, str) else role)
    return without_none(member)


def voice_facts(anime: Object) -> dict[frozenset[str], Object]:
    """What the anime's own staff list knows of each voice, by the words of the name.

    Characters name their voices only; the facts stand in the older staff_data, and the order of the names differs.
    """
    data = anime.get("staff_data")
    voices = data.get(_VOICES) if isinstance(data, dict) else None
    listed = [voice for people in voices.values() for voice in texts(people)] if isinstance(voices, dict) else []
    named = [voice for voice in listed if isinstance(voice, dict) and isinstance(voice.get("name"), str)]
    return {name_words(voice["name"]): voice for voice in named if name_words(voice["name"])}


def name_words(name: str) -> frozenset[str]:
    """The words of a name in any order and case: Kuriyama, Chiaki is Chiaki Kuriyama."""
    return frozenset(_WORD.findall(name.casefold()))


def voices(value: Any, known: dict[frozenset[str], Object]) -> Any:
    """The voices of a character with what the staff list knows of them; a name alone is a voice too."""

    def one(voice: Object) -> Object:
        apply(voice, "id", lambda number: str(number) if isinstance(number, int) else number)
        name = voice.get("name")
        facts = known.get(name_words(name)) if isinstance(name, str) else None
        return {name: facts[name] for name in _VOICE_FACTS if name in facts} | voice if facts else voice

    if isinstance(value, list):
        value = [{"name": voice} if isinstance(voice, str) else voice for voice in value]
    return mapped(value, one)
