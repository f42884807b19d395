"""The history of the world: week after week of true changes, all of it from (records, seed, origin)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from contracts.model import AnimeRecord
from contracts.model.enums import AnimeStatus
from handlers.world.airing import NOTICE, WEEK, Incident, air_week
from handlers.world.chance import Chance
from handlers.world.changes import Change
from handlers.world.drift import drift_week
from handlers.world.edits import edit_week
from handlers.world.ledger import Ledger

# A show with more episodes than this is a long runner, and never assumed to end.
_LONG_RUNNER = 60
_BLOCK_ENDING_MAX = 3


@dataclass(frozen=True, slots=True)
class Week:
    """One simulated week and everything that truly changed in it, by time."""

    start: datetime
    end: datetime
    changes: tuple[Change, ...]


def simulate(records: Sequence[AnimeRecord], seed: int, origin: datetime) -> Iterator[Week]:
    """Weeks without end (two centuries). Taking more of them never alters those already taken."""
    ledger = opening_ledger(records, seed, origin)
    start = origin
    for week in range(10_000):
        end = start + WEEK
        incidents = cast_incidents(ledger, week, start, end)
        edit_week(ledger, week, start, frozenset(incidents))
        air_week(ledger, incidents, start, end)
        drift_week(ledger, week, start)
        yield Week(start, end, tuple(ledger.drain()))
        start = end


def opening_ledger(records: Sequence[AnimeRecord], seed: int, origin: datetime) -> Ledger:
    """The world as it stands at its origin."""
    ledger = Ledger(Chance(seed), origin)
    for record in records:
        ledger.admit(record)
    return ledger


def cast_incidents(ledger: Ledger, week: int, start: datetime, end: datetime) -> dict[UUID, Incident]:
    """Who is delayed, breaks off, airs two at once and ends this week: one show each, while there are enough."""
    # News comes NOTICE before the slot, and it must lie within the week and be seen before the slot.
    able = [
        one
        for one in ledger.chance.shuffled(list(ledger.titles), "incident", week)
        if (coming := ledger.next_airing(one)) is not None
        and start + NOTICE + timedelta(hours=1) <= coming.at < end
        and ledger.now(one, "status") is AnimeStatus.ONGOING
    ]
    chosen: dict[UUID, Incident] = {}
    for incident in (Incident.ENDING, Incident.DOUBLE, Incident.DELAY, Incident.BREAK):
        fit = [one for one in able if one not in chosen and _fits(ledger, one, incident)]
        if incident is Incident.ENDING:
            fit.sort(key=lambda one: _left(ledger, one))
        if fit:
            chosen[fit[0]] = incident
    return chosen


def _left(ledger: Ledger, anime_id: UUID) -> int:
    # How many episodes an ending would have to air; an open-ended show ends only when no finite one can.
    coming, total = ledger.next_airing(anime_id), ledger.now(anime_id, "episode_count")
    return _BLOCK_ENDING_MAX + 1 if total is None or coming is None else int(total) - coming.number + 1


def _fits(ledger: Ledger, anime_id: UUID, incident: Incident) -> bool:
    coming, total = ledger.next_airing(anime_id), ledger.now(anime_id, "episode_count")
    if coming is None:
        return False
    left = None if total is None else int(total) - coming.number + 1
    if incident is Incident.ENDING:
        return coming.number <= _LONG_RUNNER if left is None else left <= _BLOCK_ENDING_MAX
    # A plain last episode ends its show by itself; incidents go to shows that have more to come.
    return left is None or left > 2
