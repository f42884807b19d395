"""Characters, their voices and the staff in AniList's shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from contracts.model import Anime, Character
from contracts.model.anime_parts import StaffMember
from contracts.model.character import VoiceActor
from handlers.world.anilist_pages import nested
from handlers.world.changes import Source
from handlers.world.people import staff_number, voice_number
from handlers.world.showing import ShownAnime, ShownCharacter
from handlers.world.titles import character_number
from handlers.world.world import Showing

SITE = "https://anilist.co"
Json = dict[str, Any]
_NO_DATE = {"year": None, "month": None, "day": None}


def character(shown: ShownCharacter) -> Json:
    """A Character object, without its media."""
    one = shown.character
    facts, number = one.attributes or {}, character_number(one, Source.ANILIST)
    picture = one.images[0] if one.images else None
    return {
        "id": number,
        "name": {
            **_name(one.name, one.name_native),
            "alternative": [*(one.nicknames or []), *(one.name_variations or [])],
            "alternativeSpoiler": [],
        },
        "image": {"large": picture, "medium": picture},
        "description": lambda _, asHtml=False: one.description,  # noqa: N803 - the service's own name
        "gender": facts.get("gender"),
        "dateOfBirth": _NO_DATE,
        "age": facts.get("age"),
        "bloodType": facts.get("blood_type"),
        "siteUrl": f"{SITE}/character/{number}",
        "favourites": one.favorites,
    }


def role(one: Character) -> str:
    """The role; BACKGROUND for what is not known."""
    name = one.roles[0].value if one.roles else "BACKGROUND"
    return "BACKGROUND" if name == "UNKNOWN" else name


def cast(
    shown: ShownAnime,
    showing: Showing,
    sort: Sequence[str] | None = None,
    role: str | None = None,
    page: int | None = 1,
    perPage: int | None = None,  # noqa: N803 - the service's own name
) -> Json:
    """The characters of an anime; they stand in the record's order, which is by role."""
    people = [one for one in showing.cast(shown) if role in (None, _role(one.character))]
    return nested([_cast_edge(one) for one in people], page, perPage)


def staff(
    anime: Anime,
    sort: Sequence[str] | None = None,
    page: int | None = 1,
    perPage: int | None = None,  # noqa: N803
) -> Json:
    """The staff, one edge per role."""
    edges = [
        {"id": staff_number(one, Source.ANILIST), "role": position, "node": _member(one)}
        for position, members in (anime.staff_data or {}).items()
        for one in members
    ]
    return nested(edges, page, perPage)


_role = role


def _cast_edge(shown: ShownCharacter) -> Json:
    one = shown.character

    def voices(_: Any, language: str | None = None, sort: Sequence[str] | None = None) -> list[Json]:
        heard = one.voice_actors or []
        return [_voice(actor) for actor in heard if language in (None, (actor.language or "").upper())]

    number = character_number(one, Source.ANILIST)
    return {"id": number, "role": role(one), "name": None, "node": character(shown), "voiceActors": voices}


def _voice(actor: VoiceActor) -> Json:
    return _person(
        voice_number(actor), actor.name, actor.native_name, actor.language or "Japanese", actor.image, actor.biography
    )


def _member(one: StaffMember) -> Json:
    return _person(staff_number(one, Source.ANILIST), one.name, one.native_name, one.language, one.image, None)


def _person(
    number: int, name: str, native: str | None, language: str | None, image: str | None, about: str | None
) -> Json:
    return {
        "id": number,
        "name": {**_name(name, native), "alternative": []},
        "languageV2": language,
        "image": {"large": image, "medium": image},
        "description": lambda _, asHtml=False: about,  # noqa: N803
        "primaryOccupations": [],
        "dateOfBirth": _NO_DATE,
        "dateOfDeath": _NO_DATE,
        "yearsActive": [],
        "siteUrl": f"{SITE}/staff/{number}",
    }


def _name(full: str, native: str | None) -> Json:
    first, _, last = full.partition(" ")
    return {"first": first, "middle": None, "last": last or None, "full": full, "native": native, "userPreferred": full}
