"""Rows against the timers that NATS holds: which timer is missing, stale, or nobody's. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from contracts.workflow import Policy
from handlers.schedule.plan import SLACK_S
from handlers.schedule.ports import HeldTimer
from handlers.schedule.row import Row
from handlers.schedule.tick import is_stale
from handlers.schedule.timer import RealTime, subject_of

# Two clocks, and an @at that goes through text: what is closer than this fires at the right time.
TOLERANCE_S: Final = 1.0
# A tick that fired this long ago and is neither handled nor waiting to be was lost.
OVERDUE_S: Final = 900.0


@dataclass(frozen=True, slots=True)
class Scene:
    """What a comparison is made against. The first three are by the program's clock, the rest by the machine's."""

    now: datetime
    real: RealTime
    overdue: timedelta
    stream_made_at: datetime
    held: Mapping[str, HeldTimer]
    in_flight: frozenset[str]
    waiting_ticks: Mapping[str, int] = field(default_factory=dict)
    slack_s: float = SLACK_S


def fault(row: Row, policy: Policy, scene: Scene) -> str | None:
    """What is wrong with the timer of a row that says it has one: `missing`, `stale`, `lost`, or None."""
    subject = subject_of(row.workflow, row.entity_id)
    if row.due_at is None or row.timer_queued_at is None or subject in scene.in_flight:
        return None
    held = scene.held.get(subject)
    is_future = row.due_at > scene.now + timedelta(seconds=scene.slack_s)
    if held is not None:
        is_off = _is_off(held, row.due_at, scene) if is_future else _is_too_late(held, policy, scene)
        return "stale" if held.tick != row.tick or is_off else None
    if is_future:
        return "missing"
    return _lost(row, policy, scene)


def nobodys(held: Mapping[str, HeldTimer], owned: Iterable[str], fired_by: datetime) -> list[HeldTimer]:
    """Timers that no row says it has. What has fired by now, on the machine's clock, had one: that look is over."""
    known = set(owned)
    return [
        timer
        for subject, timer in held.items()
        if subject not in known and (timer.fires_at is None or timer.fires_at > fired_by)
    ]


def _is_off(held: HeldTimer, due_at: datetime, scene: Scene) -> bool:
    return held.fires_at is None or abs(held.fires_at - scene.real(due_at)) > timedelta(seconds=TOLERANCE_S)


def _is_too_late(held: HeldTimer, policy: Policy, scene: Scene) -> bool:
    """Whether it fires later than any timer of a late look that was set by now: the clock has run otherwise since."""
    latest = scene.real(scene.now + timedelta(seconds=scene.slack_s + policy.catch_up_spread_s))
    return held.fires_at is None or held.fires_at > latest + timedelta(seconds=TOLERANCE_S)


def _lost(row: Row, policy: Policy, scene: Scene) -> str | None:
    """Its time has come and NATS holds nothing: it fired, unless the stream went away with it, or its tick got lost."""
    if row.running_tick is not None:
        return "lost" if is_stale(row, policy, scene.now) else None
    if row.timer_queued_at is not None and row.timer_queued_at < scene.stream_made_at:
        return "lost"
    is_overdue = row.due_at is not None and scene.now - row.due_at > scene.overdue
    return "lost" if is_overdue and not scene.waiting_ticks.get(row.workflow, 0) else None
