"""From the schedule's values to the bodies that HTTP answers with. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from contracts.workflow import Policy
from handlers.schedule.desk import Backfill
from handlers.schedule.reading import Listed, ListedMiss, Pauses
from streams.http.schedule_models import (
    Backfilled,
    BackfillTick,
    MissedSlot,
    PauseGroup,
    ScheduledEntity,
    ScheduledLook,
    SourceCost,
)

TICKS_SHOWN_MAX: Final = 5_000


def look(listed: Listed) -> ScheduledLook:
    """A row in a list."""
    return ScheduledLook.model_validate(_plain(listed))


def entity(listed: Listed, policy: Policy) -> ScheduledEntity:
    """A row with its story; `policy` is the one that counts for it."""
    row = listed.row
    return ScheduledEntity.model_validate(
        _plain(listed)
        | {
            "policy": asdict(policy),
            "own_policy": row.policy,
            "running_since": row.running_since,
            "resumed_at": row.resumed_at,
            "resumed_reason": row.resumed_reason,
            "buffered": row.buffered,
            "backfill": list(row.backfill),
            "timer_due_at": row.timer_due_at,
            "last_slot_at": row.last_slot_at,
            "last_run_at": row.last_run_at,
            "last_outcome": row.last_outcome,
        }
    )


def miss(listed: ListedMiss) -> MissedSlot:
    """A missed slot."""
    missed = listed.miss
    return MissedSlot(
        workflow=missed.workflow,
        entity_id=missed.entity_id,
        title=listed.title,
        slot_at=missed.due_at,
        reason=missed.reason,
        at=missed.at,
    )


def pause(found: Pauses) -> PauseGroup:
    """Rows that are paused for one reason."""
    return PauseGroup.model_validate(asdict(found))


def backfilled(
    workflow: str, start: datetime, end: datetime, done: Backfill, titles: Mapping[str, str], paused: int
) -> Backfilled:
    """What a backfill did or would do; `titles` by id, `paused` of its entities."""
    ticks = [
        BackfillTick(entity_id=key.entity_id, title=titles.get(key.entity_id), slot_at=slot)
        for key, slot in done.looks[:TICKS_SHOWN_MAX]
    ]
    return Backfilled(
        workflow=workflow,
        is_dry=done.is_dry,
        start=start,
        end=end,
        entities=len({key for key, _ in done.looks}),
        paused=paused,
        tick_count=len(done.looks),
        ticks=ticks,
        costs={
            source: SourceCost(requests=cost.requests, minutes=cost.minutes)
            for source, cost in sorted(done.costs.items())
        },
    )


def _plain(listed: Listed) -> dict[str, Any]:
    row = listed.row
    return {
        "workflow": row.workflow,
        "entity_id": row.entity_id,
        "title": listed.title,
        "state": listed.state,
        "due_at": row.due_at,
        "slot_at": row.slot_at,
        "attempt": row.attempt,
        "reason": row.reason,
        "confidence": row.confidence,
        "paused_at": row.paused_at,
        "paused_reason": row.paused_reason,
    }
