"""Every workflow on a hand-moved clock: a catalogue and a timetable in memory, moved by the schedule's own rules.

What the integration tests do with servers is done here with values, so that a month takes a moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from contracts.events import AnimeUpdatedEvent, CharacterUpdatedEvent, EpisodeAiredEvent
from contracts.risk import risks_of
from contracts.workflow import Due, MissReason, Workflow
from handlers.schedule import moves
from handlers.schedule.plan import following
from handlers.schedule.row import Key, Miss, Row
from handlers.schedule.tick import Decision, Run, Tick
from handlers.sources.scores import means
from handlers.update.events import Cause, anime_events, character_events, episode_events
from handlers.update.look import Found, Look, Notice, Part, Tools, Wishes
from handlers.update.stored import ShowRow, StoredAnime, StoredCharacter, show_of
from handlers.update.workflows import WORKFLOWS
from tests.events import NOON, uid
from tests.unit.update.flows.services import Services
from tests.unit.update.said import applied, record

Event = AnimeUpdatedEvent | CharacterUpdatedEvent | EpisodeAiredEvent
ALL = frozenset({"jikan", "anilist", "kitsu", "mal"})
OPEN_DOORS = frozenset({"jikan", "anilist", "kitsu"})
TRACKING = "episode_air_tracking"
WINDOW = (MissReason.SKIPPED, MissReason.BUDGET)
WEEK = timedelta(weeks=1)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def weekly(numbers: Iterable[int], last_at: datetime) -> dict[int, datetime | None]:
    """Episodes that aired weekly, the last one then."""
    known = sorted(numbers)
    return {number: last_at - WEEK * (known[-1] - number) for number in known}


@dataclass
class Catalogue:
    """The port `Records`, and what persist makes of events."""

    anime_by_id: dict[UUID, StoredAnime] = field(default_factory=dict)
    characters_by_id: dict[UUID, StoredCharacter] = field(default_factory=dict)
    skipped: set[UUID] = field(default_factory=set)
    untracked: set[UUID] = field(default_factory=set)

    async def anime(self, ids: Sequence[UUID]) -> Mapping[UUID, StoredAnime]:
        return {one: self.anime_by_id[one] for one in ids if one in self.anime_by_id}

    async def characters(self, ids: Sequence[UUID]) -> Mapping[UUID, StoredCharacter]:
        return {one: self.characters_by_id[one] for one in ids if one in self.characters_by_id}

    async def scored(
        self, ended_since: datetime, after: UUID | None, until: UUID | None, rows_max: int
    ) -> Sequence[UUID]:
        found = [
            one.id
            for one in self.anime_by_id.values()
            if _is_scored(one.current.values, ended_since)
            and (after is None or one.id > after)
            and (until is None or one.id <= until)
        ]
        return sorted(found)[:rows_max]

    async def shows(self, after: UUID | None, rows_max: int) -> Sequence[ShowRow]:
        ids = sorted(one for one in self.anime_by_id if after is None or one > after)
        return [self._show_row(self.anime_by_id[one]) for one in ids[:rows_max]]

    async def people(self, after: UUID | None, rows_max: int) -> Sequence[UUID]:
        return sorted(one for one in self.characters_by_id if after is None or one > after)[:rows_max]

    def _show_row(self, one: StoredAnime) -> ShowRow:
        values = one.current.values
        total = values.get("episode_count") if values.get("status") == "ONGOING" else None
        ends = [at for number, at in one.episodes.items() if total and number >= total and at is not None]
        is_untracked = one.id in self.untracked
        return ShowRow(one.id, show_of(one.id, values), one.id in self.skipped, min(ends, default=None), is_untracked)

    def take(self, part: Part) -> None:
        """What persist does: the risky waits, the rest is applied."""
        safe = [one for one in part.changes if not risks_of(one.field, one.old, one.new)]
        if part.kind == "character":
            person = self.characters_by_id[part.entity_id]
            self.characters_by_id[part.entity_id] = replace(person, current=applied(person.current, safe))
            return
        stored = self.anime_by_id[part.entity_id]
        episodes = {**stored.episodes, **{one.number: one.aired_at for one in part.episodes}}
        current = replace(applied(stored.current, safe), highest_episode=max(episodes, default=None))
        self.anime_by_id[part.entity_id] = replace(stored, current=current, episodes=episodes)


def _is_scored(values: Mapping[str, Any], ended_since: datetime) -> bool:
    dates = values.get("aired_dates") or {}
    ended = dates.get("aired_to") or dates.get("aired_from")
    is_fresh = ended is not None and datetime.fromisoformat(ended) >= ended_since
    return values.get("status") == "ONGOING" or (values.get("status") == "FINISHED" and is_fresh)


@dataclass
class House:
    """The clock, the catalogue, the sources and the timetable of a test."""

    # Later than what the records of these tests rest on.
    now: datetime = NOON + timedelta(hours=1)
    sources: frozenset[str] = OPEN_DOORS
    wishes: Wishes = field(default_factory=Wishes)
    catalogue: Catalogue = field(default_factory=Catalogue)
    rows: dict[Key, Row] = field(default_factory=dict)
    misses: list[Miss] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    looks: list[tuple[datetime, Key, str]] = field(default_factory=list)
    workflows: dict[str, Workflow] = field(default_factory=lambda: {n: f.workflow for n, f in WORKFLOWS.items()})
    services: Services = field(init=False)

    def __post_init__(self) -> None:
        self.services = Services(lambda: self.now)

    def show(
        self, name: str, episodes: Mapping[int, datetime | None] | None = None, number: int = 1, /, **values: Any
    ) -> UUID:
        """Put an anime into the catalogue, with the ids m<number> and so on; `external_ids` may differ."""
        ids = {"mal": f"{number}", "anilist": f"{1000 + number}", "kitsu": f"{2000 + number}"}
        kept = {"title": name, "status": "ONGOING", "external_ids": ids} | values
        current = record("enrichment", 0, **{key: value for key, value in kept.items() if value is not None})
        highest = max(episodes or {}, default=None)
        anime_id = uid(name)
        self.catalogue.anime_by_id[anime_id] = StoredAnime(
            anime_id, replace(current, highest_episode=highest), dict(episodes or {})
        )
        return anime_id

    def tools(self) -> Tools:
        return Tools(self.services, self.catalogue, self.plan, means, lambda: self.now, self.sources, self.wishes)

    async def plan(self, workflow: str, plans: Mapping[str, Due | None]) -> int:
        """The port `Plan`, by the rules of the schedule."""
        changed = 0
        for entity_id, wanted in plans.items():
            key = Key(workflow, entity_id)
            due = wanted or following(self.workflows[workflow].policy, workflow, entity_id, self.now)
            assert due is not None, f"{workflow} has no interval"
            before = self.rows.get(key, Row(workflow, entity_id))
            self.rows[key] = moves.planned(before, due, self.now)
            changed += self.rows[key] is not before
        return changed

    async def look(
        self, workflow: str, entity: UUID | str, reason: str = "", *, slot_at: datetime | None = None, attempt: int = 1
    ) -> Found:
        """One look by itself; nothing is applied."""
        look = Look(uid("tick", workflow, entity, attempt), str(entity), slot_at or self.now, attempt, reason)
        (found,) = await WORKFLOWS[workflow].run([look], self.tools())
        assert found.look == look
        return found

    def apply(self, found: Found) -> list[Event]:
        """What persist does with what a look found; gives the events that told it."""
        told = events_of(found, self.now)
        self.events += told
        for part in found.parts:
            self.catalogue.take(part)
        return told

    async def fire(self, *keys: Key) -> list[Decision]:
        """The ticks of these rows of one workflow come now, and are done as the program does them."""
        flow = WORKFLOWS[keys[0].workflow]
        policy = self.workflows[keys[0].workflow].policy
        ticks = [tick_for(self.rows[key]) for key in keys]
        decisions: list[Decision] = []
        running: list[tuple[Tick, Look]] = []
        for tick in ticks:
            reason = self.rows[tick.key].reason
            decision, moved = moves.begun(self.rows[tick.key], tick, policy, self.now)
            decisions.append(decision)
            if moved is not None:
                self._moved(moved)
            if isinstance(decision, Run):
                running.append((tick, Look(tick.id, tick.entity_id, decision.slot_at, tick.attempt, reason)))
        if not running:
            return decisions
        found = await flow.run([look for _, look in running], self.tools())
        for (tick, look), one in zip(running, found, strict=True):
            self.looks.append((self.now, tick.key, look.reason))
            end = moves.finish_of(tick, look.slot_at, one.end, policy, self.now)
            moved = moves.finished(self.rows[tick.key], end, self.now)
            assert moved is not None
            self._moved(moved)
            self.notices += one.notices if end.miss is not None else ()
            self.apply(one)
            for workflow, plans in one.plans.items():
                await self.plan(workflow, plans)
        return decisions

    async def run_until(self, until: datetime) -> None:
        """Let every tick come at its time, those of one workflow and instant together."""
        for _ in range(100_000):
            due = [row for row in self.rows.values() if row.due_at is not None and row.due_at <= until]
            if not due:
                break
            first = min(due, key=lambda row: (row.due_at or until, row.workflow))
            self.now = max(self.now, first.due_at or until)
            together = [row.key for row in due if row.workflow == first.workflow and (row.due_at or until) <= self.now]
            await self.fire(*together)
        self.now = until

    def row(self, entity: UUID | str, workflow: str = TRACKING) -> Row:
        return self.rows[Key(workflow, str(entity))]

    def aired(self) -> list[int]:
        """The numbers of the episodes that were told, in order."""
        return [one.episode.episode_number for one in self.events if isinstance(one, EpisodeAiredEvent)]

    def changed(self) -> list[tuple[str, ...]]:
        """The fields of the changes that were told, in order."""
        return [tuple(one.changed_fields) for one in self.events if not isinstance(one, EpisodeAiredEvent)]

    def _moved(self, moved: moves.Moved) -> None:
        self.rows[moved.row.key] = moved.row
        self.misses += moved.misses
        if moved.row.workflow == TRACKING:
            last = (moved.row.entity_id, moved.row.last_slot_at)
            is_skipped = any((m.entity_id, m.due_at, m.reason) in [(*last, one) for one in WINDOW] for m in self.misses)
            entity = UUID(moved.row.entity_id)
            (self.catalogue.skipped.add if is_skipped else self.catalogue.skipped.discard)(entity)


def tick_for(row: Row) -> Tick:
    assert row.due_at is not None, f"{row.key} has nothing due"
    return Tick(row.workflow, row.entity_id, row.due_at, row.attempt, row.plan_version)


def events_of(found: Found, now: datetime) -> list[Event]:
    """The events that tell what a look found."""
    cause = Cause(found.look.tick_id, now, found.look.tick_id)
    told: list[Event] = []
    for part in found.parts:
        if part.kind == "character":
            told += character_events(part.entity_id, part.base_version, part.changes, cause)
        else:
            told += anime_events(part.entity_id, part.base_version, part.changes, cause)
            told += episode_events(part.entity_id, part.episodes, cause)
    return told
