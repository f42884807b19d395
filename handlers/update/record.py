"""What looks found becomes events of the outbox, in the transaction that ends the looks; the breaker has the last word.

One statement for all events of a batch. The breakers' rows are locked while they are counted, so that looks of several
processes count together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import orjson

from contracts import codec, subjects
from contracts.events import AnimeUpdatedEvent, CharacterUpdatedEvent, EpisodeAiredEvent
from contracts.ids import outbox_bucket
from handlers.postgres import Connection, outage
from handlers.update.belief import sources_of
from handlers.update.breaker import BreakerPolicy, BreakerState, Bucket, Turn, after_look, let_through, shares
from handlers.update.change import FieldChange
from handlers.update.events import Cause, anime_events, character_events, episode_events
from handlers.update.look import Found, Notice, NoticeKind, Part
from handlers.update.sql import query

Event = AnimeUpdatedEvent | CharacterUpdatedEvent | EpisodeAiredEvent
_SUBJECTS: Final = {
    AnimeUpdatedEvent: subjects.ANIME_UPDATED,
    CharacterUpdatedEvent: subjects.CHARACTER_UPDATED,
    EpisodeAiredEvent: subjects.EPISODE_AIRED,
}


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was queued, and what people should hear of once it is committed."""

    events: int
    notices: tuple[Notice, ...] = ()


async def record(connection: Connection, found: Sequence[Found], now: datetime, policy: BreakerPolicy) -> Recorded:
    """Queue the events of looks that count. Raises Outage while PostgreSQL is away."""
    heard = sorted({source for one in found for part in one.parts for source in part.heard})
    states = await _locked(connection, heard) if heard else {}
    events: list[Event] = []
    notices: list[Notice] = []
    for one in found:
        cause = Cause(one.look.tick_id, now, one.look.tick_id)
        for part in one.parts:
            states, passed, turns = counted(states, part, now, policy)
            notices += turns
            events += _events(part, passed, cause)
    await _save(connection, states)
    await _queue(connection, events)
    return Recorded(len(events), tuple(notices))


def counted(
    states: Mapping[str, BreakerState], part: Part, now: datetime, policy: BreakerPolicy
) -> tuple[dict[str, BreakerState], list[FieldChange], list[Notice]]:
    """Count one look at one entity for every source that spoke; gives what goes on, and who turned."""
    after, notices, stopped = dict(states), list[Notice](), list[FieldChange]()
    for source in sorted(part.heard):
        # Also what it says with others: both doors to one platform show the same damage.
        own = [one for one in part.changes if source in sources_of(one.source)]
        after[source], turn = after_look(states[source], own, now, policy)
        if turn is not None:
            notices.append(_turned(source, after[source], turn))
        kept = let_through(after[source], own)
        stopped += [one for one in own if one not in kept]
    return after, [one for one in part.changes if one not in stopped], notices


def _turned(source: str, state: BreakerState, turn: Turn) -> Notice:
    titles, risky, blanked = shares(state)
    if turn is Turn.CLOSED:
        return Notice(NoticeKind.BREAKER_CLOSED, source, f"{source} behaves again; its risky changes are taken again")
    text = (
        f"{source} changes too much: of {titles} titles looked at, {risky:.0%} have risky changes and {blanked:.0%} "
        "lose a text; its risky changes are not taken until that is over, everything else goes on"
    )
    return Notice(NoticeKind.BREAKER_OPENED, source, text)


def _events(part: Part, changes: Sequence[FieldChange], cause: Cause) -> list[Event]:
    if part.kind == "character":
        return list[Event](character_events(part.entity_id, part.base_version, changes, cause))
    aired = episode_events(part.entity_id, part.episodes, cause)
    return [*anime_events(part.entity_id, part.base_version, changes, cause), *aired]


async def _locked(connection: Connection, sources: Sequence[str]) -> dict[str, BreakerState]:
    with outage():
        rows = await connection.fetch(query("lock_breakers"), sources)
    return {row["source"]: BreakerState(_buckets(row["buckets"]), row["opened_at"]) for row in rows}


def _buckets(text: str) -> tuple[Bucket, ...]:
    return tuple(replace(Bucket(**one), since=datetime.fromisoformat(one["since"])) for one in orjson.loads(text))


async def _save(connection: Connection, states: Mapping[str, BreakerState]) -> None:
    if states:
        rows = [(name, orjson.dumps(state.buckets).decode(), state.opened_at) for name, state in states.items()]
        with outage():
            await connection.execute(query("save_breakers"), *_columns(rows, 3))


async def _queue(connection: Connection, events: Sequence[Event]) -> None:
    if events:
        with outage():
            await connection.execute(query("queue_events"), *_columns([_row(event) for event in events], 7))


def _row(event: Event) -> tuple[Any, ...]:
    is_character = isinstance(event, CharacterUpdatedEvent)
    entity_id = event.character_id if isinstance(event, CharacterUpdatedEvent) else event.anime_id
    kind = "character" if is_character else "anime"
    bucket, payload = outbox_bucket(entity_id), codec.encode(event)
    return event.event_id, bucket, _SUBJECTS[type(event)], kind, entity_id, event.causation_id, payload


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [[row[at] for row in rows] for at in range(width)]
