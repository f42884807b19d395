"""What to do about a tick: the row knows whether it is due, late, doubled or from an older plan. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from contracts.events import ScheduleTickEvent
from contracts.workflow import Due, MissReason, Overlap, Policy
from handlers.schedule.plan import SLACK_S, CatchUp, catch_up
from handlers.schedule.row import Key, Row, tick_id


@dataclass(frozen=True, slots=True)
class Tick:
    """A tick that was delivered. `sequence` is its message's in the stream: a redelivery has the same one."""

    workflow: str
    entity_id: str
    due_at: datetime
    attempt: int
    plan_version: int = 0
    sequence: int = 0

    @property
    def id(self) -> UUID:
        """Derived from what it is for, so that the same look has the same id whoever sends it."""
        return tick_id(self.workflow, self.entity_id, self.due_at, self.attempt, self.plan_version)

    @property
    def key(self) -> Key:
        """Workflow and entity."""
        return Key(self.workflow, self.entity_id)


def tick_of(event: ScheduleTickEvent, sequence: int = 0) -> Tick:
    """The tick that an event carries."""
    return Tick(event.workflow, event.entity_id, event.due_at, event.attempt, event.plan_version, sequence)


class Ignored(StrEnum):
    """Why a tick is acknowledged and nothing is done."""

    UNKNOWN = "there is no such schedule"
    DONE = "this tick was handled before"
    DOUBLED = "the same tick is being handled under another message"
    OLDER_PLAN = "the tick is from an older plan"
    BUFFERED = "a look is under way; one more follows it"


@dataclass(frozen=True, slots=True)
class Run:
    """Do the work; `slot_at` is the slot that it stands for."""

    slot_at: datetime


@dataclass(frozen=True, slots=True)
class Ignore:
    """Acknowledge, do nothing."""

    reason: Ignored


@dataclass(frozen=True, slots=True)
class Missed:
    """Acknowledge, do nothing, and record the slots as missed; `instead` is due next when the plan changes."""

    reason: MissReason
    slots: tuple[datetime, ...]
    instead: Due | None = None
    replans: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """The tick came before its time, by our clock: ask for it again then."""

    until: datetime


Decision = Run | Ignore | Missed | Wait


def decide(row: Row | None, tick: Tick, policy: Policy, now: datetime, slack_s: float = SLACK_S) -> Decision:
    """Judge one tick by its row.

    A redelivered tick runs again: NATS delivers again only when the delivery before was given up, and whichever
    finishes first has the only effect (moves.finished).
    """
    if row is None:
        return Ignore(Ignored.UNKNOWN)
    if tick.id == row.last_tick:
        return Ignore(Ignored.DONE)
    busy = row.running_tick is not None and not is_stale(row, policy, now)
    if row.running_tick == tick.id and row.running_slot_at is not None:
        if busy and tick.sequence != row.running_sequence:
            return Ignore(Ignored.DOUBLED)
        return Run(row.running_slot_at)
    if row.due_at is None or tick.id != row.tick:
        return Ignore(Ignored.OLDER_PLAN)
    slot = row.slot_at or row.due_at
    if row.paused_at is not None:
        return Missed(MissReason.PAUSED, (slot,))
    if busy:
        is_buffered = policy.overlap is Overlap.BUFFER_ONE
        return Ignore(Ignored.BUFFERED) if is_buffered else Missed(MissReason.OVERLAP, (slot,))
    if row.due_at - now > timedelta(seconds=slack_s):
        return Wait(row.due_at)
    verdict = judged(row, policy, now, slack_s)
    if verdict.runs:
        return Run(slot)
    return Missed(MissReason.DOWN, verdict.missed, verdict.instead, replans=True)


def judged(row: Row, policy: Policy, now: datetime, slack_s: float = SLACK_S) -> CatchUp:
    """What becomes of a row that may be late; a retry that comes too late misses its slot, not its own time."""
    if row.due_at is None:
        return CatchUp(False, (), None)
    verdict = catch_up(policy, row.workflow, row.entity_id, row.due_at, now, slack_s)
    slots = tuple((row.slot_at or slot) if slot == row.due_at else slot for slot in verdict.missed)
    return replace(verdict, missed=slots)


def is_stale(row: Row, policy: Policy, now: datetime) -> bool:
    """Whether the look that runs has taken so long that it must be dead."""
    return row.running_since is not None and now - row.running_since > timedelta(seconds=policy.run_timeout_s)
