"""Names of subjects, and which event each carries."""

from __future__ import annotations

from typing import Final

from contracts import advisories, events

ANIME_ENRICHED: Final = "anime.enriched"
ANIME_UPDATED: Final = "anime.updated"
EPISODE_AIRED: Final = "anime.episode.aired"
CHARACTER_UPDATED: Final = "character.updated"

ANIME_CREATED: Final = "anime.created"
ANIME_SYNCED: Final = "anime.synced"
ANIME_DELETED: Final = "anime.deleted"
CHARACTER_SYNCED: Final = "character.synced"
EPISODE_SYNCED: Final = "episode.synced"

REVIEW_READY: Final = "ingestion.review.ready"

DEAD_LETTERS: Final = "anime.dlq"
SCHEDULE_TIMER: Final = "anime.schedule.timer"
SCHEDULE_DUE: Final = "anime.schedule.due"

EVENT_OF: Final[dict[str, type[events.Event]]] = {
    ANIME_ENRICHED: events.AnimeEnrichedEvent,
    ANIME_UPDATED: events.AnimeUpdatedEvent,
    EPISODE_AIRED: events.EpisodeAiredEvent,
    CHARACTER_UPDATED: events.CharacterUpdatedEvent,
    ANIME_CREATED: events.AnimeCreatedEvent,
    ANIME_SYNCED: events.AnimeSyncedEvent,
    ANIME_DELETED: events.AnimeDeletedEvent,
    CHARACTER_SYNCED: events.CharacterSyncedEvent,
    EPISODE_SYNCED: events.EpisodeSyncedEvent,
    REVIEW_READY: events.ReviewReadyEvent,
}

_EVENT_OF_PREFIX: Final[tuple[tuple[str, type[events.Event]], ...]] = (
    (f"{DEAD_LETTERS}.", events.DeadLetterEvent),
    (f"{SCHEDULE_TIMER}.", events.ScheduleTickEvent),
    (f"{SCHEDULE_DUE}.", events.ScheduleTickEvent),
    (advisories.PREFIX, advisories.AdvisoryEvent),
)


def event_of(subject: str) -> type[events.Event] | None:
    """The event type that `subject` carries, None for a subject that is not ours."""
    exact = EVENT_OF.get(subject)
    if exact is not None:
        return exact
    return next((event for prefix, event in _EVENT_OF_PREFIX if subject.startswith(prefix)), None)
