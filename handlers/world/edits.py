"""What people edit in a week: texts, tags, titles, counts, characters, and a season that is announced."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from contracts.ids import derived_id
from contracts.model import Anime, AnimeRecord
from contracts.model.anime_parts import AiredDates, Broadcast, RelatedWork
from contracts.model.character import VoiceActor
from contracts.model.enums import AnimeStatus, AnimeType, Relation
from handlers.world.changes import ChangeKind, NextAiring, Source
from handlers.world.ledger import Ledger
from handlers.world.slots import WEEKDAYS, tokyo_midnight
from handlers.world.titles import derived_number

_NEW_TAGS = (
    "found family", "coming of age", "time skip", "rivalry", "countryside", "mentor", "festival", "road trip",
    "night sky", "letters", "old friends", "seaside", "detective work", "cooking", "winter", "trains",
)  # fmt: skip
_OPENINGS = (
    "Much is at stake in this story from its first scene on.",
    "It begins quietly, and it does not stay quiet.",
    "Nobody in this story gets what they set out for.",
)
_TRAITS = (
    "Those who meet this one for the first time are nearly always mistaken.",
    "Keeps promises that others have long forgotten.",
    "Has a past that comes up sooner than anybody would like.",
)
_VOICES = ("Mira Sandoval", "Jonas Feld", "Aiko Tanimura", "Paula Reyes", "Teodor Lind", "Hana Okuda")
_LANGUAGES = ("English", "German", "Spanish", "French")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
# Edits fall into the first part of a week, so that every service shows them before the week is over.
_LATEST_H = 96.0
_DROP_MIN_LEFT = 2
_ANNOUNCED_AHEAD = timedelta(weeks=5)


def edit_week(ledger: Ledger, week: int, start: datetime, busy: frozenset[UUID]) -> None:
    """Write the week's edits. `busy` titles have an incident of their own and keep their episode count."""
    titles = [title.id for title in ledger.titles.values()]
    people = list(ledger.characters)
    rewrite, tag, mistake, season, drop = (
        ledger.chance.shuffled(titles, name, week) for name in ("rewrite", "tag", "mistake", "season", "drop")
    )
    described, voiced = (ledger.chance.shuffled(people, name, week) for name in ("described", "voiced"))

    def at(name: str, turn: int) -> datetime:
        hours = ledger.chance.between(1.0, _LATEST_H, "edit", name, week, turn)
        return (start + timedelta(hours=hours)).replace(microsecond=0)

    _first(2, rewrite, lambda one, turn: _rewrite(ledger, one, at("rewrite", turn)))
    _first(2, tag, lambda one, turn: _tag(ledger, one, at("tag", turn)))
    _first(1, mistake, lambda one, turn: _mistake(ledger, one, week, at("mistake", turn)))
    _first(1, season, lambda one, turn: _announce(ledger, one, week, at("season", turn)))
    _first(1, drop, lambda one, turn: one not in busy and _drop(ledger, one, at("drop", turn)))
    _first(2, described, lambda one, turn: _describe(ledger, one, at("described", turn)))
    _first(1, voiced, lambda one, turn: _voice(ledger, one, at("voiced", turn)))


def _first(wanted: int, items: Sequence[UUID], act: Callable[[UUID, int], bool]) -> None:
    done = 0
    for one in items:
        if done == wanted:
            return
        done += act(one, done)


def _rewrite(ledger: Ledger, anime_id: UUID, at: datetime) -> bool:
    before = ledger.now(anime_id, "synopsis")
    if not before:
        return False
    opening = next((text for text in ledger.chance.shuffled(_OPENINGS, anime_id, at) if text not in before), None)
    if opening is None:
        return False
    after = " ".join([opening, *_SENTENCE.split(before)])
    ledger.write(ChangeKind.SYNOPSIS_REWRITTEN, anime_id, "synopsis", after, at)
    return True


def _tag(ledger: Ledger, anime_id: UUID, at: datetime) -> bool:
    before = ledger.now(anime_id, "tags") or []
    held = {tag.casefold() for tag in before}
    fresh = next((tag for tag in ledger.chance.shuffled(_NEW_TAGS, anime_id, at) if tag not in held), None)
    if fresh is None:
        return False
    ledger.write(ChangeKind.TAG_ADDED, anime_id, "tags", [*before, fresh], at)
    return True


