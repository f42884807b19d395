"""What the steps that bring episodes share: writing them, and raising the announced total."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from contracts import subjects
from contracts.events import CausedEvent
from handlers.persist import rows, sync
from handlers.persist.columns import EPISODE
from handlers.persist.rows import Entity, EpisodeKey
from handlers.persist.sql import query
from handlers.postgres import Connection


def raise_episode_count(anime: Entity, episode_number: int) -> None:
    """An episode beyond the announced total raises it; an unknown total stays unknown.

    Whoever announced the total stays its source: what counts is the higher of the last announcement and the highest
    episode, in whatever order they come.
    """
    total = anime.held.values.get("episode_count")
    if total is not None and episode_number > total:
        anime.held.assign("episode_count", episode_number)


async def keep_episode_counts(connection: Connection, anime: Iterable[Entity]) -> None:
    """An announced total below the highest episode that is there gives way to it."""
    announced = {one.id: one for one in anime if not one.is_new and "episode_count" in one.held.changed}
    for anime_id, number in (await highest_episodes(connection, announced)).items():
        raise_episode_count(announced[anime_id], number)


async def highest_episodes(connection: Connection, anime_ids: Iterable[UUID]) -> dict[UUID, int]:
    """The highest episode number that each of these anime has; none for those without episodes."""
    wanted = list(anime_ids)
    found = await connection.fetch(query("highest_episodes"), wanted) if wanted else []
    return {row["anime_id"]: row["number"] for row in found}


async def write_episodes(
    connection: Connection, episodes: Mapping[EpisodeKey, Entity], causes: Mapping[UUID, CausedEvent]
) -> None:
    """Insert and update episodes, and queue what changed for the index. `causes` names the event per episode id."""
    changed = {key: entity for key, entity in episodes.items() if entity.held.changed or entity.is_new}
    for entity in changed.values():
        entity.raise_version()
    keys = {entity.id: {"anime_id": str(key[0]), "episode_number": key[1]} for key, entity in changed.items()}
    await rows.insert(connection, EPISODE, list(changed.values()), keys)
    await rows.write(connection, EPISODE, list(episodes.values()))
    await _airings(connection, changed)
    await sync.queue(connection, [_synced(key, entity, causes) for key, entity in changed.items()])


def _synced(key: EpisodeKey, entity: Entity, causes: Mapping[UUID, CausedEvent]) -> sync.Sync:
    cause = causes.get(entity.id)
    return sync.Sync(
        subjects.EPISODE_SYNCED,
        "episode",
        entity.id,
        "upsert",
        tuple(sorted(entity.held.changed)),
        entity.version,
        cause.event_id if cause else None,
        cause.correlation_id if cause else None,
        parent_id=key[0],
    )


async def _airings(connection: Connection, changed: Mapping[EpisodeKey, Entity]) -> None:
    aired = [
        (entity.id, datetime.fromisoformat(entity.held.values["aired"]))
        for entity in changed.values()
        if "aired" in entity.held.changed and entity.held.values.get("aired")
    ]
    if aired:
        await connection.execute(query("enter_airings"), [row[0] for row in aired], [row[1] for row in aired])
