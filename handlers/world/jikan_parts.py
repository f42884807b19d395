"""What hangs on an anime in Jikan's shape: episodes, characters, staff, statistics."""

from __future__ import annotations

from typing import Any

from contracts.model import Character, Episode
from contracts.model.anime_parts import Statistics
from contracts.model.character import VoiceActor
from handlers.world import jikan_words as say
from handlers.world.changes import Source
from handlers.world.jikan_anime import SITE, meta, page
from handlers.world.people import slug, staff_number, voice_number
from handlers.world.showing import ShownAnime, ShownCharacter
from handlers.world.titles import character_number, derived_number
from handlers.world.world import Showing

Json = dict[str, Any]
# How a list of members splits, and how votes spread around a mean: shares that look like the real ones.
_LISTS = {"watching": 0.08, "completed": 0.6, "on_hold": 0.05, "dropped": 0.04}
_SPREAD = {-3: 0.03, -2: 0.07, -1: 0.2, 0: 0.35, 1: 0.25, 2: 0.1}


def episode_row(episode: Episode, shown: ShownAnime, showing: Showing) -> Json:
    """An episode in the list: its date stands at +00:00, its score on 1 to 5."""
    number, title = showing.number(shown), shown.anime.title
    return {
        "mal_id": episode.episode_number,
        "url": f"{page(number, title)}/episode/{episode.episode_number}",
        "title": episode.title or f"Episode {episode.episode_number}",
        "title_japanese": episode.title_japanese,
        "title_romanji": episode.title_romaji,
        "aired": say.printed_day(episode.aired),
        "score": None if episode.score is None else round(episode.score / 2, 2),
        "filler": bool(episode.filler),
        "recap": bool(episode.recap),
        "forum_url": f"{SITE}/forum/?topicid={derived_number('forum', shown.title.id, episode.episode_number)}",
    }


def episode_alone(episode: Episode, shown: ShownAnime, showing: Showing) -> Json:
    """An episode by itself: the same date, but at +09:00, with length and synopsis."""
    row = episode_row(episode, shown, showing)
    kept = ("mal_id", "url", "title", "title_japanese", "title_romanji", "filler", "recap")
    return {
        **{name: row[name] for name in kept},
        "duration": episode.duration,
        "aired": say.printed_day(episode.aired, "+09:00"),
        "synopsis": episode.synopsis,
    }


def cast_row(shown: ShownCharacter) -> Json:
    """A character in an anime's list."""
    return {
        "character": _character_meta(shown.character),
        "role": _role(shown.character),
        "favorites": shown.character.favorites or 0,
        "voice_actors": [_voice(actor) for actor in shown.character.voice_actors or []],
    }


def character(shown: ShownCharacter) -> Json:
    """The body of /characters/ID."""
    one = shown.character
    return {
        **_character_meta(one),
        "name_kanji": one.name_native,
        "nicknames": list(one.nicknames or []),
        "favorites": one.favorites or 0,
        "about": one.description,
    }


def character_full(shown: ShownCharacter, showing: Showing) -> Json:
    """The body of /characters/ID/full."""
    role = _role(shown.character)
    return {
        **character(shown),
        "anime": [{"role": role, "anime": meta(work, showing)} for work in showing.works_of(shown)],
        "manga": [],
        "voices": voices(shown),
    }


def voices(shown: ShownCharacter) -> list[Json]:
    """The voice actors of a character."""
    return [_voice(actor) for actor in shown.character.voice_actors or []]


def staff(shown: ShownAnime) -> list[Json]:
    """The staff, each person once with all positions."""
    rows: dict[int, Json] = {}
    for position, members in (shown.anime.staff_data or {}).items():
        for member in members:
            number = staff_number(member, Source.JIKAN)
            row = rows.setdefault(number, {"person": _person(number, member.name, member.image), "positions": []})
            row["positions"].append(position)
    return list(rows.values())


def statistics(figures: Statistics | None) -> Json:
    """Who watches and who voted what, spread around the score."""
    one = figures or Statistics()
    members, votes = one.members or 0, one.scored_by or 0
    split = {name: int(members * share) for name, share in _LISTS.items()}
    middle = round(one.score or 0)
    shares = {score: _SPREAD.get(score - middle, 0.0) if one.score else 0.0 for score in range(1, 11)}
    return {
        **split,
        "plan_to_watch": members - sum(split.values()),
        "total": members,
        "scores": [
            {"score": score, "votes": int(votes * share), "percentage": round(100 * share, 1)}
            for score, share in shares.items()
        ],
    }


def _role(one: Character) -> str:
    return say.ROLE.get(one.roles[0], "Supporting") if one.roles else "Supporting"


def _character_meta(one: Character) -> Json:
    number = character_number(one, Source.JIKAN)
    picture = one.images[0] if one.images else None
    return {
        "mal_id": number,
        "url": f"{SITE}/character/{number}/{slug(one.name)}",
        "images": {"jpg": {"image_url": picture}, "webp": {"image_url": picture, "small_image_url": picture}},
        "name": one.name,
    }


def _voice(actor: VoiceActor) -> Json:
    return {"person": _person(voice_number(actor), actor.name, actor.image), "language": actor.language or "Japanese"}


def _person(number: int, name: str, image: str | None) -> Json:
    return {
        "mal_id": number,
        "url": f"{SITE}/people/{number}/{slug(name)}",
        "images": {"jpg": {"image_url": image}},
        "name": name,
    }
