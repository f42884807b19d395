"""What may happen to a row, each as one pure step: a row in, a row and what was missed out. All instants are UTC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from contracts.regular import next_slot
from contracts.workflow import BACKFILL, Again, Due, LookEnd, MissReason, Overlap, Policy
from handlers.schedule.plan import SLACK_S, following, passed_slots, retry
from handlers.schedule.row import Miss, Row
from handlers.schedule.tick import Decision, Ignore, Ignored, Missed, Run, Tick, decide, is_stale, judged

BACKFILL_SLOTS_MAX: Final = 500
# Of a long pause the latest misses tell enough.
MISSES_MAX: Final = 20
REASON_CHARS_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Moved:
    """The row after a step, and the slots that it missed. The same object as before means that nothing changed."""

    row: Row
    misses: tuple[Miss, ...] = ()


@dataclass(frozen=True, slots=True)
class Finish:
    """The end of a look: what came of it, what is due next, and why the slot was missed if it was after all."""

    tick: Tick
    outcome: str
    next: Due | None
    miss: MissReason | None = None


def finish_of(tick: Tick, slot_at: datetime, end: LookEnd, policy: Policy, now: datetime) -> Finish:
    """The end of a look as its row takes it: the next time that it named, or the one that the policy gives.

    While retries are left the slot is not missed; then it is, for the reason that the look gave.
    """
    wanted, miss = end.next, end.miss
    if wanted is Again.RETRY:
        again = retry(policy, slot_at, tick.attempt, now, end.outcome)
        if again is not None:
            return Finish(tick, end.outcome, again)
        wanted, miss = end.otherwise, miss or MissReason.SKIPPED
    if isinstance(wanted, Due):
        return Finish(tick, end.outcome, wanted, miss)
    due = following(policy, tick.workflow, tick.entity_id, now, slot_at) if wanted is Again.REGULAR else None
    return Finish(tick, end.outcome, due, miss)


def planned(row: Row, due: Due, now: datetime) -> Row:
    """The row with another plan.

    A slot that was looked for is not planned again, and one that is due, or being retried, is not planned away by a
    later one: that one is planned when it ends. Nor is a look that follows up a slot planned away by a later time.
    """
    if row.last_slot_at is not None and due.slot <= row.last_slot_at:
        return row
    if _follows_up(row) and row.due_at is not None and due.at >= row.due_at:
        return row
    is_open = row.due_at is not None and (row.attempt > 1 or row.due_at <= now or row.running_tick is not None)
    if is_open and row.slot_at is not None and due.slot >= row.slot_at:
        return row
    if (row.due_at, row.slot_at, row.attempt) == (due.at, due.slot, due.attempt):
        is_same = (row.reason, row.confidence) == (due.reason, due.confidence)
        return row if is_same else replace(row, reason=due.reason, confidence=due.confidence)
    return row.due(due)


def begun(
    row: Row | None, tick: Tick, policy: Policy, now: datetime, slack_s: float = SLACK_S
) -> tuple[Decision, Moved | None]:
    """Judge a tick, and the row as it stands after the verdict; None where nothing has to be written."""
    decision = decide(row, tick, policy, now, slack_s)
    if row is None:
        return decision, None
    if isinstance(decision, Run):
        return decision, Moved(
            replace(
                row,
                running_tick=tick.id,
                running_sequence=tick.sequence,
                running_slot_at=decision.slot_at,
                running_since=now,
                # Its timer has fired, whether we set it or somebody else did.
                timer_due_at=row.due_at if tick.id == row.tick else row.timer_due_at,
            )
        )
    if isinstance(decision, Missed):
        after = row.due(decision.instead) if decision.replans else row
        return decision, Moved(after, _misses(row, decision.slots, decision.reason, now))
    if decision == Ignore(Ignored.BUFFERED):
        return decision, Moved(replace(row, buffered=True))
    return decision, None


def finished(row: Row, finish: Finish, now: datetime) -> Moved | None:
    """The row after a look; None when this tick is not the one that runs, so that its effects must not be committed."""
    slot = row.running_slot_at
    if row.running_tick != finish.tick.id or slot is None:
        return None
    is_retry = finish.next is not None and finish.next.attempt > 1 and finish.next.slot == slot
    ended = replace(
        row,
        running_tick=None,
        running_sequence=None,
        running_slot_at=None,
        running_since=None,
        buffered=False,
        last_tick=finish.tick.id,
        last_run_at=now,
        last_outcome=finish.outcome,
        last_slot_at=row.last_slot_at if is_retry else max(slot, row.last_slot_at or slot),
    )
    misses = _misses(row, (slot,), finish.miss, now) if finish.miss is not None else ()
    if row.buffered:
        asked = "asked for during the look before"
        if finish.next is None or not is_retry:
            return Moved(ended.due(Due(now, asked)), misses)
        # It stands for the slot that is still looked for, and uses up none of its retries.
        return Moved(ended.due(_for_slot(finish.next.reason, asked, slot, finish.tick.attempt, now)), misses)
    if row.backfill and not is_retry:
        slot_at, *rest = row.backfill
        return Moved(replace(ended, backfill=tuple(rest)).due(_backfill_due(slot_at, now)), misses)
    return Moved(ended.due(finish.next), misses)


def paused(row: Row, reason: str, now: datetime) -> Row:
    """The row without a timer until it is resumed."""
    if row.paused_at is not None:
        return row
    return _without_timer(replace(row, paused_at=now, paused_reason=reason, resumed_at=None, resumed_reason=None))


def resumed(row: Row, policy: Policy, now: datetime, why: str | None = None) -> Moved:
    """The row at work again. Regular slots that passed are missed; a slot that was planned singly is looked for now.

    So is a past slot that somebody asked for meanwhile: it was put off, and not missed.
    """
    if row.paused_at is None:
        return Moved(row)
    awake = _without_timer(replace(row, paused_at=None, paused_reason=None, resumed_at=now, resumed_reason=why))
    if row.due_at is None or row.slot_at is None or row.due_at > now or row.running_tick is not None:
        return Moved(awake)
    passed = passed_slots(policy, row.workflow, row.entity_id, row.due_at, now)
    if row.attempt == 1 and row.slot_at < row.due_at:
        return Moved(awake.due(_backfill_due(row.slot_at, now)), _misses(row, passed, MissReason.PAUSED, now))
    misses = _misses(row, (row.slot_at, *passed), MissReason.PAUSED, now)
    regular = following(policy, row.workflow, row.entity_id, now)
    return Moved(awake.due(regular or Due(now, f"resumed: {row.reason}", slot_at=row.slot_at)), misses)


def triggered(row: Row, policy: Policy, why: str, now: datetime) -> tuple[str, Moved]:
    """Look at once. Gives what came of it: `triggered`, `buffered`, `overlap`, or `paused`.

    While a slot is looked for, this is one more look for it, which uses up none of its retries: they go on after it.
    """
    if row.paused_at is not None:
        return "paused", Moved(row)
    if row.running_tick is not None and not is_stale(row, policy, now):
        if policy.overlap is Overlap.BUFFER_ONE:
            return "buffered", Moved(replace(row, buffered=True))
        return "overlap", Moved(row, _misses(row, (now,), MissReason.OVERLAP, now))
    idle = replace(row, running_tick=None, running_sequence=None, running_slot_at=None, running_since=None)
    is_open = row.due_at is not None and (row.attempt > 1 or row.due_at <= now)
    if not is_open or row.slot_at is None:
        return "triggered", Moved(idle.due(Due(now, why)))
    return "triggered", Moved(idle.due(_for_slot(row.reason, why, row.slot_at, max(1, row.attempt - 1), now)))


def backfilled(row: Row, slots: Sequence[datetime], now: datetime) -> Row:
    """The row with past slots to look for, one after the other, before its regular ones."""
    # A slot that is due just now would lose its place to the first of these: it joins them.
    is_open = row.due_at is not None and row.due_at <= now and row.running_tick is None and row.attempt == 1
    due_now = {row.slot_at} if is_open and row.slot_at is not None else set()
    queue = sorted({*row.backfill, *slots, *due_now})[:BACKFILL_SLOTS_MAX]
    if not queue or row.running_tick is not None or row.attempt > 1:
        return row if tuple(queue) == row.backfill else replace(row, backfill=tuple(queue))
    return replace(row, backfill=tuple(queue[1:])).due(_backfill_due(queue[0], now))


def caught_up(row: Row, policy: Policy, now: datetime, slack_s: float = SLACK_S) -> Moved:
    """The row with what it missed while nobody was there settled, before its timer is set."""
    if row.due_at is None or row.running_tick is not None or row.due_at >= now:
        return Moved(row)
    verdict = judged(row, policy, now, slack_s)
    if verdict.runs:
        return Moved(row)
    return Moved(row.due(verdict.instead), _misses(row, verdict.missed, MissReason.DOWN, now))


def to_be_timed(row: Row, now: datetime, horizon: timedelta) -> bool:
    """Whether NATS should hold a timer of this row, and does not yet."""
    return row.due_at is not None and row.timer_due_at is None and row.paused_at is None and row.due_at <= now + horizon


def timed(row: Row, queued_at: datetime | None = None) -> Row:
    """The row with a timer on its way."""
    return replace(row, timer_due_at=row.due_at, timer_number=row.timer_number + 1, timer_queued_at=queued_at)


def governed(row: Row, own: dict[str, Any] | None, policies: tuple[Policy, Policy], now: datetime) -> Row:
    """The row with a policy of its own, None for its workflow's; `policies` are those that counted and that count now.

    A regular look to come moves to its new place. What is due, is tried again or was planned singly stays where it is.
    """
    before, after = policies
    kept = row if row.policy == own else replace(row, policy=own)
    is_waiting = row.due_at is not None and row.due_at > now and row.attempt == 1 and row.running_tick is None
    if row.due_at is None or not is_waiting:
        return kept
    regular = next_slot(before, row.workflow, row.entity_id, row.due_at - timedelta(microseconds=1))
    # A slot that was looked for before its time is not due again.
    due = following(after, row.workflow, row.entity_id, max(now, row.last_slot_at or now))
    return kept.due(due) if due is not None and regular == row.due_at != due.at else kept


def _without_timer(row: Row) -> Row:
    # The timer of a look that runs has fired; setting it again would only double its tick.
    return row if row.running_tick is not None else replace(row, timer_due_at=None)


def _follows_up(row: Row) -> bool:
    """Whether the look to come belongs to a slot that was looked for already."""
    return row.slot_at is not None and row.last_slot_at is not None and row.slot_at <= row.last_slot_at


def _for_slot(reason: str, why: str, slot_at: datetime, attempt: int, now: datetime) -> Due:
    """A look at once for a slot that is being looked for; its reason still says what the slot stands for."""
    return Due(now, f"{reason}; {why}"[:REASON_CHARS_MAX], slot_at=slot_at, attempt=attempt)


def _backfill_due(slot_at: datetime, now: datetime) -> Due:
    return Due(now, f"{BACKFILL} {slot_at.isoformat()}", slot_at=slot_at)


def _misses(row: Row, slots: Sequence[datetime], reason: MissReason, now: datetime) -> tuple[Miss, ...]:
    return tuple(Miss(row.workflow, row.entity_id, slot, reason, now) for slot in slots[-MISSES_MAX:])
