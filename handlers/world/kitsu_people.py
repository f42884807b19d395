"""Characters, their voices and the staff as Kitsu's resources."""

from __future__ import annotations

from contracts.model import Anime, Character
from contracts.model.anime_parts import StaffMember
from contracts.model.character import VoiceActor
from handlers.world.changes import Source
from handlers.world.kitsu_resource import Json, Resource
from handlers.world.people import slug, staff_number, voice_number
from handlers.world.showing import ShownAnime, ShownCharacter
from handlers.world.titles import character_number, external_number
from handlers.world.world import Showing

_WHEN: Json = {"createdAt": "2013-03-27T19:33:00.000Z", "updatedAt": "2013-03-27T19:33:00.000Z"}


def character(shown: ShownCharacter) -> Resource:
    """The resource of a character."""
    one = shown.character
    names = {"en": one.name, "ja_jp": one.name_native}
    return Resource(
        "characters",
        character_number(one, Source.KITSU),
        {
            **_WHEN,
            "slug": slug(one.name, "-").lower(),
            "names": {name: text for name, text in names.items() if text},
            "canonicalName": one.name,
            "otherNames": [*(one.nicknames or []), *(one.name_variations or [])],
            "name": one.name,
            "malId": external_number(one.external_ids, "mal"),
            "description": one.description or "",
            "image": {"original": one.images[0], "meta": {}} if one.images else None,
        },
        {"primaryMedia": lambda: None, "castings": list, "mediaCharacters": list, "quotes": list},
    )


def cast(shown: ShownAnime, showing: Showing, kind: str) -> list[Resource]:
    """The characters of an anime, as `mediaCharacters` or the older `animeCharacters`."""
    return [
        Resource(
            kind,
            _pair(shown, one.character),
            {**_WHEN, "role": "main" if _leads(one.character) else "supporting"},
            {
                "media" if kind == "mediaCharacters" else "anime": lambda: None,
                "character": lambda one=one: character(one),  # type: ignore[misc]
                **({"voices": list} if kind == "mediaCharacters" else {"castings": list}),
            },
        )
        for one in showing.cast(shown)
    ]


def castings(shown: ShownAnime, showing: Showing) -> list[Resource]:
    """Who speaks whom, one resource per voice; a character without a voice has one without a person."""
    found = []
    for one in showing.cast(shown):
        for at, actor in enumerate(one.character.voice_actors or [None]):
            found.append(_casting(shown, one, at, actor))
    return found


def staff(one: Anime, kind: str) -> list[Resource]:
    """The staff of an anime, one resource per role."""
    return [
        Resource(
            kind,
            staff_number(member, Source.KITSU) ^ (at + 1),
            {**_WHEN, "role": position},
            {
                "media" if kind == "mediaStaff" else "anime": lambda: None,
                "person": lambda member=member: _member(member),  # type: ignore[misc]
            },
        )
        for position, members in (one.staff_data or {}).items()
        for at, member in enumerate(members)
    ]


def _casting(shown: ShownAnime, one: ShownCharacter, at: int, actor: VoiceActor | None) -> Resource:
    return Resource(
        "castings",
        _pair(shown, one.character) + at,
        {
            **_WHEN,
            "role": "Voice Actor" if actor else None,
            "voiceActor": actor is not None,
            "featured": _leads(one.character),
            "language": (actor.language or "Japanese") if actor else None,
        },
        {
            "media": lambda: None,
            "character": lambda: character(one),
            "person": lambda: _voice(actor) if actor else None,
        },
    )


def _voice(actor: VoiceActor) -> Resource:
    return _person(voice_number(actor), actor.name, actor.image)


def _member(member: StaffMember) -> Resource:
    return _person(staff_number(member, Source.KITSU), member.name, member.image)


def _person(number: int, name: str, image: str | None) -> Resource:
    return Resource(
        "people",
        number,
        {
            **_WHEN,
            "slug": slug(name, "-").lower(),
            "name": name,
            "names": {"en": name},
            "canonicalName": "en",
            "malId": None,
            "description": {},
            "image": image,
        },
        {"castings": list, "staff": list, "voices": list},
    )


def _leads(one: Character) -> bool:
    return bool(one.roles) and one.roles is not None and one.roles[0].value == "MAIN"


def _pair(shown: ShownAnime, one: Character) -> int:
    # Room for the voices of a character, which are numbered from its pair with the anime.
    return (character_number(one, Source.KITSU) * 31 + shown.title.ids[Source.KITSU]) % 20_000_000 * 100
