"""A schedule that answers from memory and remembers what was asked of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.workflow import Confidence, MissReason
from streams.http.problems import NotFound
from streams.http.schedule_models import (
    Acted,
    Backfilled,
    BackfillTick,
    BackfillWish,
    EntitySchedule,
    Governed,
    MissedSlot,
    PauseGroup,
    ScheduledEntity,
    ScheduledLook,
    ScheduleList,
    Section,
    SourceCost,
    Triggered,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
RING = "a14d8236-ea4c-5a2f-8965-58670a85bc90"
LOOK = ScheduledLook(
    workflow="episode_air_tracking",
    entity_id=RING,
    title="The \x1b[31mRing",
    state="waiting",
    due_at=NOW + timedelta(hours=3),
    slot_at=NOW + timedelta(hours=1),
    attempt=2,
    reason="attempt 2 of 4: not out yet",
    confidence=Confidence.MEDIUM,
)
LATE = ScheduledLook(
    workflow="score_part",
    entity_id="part-1",
    state="running",
    due_at=NOW - timedelta(minutes=2),
    slot_at=NOW - timedelta(minutes=2),
    reason="scores of 50 titles",
    confidence=Confidence.HIGH,
)
PAUSED = ScheduledLook(
    workflow="metadata_refresh",
    entity_id=RING,
    title="The Ring",
    state="paused",
    confidence=Confidence.HIGH,
    paused_at=NOW,
    paused_reason="Kitsu moves",
)
MISS = MissedSlot(
    workflow="episode_air_tracking",
    entity_id=RING,
    title="The Ring",
    slot_at=NOW - timedelta(days=7),
    reason=MissReason.BUDGET,
    at=NOW - timedelta(days=6),
)
POLICY: dict[str, Any] = {
    "interval_s": 604_800.0,
    "phase_s": 0.0,
    "jitter_s": 604_800.0,
    "overlap": "buffer_one",
    "catch_up_runs_max": 1,
    "catch_up_age_max_s": 604_800.0,
    "catch_up_spread_s": 86_400.0,
    "retry_wait_s": 21_600.0,
    "retries_max": 2,
    "run_timeout_s": 3_600.0,
}


@dataclass
class Schedule:
    """`asked` holds every call; `busy` are entities of which one look runs and takes no other."""

    asked: list[tuple[Any, ...]] = field(default_factory=list)
    busy: frozenset[str] = frozenset()
    slots: int = 3
    paused: int = 0
    failure: Exception | None = None

    def _ask(self, *what: Any) -> None:
        if self.failure:
            raise self.failure
        self.asked.append(what)

    async def listing(
        self, *, workflow: str | None, title: str | None, sections: Collection[Section], limit: int
    ) -> ScheduleList:
        self._ask("list", workflow, title, tuple(sections), limit)
        return ScheduleList(
            now=NOW,
            due=[LATE, LOOK] if Section.DUE in sections else [],
            misses=[MISS] if Section.MISSES in sections else [],
            paused=[PAUSED] if Section.PAUSED in sections else [],
            pauses=[PauseGroup(workflow="metadata_refresh", reason="Kitsu moves", count=41, since=NOW)],
        )

    async def show(self, entity_id: str, workflow: str | None) -> EntitySchedule | None:
        self._ask("show", entity_id, workflow)
        if entity_id != RING:
            return None
        one = ScheduledEntity(
            **LOOK.model_dump(),
            policy=POLICY,
            own_policy={"retries_max": 2},
            last_run_at=NOW - timedelta(hours=1),
            last_outcome="not out yet",
            resumed_at=NOW - timedelta(hours=2),
            resumed_reason="Kitsu answers",
            backfill=[NOW - timedelta(weeks=weeks) for weeks in range(7)],
        )
        return EntitySchedule(now=NOW, entity_id=RING, title="The Ring", schedules=[one], misses=[MISS])

    async def pause(self, workflow: str, ids: Sequence[str] | None, reason: str) -> Acted:
        self._ask("pause", workflow, ids, reason)
        return Acted(workflow=workflow, changed=41 if ids is None else len(ids))

    async def resume(self, workflow: str, ids: Sequence[str] | None, reason: str | None) -> Acted:
        self._ask("resume", workflow, ids, reason)
        return Acted(workflow=workflow, changed=41 if ids is None else len(ids))

    async def trigger(self, workflow: str, ids: Sequence[str], why: str) -> Triggered:
        self._ask("trigger", workflow, ids, why)
        if "nobody" in ids:
            raise NotFound("there is no anime nobody; nothing was done")
        return Triggered(workflow=workflow, came={one: "overlap" if one in self.busy else "triggered" for one in ids})

    async def policy(self, workflow: str, ids: Sequence[str], own: Mapping[str, Any] | None) -> Governed:
        self._ask("policy", workflow, ids, own)
        counts = POLICY | dict(own or {})
        return Governed(workflow=workflow, ids=list(ids), policy=counts, own_policy=dict(own) if own else None)

    async def backfill(self, workflow: str, wish: BackfillWish) -> Backfilled:
        self._ask("backfill", workflow, wish)
        ticks = [
            BackfillTick(entity_id=RING, title="The Ring", slot_at=NOW - timedelta(days=days + 1))
            for days in range(self.slots)
        ]
        return Backfilled(
            workflow=workflow,
            is_dry=wish.dry_run,
            start=NOW - timedelta(days=7),
            end=NOW,
            entities=1 if ticks else 0,
            paused=self.paused,
            tick_count=len(ticks),
            ticks=ticks,
            costs={"jikan": SourceCost(requests=6, minutes=0.12)} if ticks else {},
        )
