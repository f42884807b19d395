"""One row of the schedule as a value: what is due for an entity of a workflow, and what became of the last look."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from contracts.ids import derived_id
from contracts.workflow import Confidence, Due, MissReason


class Key(NamedTuple):
    """What a row is unique by."""

    workflow: str
    entity_id: str


@dataclass(frozen=True, slots=True)
class Miss:
    """A slot that passed without a look."""

    workflow: str
    entity_id: str
    due_at: datetime
    reason: MissReason
    at: datetime


@dataclass(frozen=True, slots=True)
class Row:
    """The row. `plan_version` rises with every change of what is due; `timer_due_at` is set while a timer is out."""

    workflow: str
    entity_id: str
    due_at: datetime | None = None
    slot_at: datetime | None = None
    attempt: int = 1
    reason: str = ""
    confidence: Confidence = Confidence.HIGH
    policy: dict[str, Any] | None = None
    plan_version: int = 0
    paused_at: datetime | None = None
    paused_reason: str | None = None
    resumed_at: datetime | None = None
    resumed_reason: str | None = None
    running_tick: UUID | None = None
    running_sequence: int | None = None
    running_slot_at: datetime | None = None
    running_since: datetime | None = None
    buffered: bool = False
    backfill: tuple[datetime, ...] = ()
    last_tick: UUID | None = None
    last_slot_at: datetime | None = None
    last_run_at: datetime | None = None
    last_outcome: str | None = None
    timer_due_at: datetime | None = None
    timer_number: int = 0
    timer_queued_at: datetime | None = None

    @property
    def key(self) -> Key:
        """Workflow and entity."""
        return Key(self.workflow, self.entity_id)

    @property
    def tick(self) -> UUID | None:
        """The id of the tick that this row waits for or runs."""
        if self.due_at is None:
            return None
        return tick_id(self.workflow, self.entity_id, self.due_at, self.attempt, self.plan_version)

    def due(self, due: Due | None) -> Row:
        """The row with another look to come, and its timer to be set anew."""
        plan_version = self.plan_version + 1
        if due is None:
            return replace(self, plan_version=plan_version, timer_due_at=None, due_at=None, slot_at=None, attempt=1)
        return replace(
            self,
            plan_version=plan_version,
            timer_due_at=None,
            due_at=due.at.astimezone(UTC),
            slot_at=due.slot.astimezone(UTC),
            attempt=due.attempt,
            reason=due.reason,
            confidence=due.confidence,
        )


def tick_id(workflow: str, entity_id: str, due_at: datetime, attempt: int, plan_version: int) -> UUID:
    """The id of a tick: the same on every machine and after every crash.

    The plan belongs to it, because two plans may name one instant: somebody triggers twice, or a clock is set back.
    """
    return _tick_id(workflow, entity_id, due_at.isoformat(), attempt, plan_version)


# One look asks for its id some ten times. Kept by the text of the instant: equal instants may be written differently.
@lru_cache(maxsize=4_096)
def _tick_id(workflow: str, entity_id: str, due_at: str, attempt: int, plan_version: int) -> UUID:
    return derived_id("tick", workflow, entity_id, due_at, attempt, plan_version)
