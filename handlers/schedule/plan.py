"""When the next look is due, which slots were missed, and which of those are caught up. Pure; instants are UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from contracts.regular import catch_up_offset_s, next_slot, slots_between
from contracts.workflow import Due, Policy

# What is this late is only slow, and what is this early is on time: two clocks, and timers that take a moment to fire.
# A world that runs faster than ours needs more of it, since a moment of ours is long there.
SLACK_S: Final = 60.0
SLOTS_MAX: Final = 1_000


def following(
    policy: Policy, workflow: str, entity_id: str, now: datetime, done_slot_at: datetime | None = None
) -> Due | None:
    """The next regular look; None when the policy has no interval and somebody else has to plan it.

    Where more than one missed slot is caught up, the one after `done_slot_at` is next even if it is past. A slot that
    was done before its time, by a clock that was set back since, is not due again.
    """
    done = done_slot_at or now
    after = done if policy.catch_up_runs_max > 1 else max(now, done)
    slot = next_slot(policy, workflow, entity_id, after)
    if slot is None or policy.interval_s is None:
        return None
    return Due(slot, f"every {_in_words(policy.interval_s)}")


def retry(policy: Policy, slot_at: datetime, attempt: int, now: datetime, why: str) -> Due | None:
    """The next attempt at a slot; None when all are used up, which the caller has to say and record as skipped."""
    if attempt > policy.retries_max:
        return None
    at = now + timedelta(seconds=policy.retry_wait_s)
    return Due(at, f"attempt {attempt + 1} of {policy.retries_max + 1}: {why}", slot_at=slot_at, attempt=attempt + 1)


@dataclass(frozen=True, slots=True)
class CatchUp:
    """What becomes of a slot that is due: look for it now or not, the slots given up, and what is due instead."""

    runs: bool
    missed: tuple[datetime, ...]
    instead: Due | None


def catch_up(
    policy: Policy, workflow: str, entity_id: str, due_at: datetime, now: datetime, slack_s: float = SLACK_S
) -> CatchUp:
    """Judge a look that was due at `due_at`, bounded by count and by age.

    The slots that passed since belong to the same judgement: the last `catch_up_runs_max` of them that are young
    enough are looked for, one after the other; the rest is missed. What is less than `slack_s` late just runs.
    """
    if now - due_at <= timedelta(seconds=slack_s):
        return CatchUp(True, (), None)
    passed = [due_at, *passed_slots(policy, workflow, entity_id, due_at, now)]
    youngest = now - timedelta(seconds=policy.catch_up_age_max_s)
    count = policy.catch_up_runs_max
    kept = [slot for slot in (passed[-count:] if count else []) if slot >= youngest]
    missed = tuple(slot for slot in passed if slot not in kept)
    if due_at in kept:
        return CatchUp(True, missed, None)
    if kept:
        return CatchUp(False, missed, Due(kept[0], "caught up"))
    return CatchUp(False, missed, following(policy, workflow, entity_id, now))


def fires_at(
    policy: Policy, workflow: str, entity_id: str, due_at: datetime, now: datetime, slack_s: float = SLACK_S
) -> datetime:
    """When the timer of a look is to fire: at its time, and when that is past, spread over the policy's span.

    So a week of downtime ends in a slow stream of looks and not in a storm.
    """
    if now - due_at <= timedelta(seconds=slack_s) or not policy.catch_up_spread_s:
        return due_at
    return now + timedelta(seconds=catch_up_offset_s(workflow, entity_id, policy.catch_up_spread_s))


def passed_slots(policy: Policy, workflow: str, entity_id: str, after: datetime, now: datetime) -> list[datetime]:
    """The slots after one instant up to another; of very many only the last SLOTS_MAX."""
    if policy.interval_s is None:
        return []
    interval = timedelta(seconds=policy.interval_s)
    start = max(after + timedelta(microseconds=1), now - SLOTS_MAX * interval)
    return list(slots_between(policy, workflow, entity_id, start, now + timedelta(microseconds=1)))


def _in_words(seconds: float) -> str:
    for size, name in ((604_800, "week"), (86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            number = int(seconds // size)
            return name if number == 1 else f"{number} {name}s"
    return f"{seconds:g} seconds"
