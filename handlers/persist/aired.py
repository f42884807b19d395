"""anime.episode.aired: an episode becomes a row, and the announced total rises when it must."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

from contracts import subjects
from contracts.events import EpisodeAiredEvent, Event
from contracts.ids import episode_id
from handlers.persist import rows, saying, sync
from handlers.persist.batch import Outcome, awaited
from handlers.persist.columns import ANIME, EPISODE
from handlers.persist.episodes import raise_episode_count, write_episodes
from handlers.persist.merge import Held, holder, instant, merge
from handlers.persist.rows import Entity, EpisodeKey, new_entity
from handlers.postgres import Connection

_IDENTITY = frozenset({"id", "anime_id", "episode_number"})
_COUNT = frozenset({"episode_count"})


async def apply(connection: Connection, events: Sequence[Event]) -> list[Outcome]:
    """Apply a batch of anime.episode.aired."""
    aired = cast("Sequence[EpisodeAiredEvent]", events)
    anime = await rows.read(connection, ANIME, (event.anime_id for event in aired), _COUNT)
    keys = [(event.anime_id, event.episode.episode_number) for event in aired if event.anime_id in anime]
    episodes = await rows.read_episodes(connection, keys, EPISODE.fields)
    outcomes: list[Outcome] = []
    causes: dict[UUID, EpisodeAiredEvent] = {}
    for event in aired:
        owner = anime.get(event.anime_id)
        if owner is None:
            outcomes.append(awaited(event, f"anime {event.anime_id}"))
            continue
        if not owner.deleted:
            episode = _merge_episode(episodes, event)
            raise_episode_count(owner, event.episode.episode_number)
            causes[episode.id] = causes[owner.id] = event
        outcomes.append(None)
    await write_episodes(connection, episodes, causes)
    await _write_anime(connection, anime, causes)
    return outcomes


def _merge_episode(episodes: dict[EpisodeKey, Entity], event: EpisodeAiredEvent) -> Entity:
    key = (event.anime_id, event.episode.episode_number)
    entity = episodes.setdefault(key, new_entity(event.episode.id or episode_id(*key)))
    values = saying.given(event.episode, without=_IDENTITY)
    moment = event.aired_at or event.episode.aired
    if moment is not None:
        values["aired"] = instant(moment)
    was_announced = _is_announced(entity.held)
    merge(entity.held, values, saying.of_update(event))
    if was_announced and not _is_announced(entity.held):
        # That an announced episode has aired is news, also when it aired at the very time announced.
        entity.held.changed.add("aired")
    return entity


def _is_announced(held: Held) -> bool:
    """Whether the air date was said before it came: then nobody has said yet that the episode has aired."""
    aired, entry = held.values.get("aired"), holder(held.provenance, "aired", held_now=True)
    return aired is not None and entry is not None and datetime.fromisoformat(entry[1]) < datetime.fromisoformat(aired)


async def _write_anime(
    connection: Connection, anime: dict[UUID, Entity], causes: dict[UUID, EpisodeAiredEvent]
) -> None:
    raised = [entity for entity in anime.values() if entity.held.changed]
    for entity in raised:
        entity.raise_version()
    await rows.write(connection, ANIME, raised)
    await sync.queue(
        connection,
        [
            sync.Sync(
                subjects.ANIME_SYNCED,
                "anime",
                entity.id,
                "upsert",
                tuple(sorted(entity.held.changed)),
                entity.version,
                causes[entity.id].event_id,
                causes[entity.id].correlation_id,
            )
            for entity in raised
        ],
    )
