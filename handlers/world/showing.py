"""What a service shows of an entity: the settled record with the changes that have become visible there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from contracts.model import Anime, Character, Episode
from handlers.world.changes import Change, NextAiring
from handlers.world.titles import Title


@dataclass(frozen=True, slots=True)
class ShownAnime:
    """An anime as one service shows it at one instant; `changed_at` is when it last showed something new."""

    title: Title
    anime: Anime
    episodes: tuple[Episode, ...]
    next_airing: NextAiring | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class ShownCharacter:
    """A character as one service shows it at one instant."""

    character: Character
    changed_at: datetime


def first_shown(title: Title, since: datetime) -> ShownAnime:
    """An anime before any change; `since` is when the service began to show it."""
    return ShownAnime(title, title.record.anime, tuple(title.record.episodes), title.first_next, since)


def with_anime_change(shown: ShownAnime, change: Change, when: datetime) -> ShownAnime:
    """The anime once `change` shows."""
    if change.field == "episodes":
        return replace(shown, episodes=_with_episode(shown.episodes, change.new), changed_at=when)
    if change.field == "next_airing":
        return replace(shown, next_airing=change.new, changed_at=when)
    name, _, platform = change.field.partition(".")
    value = {**(shown.anime.statistics or {}), platform: change.new} if platform else change.new
    return replace(shown, anime=shown.anime.model_copy(update={name: value}), changed_at=when)


def with_character_change(shown: ShownCharacter, change: Change, when: datetime) -> ShownCharacter:
    """The character once `change` shows."""
    return ShownCharacter(shown.character.model_copy(update={change.field: change.new}), when)


def _with_episode(episodes: tuple[Episode, ...], aired: Episode) -> tuple[Episode, ...]:
    others = [one for one in episodes if one.episode_number != aired.episode_number]
    if others and others[-1].episode_number > aired.episode_number:
        return tuple(sorted([*others, aired], key=lambda one: one.episode_number))
    return (*others, aired)