def _mistake(ledger: Ledger, anime_id: UUID, week: int, at: datetime) -> bool:
    before = ledger.now(anime_id, "title")
    on_mal = Source.MAL in ledger.titles[anime_id].ids
    sources = (Source.JIKAN, Source.MAL) if on_mal and week % 2 == 0 else (Source.ANILIST,)
    hours = int(ledger.chance.between(18.0, 44.0, "restored", anime_id, at))
    restored = at + timedelta(hours=hours)
    wrong = f"{before}: The Movie"
    ledger.write(ChangeKind.TITLE_MISTAKEN, anime_id, "title", wrong, at, sources=sources)
    ledger.write(ChangeKind.TITLE_RESTORED, anime_id, "title", before, restored, sources=sources)
    return True


def _announce(ledger: Ledger, anime_id: UUID, week: int, at: datetime) -> bool:
    anime = ledger.titles[anime_id].record.anime
    related = ledger.now(anime_id, "related_anime") or {}
    if anime.type is not AnimeType.TV or ledger.now(anime_id, "status") is not AnimeStatus.FINISHED:
        return False
    if Relation.SEQUEL in related or Source.MAL not in ledger.titles[anime_id].ids:
        return False
    fresh = _season(ledger, anime, week, at)
    cause = f"season:{fresh.anime.id}"
    ledger.admit(fresh)
    ledger.write(ChangeKind.SEASON_ANNOUNCED, fresh.anime.id, "record", fresh, at, cause=cause)
    work = RelatedWork(title=fresh.anime.title, type="TV", external_ids=fresh.anime.external_ids)
    ledger.write(
        ChangeKind.SEASON_ANNOUNCED, anime_id, "related_anime", {**related, Relation.SEQUEL: [work]}, at, cause=cause
    )
    return True


def _season(ledger: Ledger, anime: Anime, week: int, at: datetime) -> AnimeRecord:
    name = f"{anime.title} 2nd Season"
    ids = {source: str(derived_number(source, name, ledger.chance.seed)) for source in ("mal", "anilist", "kitsu")}
    back = RelatedWork(title=anime.title, type="TV", external_ids=anime.external_ids)
    return AnimeRecord(
        anime=Anime(
            id=derived_id("world", ledger.chance.seed, week, name),
            title=name,
            external_ids=ids,
            type=AnimeType.TV,
            status=AnimeStatus.UPCOMING,
            episode_count=12,
            duration=anime.duration,
            broadcast=_slot(ledger, name),
            aired_dates=AiredDates(aired_from=tokyo_midnight(at + _ANNOUNCED_AHEAD)),
            source_material=anime.source_material,
            country_of_origin=anime.country_of_origin,
            nsfw=anime.nsfw,
            genres=anime.genres,
            studios=anime.studios,
            synopsis=f"The second season of {anime.title}.",
            related_anime={Relation.PREQUEL: [back]},
        )
    )


def _slot(ledger: Ledger, name: str) -> Broadcast:
    day = ledger.chance.shuffled(WEEKDAYS, "slot", name)[0]
    hour = 18 + int(ledger.chance.fraction("hour", name) * 10)
    return Broadcast(day=day, time=f"{hour:02d}:30", timezone="Asia/Tokyo")


def _drop(ledger: Ledger, anime_id: UUID, at: datetime) -> bool:
    count = ledger.now(anime_id, "episode_count")
    coming = ledger.now(anime_id, "next_airing")
    number = coming.number if isinstance(coming, NextAiring) else 1
    if ledger.now(anime_id, "status") not in (AnimeStatus.ONGOING, AnimeStatus.UPCOMING) or not count:
        return False
    # This week's broadcasts are still to be written: two more than the next one stay ahead of them.
    if count - 1 < number + _DROP_MIN_LEFT:
        return False
    ledger.write(ChangeKind.EPISODE_COUNT_DROPPED, anime_id, "episode_count", count - 1, at)
    return True


def _describe(ledger: Ledger, character_id: UUID, at: datetime) -> bool:
    before = ledger.now(character_id, "description") or ""
    trait = next((text for text in ledger.chance.shuffled(_TRAITS, character_id, at) if text not in before), None)
    if trait is None:
        return False
    ledger.write(ChangeKind.CHARACTER_DESCRIBED, character_id, "description", f"{before} {trait}".strip(), at)
    return True


def _voice(ledger: Ledger, character_id: UUID, at: datetime) -> bool:
    before = ledger.now(character_id, "voice_actors") or []
    heard = {actor.name for actor in before}
    name = next((one for one in ledger.chance.shuffled(_VOICES, character_id, at) if one not in heard), None)
    if name is None:
        return False
    language = ledger.chance.shuffled(_LANGUAGES, character_id, name)[0]
    actor = VoiceActor(id=str(derived_number("person", name)), name=name, language=language)
    ledger.write(ChangeKind.VOICE_ACTOR_JOINED, character_id, "voice_actors", [*before, actor], at)
    return True
