"""One event as a person reads it: a title and a few words. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from contracts import subjects
from contracts.codec import PoisonMessage
from contracts.events import AnimeUpdatedEvent, CharacterUpdatedEvent, EpisodeAiredEvent, Event

TOLD: Final = (subjects.EPISODE_AIRED, subjects.ANIME_UPDATED, subjects.CHARACTER_UPDATED)


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that was told: its place in the order of telling, when, of whom, and what."""

    number: int
    at: datetime
    kind: str
    entity_id: str
    title: str
    text: str
    fields: tuple[str, ...] = ()


def happening(number: int, title: str | None, event: Event | PoisonMessage) -> Happening | None:
    """The event in words; None for one that tells nothing of a title."""
    match event:
        case EpisodeAiredEvent():
            text = f"episode {event.episode.episode_number} has aired, says {event.source}"
            return _of(number, event, "episode", str(event.anime_id), title, text)
        case AnimeUpdatedEvent():
            kind = "score" if event.score is not None else "anime"
            return _of(number, event, kind, str(event.anime_id), title, _changed(event), event.changed_fields)
        case CharacterUpdatedEvent():
            return _of(
                number, event, "character", str(event.character_id), title, _changed(event), event.changed_fields
            )
        case _:
            return None


def _of(
    number: int, event: Event, kind: str, entity_id: str, title: str | None, text: str, fields: list[str] | None = None
) -> Happening:
    return Happening(number, event.timestamp, kind, entity_id, title or entity_id, text, tuple(fields or ()))


def _changed(event: AnimeUpdatedEvent | CharacterUpdatedEvent) -> str:
    names = [name.replace("_", " ") for name in event.changed_fields]
    if isinstance(event, AnimeUpdatedEvent) and event.score is not None:
        mean = event.score.arithmetic_geometric_mean
        names = [f"score {mean:.2f}" if name == "score" and mean is not None else name for name in names]
        names = [name for name in names if name != "statistics"]
    if isinstance(event, AnimeUpdatedEvent) and event.status is not None:
        names = [f"status {event.status.value}" if name == "status" else name for name in names]
    held = f"; to be held: {', '.join(sorted({flag.rule for flag in event.risks}))}" if event.risks else ""
    return f"{', '.join(names)}, says {event.source}{held}"
