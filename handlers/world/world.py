"""The world itself: what a service shows at an instant, looked up fast."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from contracts.model import AnimeRecord
from handlers.world.chance import Chance
from handlers.world.changes import Change, EntityType, Source
from handlers.world.history import History, Shown
from handlers.world.showing import (
    ShownAnime,
    ShownCharacter,
    first_shown,
    with_anime_change,
    with_character_change,
)
from handlers.world.titles import as_records

S = TypeVar("S")


class World:
    """All that follows from (records, seed, origin). Holds no state of its own but what speeds up looking."""

    def __init__(self, records: Iterable[AnimeRecord | Mapping[str, Any]], *, seed: int, origin: datetime) -> None:
        self.records: Sequence[AnimeRecord] = as_records(records)
        self.history = History(self.records, seed, origin)
        self.seed = seed
        self.origin = origin
        self._anime: dict[tuple[Source, UUID], tuple[int, ShownAnime]] = {}
        self._characters: dict[tuple[Source, UUID], tuple[int, ShownCharacter]] = {}

    def at(self, source: Source, now: datetime, renamed_share: float = 0.0) -> Showing:
        """One service at one instant; `renamed_share` of its titles are spoiled (misbehaviour on request)."""
        self.history.reach(now)
        return Showing(self, source, now, renamed_share)

    def truth(self, start: datetime, end: datetime) -> list[Change]:
        """What truly changed in [start, end), by time, with when each service shows it."""
        return self.history.truth(start, end)

    def anime_at(self, source: Source, anime_id: UUID, now: datetime) -> ShownAnime | None:
        """What `source` shows of an anime at `now`, or None when it does not carry it (yet)."""
        title = self.history.titles.get(anime_id)
        since = self.history.born.get((source, anime_id), self.origin)
        born_later = any((one, anime_id) in self.history.born for one in Source)
        if title is None or source not in title.ids or (born_later and now < since):
            return None
        return _folded(
            self._anime, (source, anime_id), self.history.shown(source, anime_id), now,
            lambda: first_shown(title, since), with_anime_change,
        )  # fmt: skip

    def character_at(self, source: Source, character_id: UUID, now: datetime) -> ShownCharacter | None:
        """What `source` shows of a character at `now`; MyAnimeList's own interface has none."""
        character = self.history.characters.get(character_id)
        if character is None or source is Source.MAL:
            return None
        return _folded(
            self._characters, (source, character_id), self.history.shown(source, character_id), now,
            lambda: ShownCharacter(character, self.origin), with_character_change,
        )  # fmt: skip


def _folded(
    kept: dict[tuple[Source, UUID], tuple[int, S]],
    key: tuple[Source, UUID],
    shown: Sequence[Shown],
    now: datetime,
    first: Callable[[], S],
    apply: Callable[[S, Change, datetime], S],
) -> S:
    # Time mostly goes forward: what was folded for an earlier instant is carried on; a step back starts anew.
    upto = bisect_right(shown, now, key=lambda one: one[0])
    done, value = kept.get(key, (0, None))
    if value is None or done > upto:
        done, value = 0, first()
    for when, change in shown[done:upto]:
        value = apply(value, change, when)
    kept[key] = (upto, value)
    return value


class Showing:
    """One service at one instant: the only thing that a dialect reads."""

    def __init__(self, world: World, source: Source, now: datetime, renamed_share: float = 0.0) -> None:
        self.world = world
        self.source = source
        self.now = now
        # A share of all titles that a mass edit has spoiled; 0 but for misbehaviour on request.
        self.renamed_share = renamed_share

    def anime(self) -> list[ShownAnime]:
        """Every anime that the service shows, by its own id."""
        found = [shown for one in self.world.history.titles if (shown := self.anime_by_id(one)) is not None]
        return sorted(found, key=self.number)

    def anime_by_id(self, anime_id: UUID) -> ShownAnime | None:
        """An anime by the catalogue's id."""
        shown = self.world.anime_at(self.source, anime_id, self.now)
        if shown is not None and Chance(self.world.seed).fraction("renamed", anime_id) < self.renamed_share:
            return replace(shown, anime=shown.anime.model_copy(update={"title": f"{shown.anime.title} [renamed]"}))
        return shown

    def anime_by_number(self, number: int) -> ShownAnime | None:
        """An anime by the service's own id."""
        anime_id = self.world.history.by_id.get((self.source, EntityType.ANIME, number))
        return None if anime_id is None else self.anime_by_id(anime_id)

    def number(self, shown: ShownAnime) -> int:
        """The service's own id of an anime."""
        return shown.title.ids[self.source]

    def character_by_id(self, character_id: UUID) -> ShownCharacter | None:
        """A character by the catalogue's id."""
        return self.world.character_at(self.source, character_id, self.now)

    def character_by_number(self, number: int) -> ShownCharacter | None:
        """A character by the service's own id."""
        character_id = self.world.history.by_id.get((self.source, EntityType.CHARACTER, number))
        return None if character_id is None else self.character_by_id(character_id)

    def cast(self, shown: ShownAnime) -> list[ShownCharacter]:
        """The characters of an anime, in the record's order."""
        found = [self.character_by_id(one.id) for one in shown.title.record.characters]
        return [one for one in found if one is not None]

    def works_of(self, shown: ShownCharacter) -> list[ShownAnime]:
        """The anime of a character that the service shows."""
        ids = self.world.history.works_of.get(shown.character.id, [])
        return [one for one in map(self.anime_by_id, ids) if one is not None]


def state(world: World, source: Source, now: datetime) -> dict[UUID, ShownAnime]:
    """All that a service shows at an instant, by the catalogue's id: a function of its arguments alone."""
    return {shown.title.id: shown for shown in world.at(source, now).anime()}
