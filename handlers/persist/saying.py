"""Who said it and when, read off each kind of event; and the values that an event carries."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from contracts.errors import Refused
from contracts.events import AnimeEnrichedEvent, AnimeUpdatedEvent, Belief, CharacterUpdatedEvent, EpisodeAiredEvent
from handlers.persist.columns import Table
from handlers.persist.merge import JSON, Saying

ENRICHMENT = "enrichment"


def of_enriched(event: AnimeEnrichedEvent) -> Saying:
    """An enriched record was observed when it was enriched, else when the event was made."""
    metadata = event.enrichment_metadata
    enriched_at = metadata.enriched_at if metadata else None
    source = (metadata.source if metadata else None) or ENRICHMENT
    return Saying(source, event.observed_at or enriched_at or event.timestamp, event.event_id)


def of_update(event: AnimeUpdatedEvent | CharacterUpdatedEvent | EpisodeAiredEvent) -> Saying:
    """An update was observed when it says so, else when the event was made."""
    beliefs = {} if isinstance(event, EpisodeAiredEvent) else {name: kept(one) for name, one in event.beliefs.items()}
    return Saying(event.source or ENRICHMENT, event.observed_at or event.timestamp, event.event_id, beliefs)


def kept(belief: Belief) -> JSON:
    """Why a word was believed, as it is stored beside the value; what nobody said takes no room."""
    return belief.model_dump(mode="json", exclude_defaults=True)


def given(part: BaseModel, *, without: frozenset[str] = frozenset()) -> dict[str, JSON]:
    """The values that are there, as JSON; an absent one says nothing. Empty lists say nothing either."""
    dumped = part.model_dump(mode="json", exclude_none=True, exclude=set(without))
    return {name: value for name, value in dumped.items() if value not in ([], {})}


def changes(table: Table, names: list[str], parts: dict[str, Any], label: str) -> dict[str, JSON]:
    """The changed values by field; a name without a value is None, which removes it.

    Raises Refused for a name that is no field: a newer publisher may have sent it, so nothing may be lost silently.
    """
    unknown = sorted(set(names) - table.fields)
    if unknown:
        raise Refused(label, "changed_fields", f"no such field: {', '.join(unknown)}; upgrade this program or replay")
    return {name: parts.get(name) for name in names}
