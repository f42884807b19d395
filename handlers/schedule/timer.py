"""The held message that NATS fires into a tick (ADR-51). Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from contracts import codec, subjects
from contracts.events import ScheduleTickEvent
from contracts.ids import derived_id, outbox_bucket
from contracts.workflow import Policy
from handlers.schedule.plan import SLACK_S, fires_at
from handlers.schedule.row import Row

# Ticks stay this long after they fired, for whoever was away (data-model.md, "Streams and subjects").
TICK_TTL_S: Final = 7 * 86_400
SCHEDULE: Final = "Nats-Schedule"
TICK: Final = "Echora-Tick"
DUE_AT: Final = "Echora-Due-At"
ATTEMPT: Final = "Echora-Attempt"
PLAN: Final = "Echora-Plan"

RealTime = Callable[[datetime], datetime]
"""The machine's instant at which the program's clock shows another: itself, unless a world runs faster."""


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer as a row of the outbox. `event_id` differs with every setting, or NATS would drop it as known."""

    event_id: UUID
    entity_id: UUID
    bucket: int
    subject: str
    headers: dict[str, str]
    payload: bytes


def subject_of(workflow: str, entity_id: str) -> str:
    """Where the timer of a row is held; one per row, so that another one replaces it."""
    return f"{subjects.SCHEDULE_TIMER}.{workflow}.{entity_id}"


def rfc3339(instant: datetime) -> str:
    """An instant as NATS reads it, to the microsecond."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def timer_of(row: Row, policy: Policy, now: datetime, real: RealTime, slack_s: float = SLACK_S) -> Timer:
    """The timer of a row that is due. The server strips the message id when it fires, so ours travel beside it."""
    tick_id = row.tick
    if row.due_at is None or tick_id is None:
        raise ValueError(f"schedule {row.workflow} {row.entity_id} has nothing due, so it has no timer")
    outbox_id = derived_id("schedule", row.workflow, row.entity_id)
    tick = ScheduleTickEvent(
        event_id=tick_id,
        timestamp=now,
        workflow=row.workflow,
        entity_id=row.entity_id,
        due_at=row.due_at,
        attempt=row.attempt,
        plan_version=row.plan_version,
        reason=row.reason or None,
    )
    fire_at = fires_at(policy, row.workflow, row.entity_id, row.due_at, now, slack_s)
    headers = {
        SCHEDULE: f"@at {rfc3339(real(fire_at))}",
        "Nats-Schedule-Target": f"{subjects.SCHEDULE_DUE}.{row.workflow}",
        "Nats-Schedule-TTL": f"{TICK_TTL_S}s",
        TICK: str(tick_id),
        DUE_AT: rfc3339(row.due_at),
        ATTEMPT: str(row.attempt),
        PLAN: str(row.plan_version),
    }
    return Timer(
        derived_id("timer", tick_id, row.timer_number),
        outbox_id,
        outbox_bucket(outbox_id),
        subject_of(row.workflow, row.entity_id),
        headers,
        codec.encode(tick),
    )
