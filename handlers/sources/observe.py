"""From a raw item to an observation: the adapter says what it means, this adds as of when, and what stays open."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import orjson

from contracts.observation import Observation
from handlers.sources.bodies import Entry
from handlers.sources.notes import Notes
from handlers.sources.port import Ask, Raw, SourceAdapter


def raw_sha256(item: Raw) -> str:
    """The hash of an item, the same however its keys are ordered and whichever batch it came in."""
    return hashlib.sha256(orjson.dumps(item, option=orjson.OPT_SORT_KEYS)).hexdigest()


def observation(
    adapter: SourceAdapter, ask: Ask, external_id: str, item: Raw, entry: Entry, notes: Notes, now: datetime
) -> Observation:
    """The observation that an item is. What was cut off at our page limit is open, as a cut list states nothing."""
    said = adapter.said(ask, external_id, item, notes, now)
    offered = adapter.capability[ask.kind].gives
    asked = offered if ask.fields is None else offered & ask.fields
    errors = {**entry.errors, **said.errors}
    speaks_for = said.speaks_for - set(entry.errors)
    if entry.pages_left:
        cut = dict.fromkeys(speaks_for, "there are more pages than we read")
        errors |= cut
        speaks_for = frozenset()
    return Observation(
        entity=said.entity,
        kind=ask.kind,
        source=adapter.name,
        platform=adapter.platform,
        external_id=external_id,
        anime=said.anime,
        character=said.character,
        episodes=said.episodes,
        latest_aired=said.latest_aired,
        next_episode=said.next_episode,
        next_air_at=said.next_air_at,
        characters=said.characters,
        external_ids=dict(said.external_ids),
        speaks_for=speaks_for,
        open=frozenset(asked) - speaks_for,
        errors=errors,
        observed_at=datetime.fromtimestamp(entry.as_of_s, UTC),
        fetched_at=datetime.fromtimestamp(entry.fetched_at_s, UTC),
        raw_sha256=raw_sha256(item),
        stale=entry.expires_s is not None and entry.expires_s < now.timestamp(),
        pages_left=entry.pages_left,
    )
