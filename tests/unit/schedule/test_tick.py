"""What a row says to a tick, and that no slot is ever looked for twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from contracts.regular import next_slot
from contracts.workflow import DAY_S, HOUR_S, Due, MissReason, Overlap, Policy
from handlers.schedule import moves
from handlers.schedule.moves import Finish
from handlers.schedule.plan import following, retry
from handlers.schedule.row import Row
from handlers.schedule.tick import Ignore, Ignored, Missed, Run, Tick, Wait, decide

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SINGLE = Policy(interval_s=None, retries_max=3, catch_up_age_max_s=14 * DAY_S)
DAILY = Policy(interval_s=DAY_S, catch_up_age_max_s=DAY_S)


def planned(at: datetime = NOW) -> Row:
    return moves.planned(Row("w", "e"), Due(at, "a test"), NOW - timedelta(days=1))


def tick_of(row: Row, sequence: int = 1) -> Tick:
    assert row.due_at is not None
    return Tick(row.workflow, row.entity_id, row.due_at, row.attempt, row.plan_version, sequence)


def running(row: Row, now: datetime = NOW, sequence: int = 1) -> Row:
    decision, moved = moves.begun(row, tick_of(row, sequence), SINGLE, now)
    assert isinstance(decision, Run)
    assert moved is not None
    return moved.row


def finished(row: Row, tick: Tick, next_due: Due | None = None, now: datetime = NOW) -> Row:
    moved = moves.finished(row, Finish(tick, "done", next_due), now)
    assert moved is not None
    return moved.row


def test_a_tick_on_its_time_runs() -> None:
    row = planned()
    assert decide(row, tick_of(row), SINGLE, NOW) == Run(NOW)
    assert decide(row, tick_of(row), SINGLE, NOW - 0.5 * MINUTE) == Run(NOW)


def test_a_tick_that_comes_an_hour_early_waits_for_its_time() -> None:
    row = planned()
    assert decide(row, tick_of(row), SINGLE, NOW - timedelta(hours=1)) == Wait(NOW)


def test_a_tick_without_a_row_or_of_another_plan_is_ignored() -> None:
    row = planned()
    old = tick_of(row)
    assert decide(None, old, SINGLE, NOW) == Ignore(Ignored.UNKNOWN)
    again = moves.planned(row, Due(NOW + 5 * MINUTE, "delayed"), NOW - timedelta(days=1))
    assert again.plan_version == row.plan_version + 1
    assert decide(again, old, SINGLE, NOW) == Ignore(Ignored.OLDER_PLAN)
    assert decide(row.due(None), old, SINGLE, NOW) == Ignore(Ignored.OLDER_PLAN)


def test_a_tick_that_was_handled_does_nothing_and_its_end_counts_once() -> None:
    row = running(planned())
    tick = tick_of(planned())
    done = finished(row, tick)
    assert decide(done, tick, SINGLE, NOW) == Ignore(Ignored.DONE)
    assert moves.finished(done, Finish(tick, "done", None), NOW) is None
    # Not even when somebody plans the same slot again.
    assert moves.planned(done, Due(NOW, "again"), NOW) is done


def test_a_look_that_was_taken_over_cannot_end_any_more() -> None:
    row = running(planned())
    later = NOW + timedelta(hours=2)
    _, moved = moves.triggered(row, SINGLE, "the first is dead", later)
    taken_over = running(moved.row, later)
    assert moves.finished(taken_over, Finish(tick_of(row), "done", None), later) is None


def test_a_redelivered_tick_runs_again_and_a_doubled_one_does_not() -> None:
    row = running(planned(), sequence=7)
    assert decide(row, tick_of(row, 7), SINGLE, NOW + MINUTE) == Run(NOW)
    assert decide(row, tick_of(row, 8), SINGLE, NOW + MINUTE) == Ignore(Ignored.DOUBLED)
    # The first must be dead by now.
    assert decide(row, tick_of(row, 8), SINGLE, NOW + timedelta(hours=2)) == Run(NOW)


def test_a_look_that_is_due_during_another_follows_the_policy() -> None:
    row = running(planned())
    other = replace(row, due_at=NOW + MINUTE, slot_at=NOW + MINUTE)
    assert decide(other, tick_of(other), SINGLE, NOW + MINUTE) == Missed(MissReason.OVERLAP, (NOW + MINUTE,))
    buffering = replace(SINGLE, overlap=Overlap.BUFFER_ONE)
    decision, moved = moves.begun(other, tick_of(other), buffering, NOW + MINUTE)
    assert decision == Ignore(Ignored.BUFFERED)
    assert moved is not None
    after = finished(moved.row, tick_of(row), Due(NOW + timedelta(days=7), "next"), NOW + 2 * MINUTE)
    assert (after.due_at, after.buffered) == (NOW + 2 * MINUTE, False)


def test_a_look_that_is_too_late_is_missed_and_the_next_one_planned() -> None:
    row = planned()
    decision, moved = moves.begun(row, tick_of(row), DAILY, NOW + timedelta(days=3))
    assert isinstance(decision, Missed)
    assert decision.reason is MissReason.DOWN
    assert moved is not None
    assert moved.row.due_at is not None
    assert moved.row.due_at > NOW + timedelta(days=2)
    assert next(miss.due_at for miss in moved.misses) == NOW


def test_a_retry_keeps_its_slot_and_is_not_planned_away() -> None:
    row = running(planned())
    after = finished(row, tick_of(row), retry(SINGLE, NOW, 1, NOW, "not found"))
    assert (after.attempt, after.slot_at, after.due_at, after.last_slot_at) == (2, NOW, NOW + timedelta(hours=2), None)
    # The nightly rebuild sees only the slot of next week.
    assert moves.planned(after, Due(NOW + timedelta(days=7), "slot"), NOW + MINUTE) is after
    assert moves.planned(after, Due(NOW, "slot"), NOW + MINUTE) is after
    assert decide(after, tick_of(row), SINGLE, NOW) == Ignore(Ignored.DONE)
    skipped = finished(running(after, NOW + timedelta(hours=2)), tick_of(after), None)
    assert skipped.last_slot_at == NOW


def test_a_slot_that_is_due_is_not_planned_away_by_a_later_one() -> None:
    row = planned()
    assert moves.planned(row, Due(NOW + timedelta(days=7), "next week"), NOW + MINUTE) is row
    moved = moves.planned(row, Due(NOW + timedelta(days=7), "delayed"), NOW - MINUTE)
    assert moved.due_at == NOW + timedelta(days=7)


def test_a_pause_is_no_way_to_lose_a_slot_that_was_planned_singly() -> None:
    row = moves.paused(planned(), "why", NOW - MINUTE)
    assert decide(row, tick_of(row), SINGLE, NOW) == Missed(MissReason.PAUSED, (NOW,))
    later = NOW + timedelta(days=30)
    moved = moves.resumed(row, SINGLE, later)
    assert [(miss.due_at, miss.reason) for miss in moved.misses] == [(NOW, MissReason.PAUSED)]
    assert (moved.row.due_at, moved.row.slot_at, moved.row.paused_at) == (later, NOW, None)
    assert decide(moved.row, tick_of(moved.row), SINGLE, later) == Run(NOW)
    # A regular one has another turn soon enough; every slot of the pause is told.
    regular = moves.resumed(row, DAILY, NOW + timedelta(days=3, hours=1))
    assert len(regular.misses) == 4
    assert regular.row.due_at is not None
    assert regular.row.due_at > NOW + timedelta(days=3, hours=1)


def test_a_policy_of_its_own_moves_a_regular_look_to_come_and_nothing_else() -> None:
    own, hourly = {"interval_s": 3_600}, replace(DAILY, interval_s=3_600)
    later = planned(NOW + timedelta(days=1))
    regular = replace(later, slot_at=(slot := next_slot(DAILY, later.workflow, later.entity_id, NOW)), due_at=slot)
    moved = moves.governed(regular, own, (DAILY, hourly), NOW)
    assert moved.due_at == next_slot(hourly, later.workflow, later.entity_id, NOW)
    assert (moved.policy, moved.plan_version, moved.reason) == (own, regular.plan_version + 1, "every hour")
    back = moves.governed(moved, None, (hourly, DAILY), NOW)
    assert (back.due_at, back.policy) == (slot, None)
    looked_for = replace(regular, last_slot_at=slot)
    assert (due := moves.governed(looked_for, own, (DAILY, hourly), NOW).due_at) is not None
    assert slot is not None
    assert due > slot, "a slot is not looked for twice"
    singly, again = planned(NOW + timedelta(days=1, hours=1)), replace(regular, attempt=2)
    under_way = replace(regular, running_tick=regular.tick, running_slot_at=slot, running_since=NOW)
    for row in (singly, again, under_way, planned(NOW - MINUTE)):
        stays = moves.governed(row, own, (DAILY, hourly), NOW)
        assert stays == replace(row, policy=own)
        assert moves.governed(stays, own, (DAILY, hourly), NOW) is stays


def test_pausing_during_a_look_lets_it_end_and_sets_no_timer() -> None:
    row = moves.paused(running(planned()), "why", NOW)
    after = finished(row, tick_of(planned()), Due(NOW + timedelta(days=1), "next"))
    assert not moves.to_be_timed(after, NOW, timedelta(days=7))
    assert moves.to_be_timed(moves.resumed(after, SINGLE, NOW).row, NOW, timedelta(days=7))


def test_trigger_now() -> None:
    row = planned(NOW + timedelta(days=3))
    came, moved = moves.triggered(row, SINGLE, "asked for", NOW)
    assert (came, moved.row.due_at, moved.row.reason) == ("triggered", NOW, "asked for")
    busy = running(moved.row)
    assert moves.triggered(busy, SINGLE, "again", NOW)[0] == "overlap"
    came, moved = moves.triggered(busy, replace(SINGLE, overlap=Overlap.BUFFER_ONE), "again", NOW)
    assert (came, moved.row.buffered) == ("buffered", True)
    assert moves.triggered(moves.paused(row, "why", NOW), SINGLE, "x", NOW)[0] == "paused"
    # Twice at one instant is two looks.
    done = finished(busy, tick_of(busy))
    again = moves.triggered(done, SINGLE, "again", NOW)[1].row
    assert isinstance(decide(again, tick_of(again), SINGLE, NOW), Run)


def test_a_look_that_is_asked_for_between_two_attempts_takes_neither_the_slot_nor_its_retries() -> None:
    row = running(planned())
    waiting = finished(row, tick_of(row), retry(SINGLE, NOW, 1, NOW, "the weekly slot"))
    later = NOW + MINUTE
    came, moved = moves.triggered(waiting, SINGLE, "where is it", later)
    asked = moved.row
    assert (came, asked.due_at, asked.slot_at) == ("triggered", later, NOW)
    assert asked.reason == f"{waiting.reason}; where is it"
    busy = running(asked, later)
    after = finished(busy, tick_of(asked), retry(SINGLE, NOW, asked.attempt, later, "not found"))
    assert (after.attempt, after.slot_at, after.last_slot_at) == (waiting.attempt, NOW, None)
    # Nor does one that is asked for before a tick that is on its way, however often.
    late = moves.triggered(moves.triggered(planned(), SINGLE, "one", later)[1].row, SINGLE, "two", later)[1].row
    assert (late.slot_at, late.attempt, late.reason) == (NOW, 1, f"{planned().reason}; one; two")


def test_a_look_that_is_asked_for_during_an_attempt_that_fails_is_for_the_same_slot() -> None:
    buffering = replace(SINGLE, overlap=Overlap.BUFFER_ONE)
    row = moves.triggered(running(planned()), buffering, "where is it", NOW)[1].row
    after = finished(row, tick_of(planned()), retry(SINGLE, NOW, 1, NOW, "the weekly slot"), NOW + MINUTE)
    assert (after.due_at, after.slot_at, after.attempt, after.last_slot_at) == (NOW + MINUTE, NOW, 1, None)
    assert "the weekly slot" in after.reason
    again = finished(running(after, NOW + MINUTE), tick_of(after), retry(SINGLE, NOW, 1, NOW, "the weekly slot"))
    assert (again.attempt, again.slot_at) == (2, NOW)


def test_a_look_that_follows_up_a_slot_is_not_planned_away_by_a_later_one() -> None:
    row = running(planned())
    soon = Due(NOW + timedelta(hours=1), "more may have aired", slot_at=NOW)
    after = finished(row, tick_of(row), soon)
    assert (after.due_at, after.slot_at, after.attempt, after.last_slot_at) == (soon.at, NOW, 1, NOW)
    assert moves.planned(after, Due(NOW + timedelta(days=7), "slot"), NOW + MINUTE) is after
    sooner = Due(NOW + timedelta(minutes=30), "a source names it")
    assert moves.planned(after, sooner, NOW + MINUTE).due_at == sooner.at
    assert decide(after, tick_of(after), SINGLE, soon.at) == Run(NOW)


def test_a_backfill_looks_for_each_slot_once_and_then_goes_on_as_before() -> None:
    slots = [NOW - timedelta(days=days) for days in (3, 2, 1)]
    row = moves.backfilled(planned(NOW + timedelta(days=2)), slots, NOW)
    looked_for = []
    next_due = Due(NOW + timedelta(days=2), "regular")
    while row.due_at == NOW:
        decision, moved = moves.begun(row, tick_of(row), SINGLE, NOW)
        assert isinstance(decision, Run)
        looked_for.append(decision.slot_at)
        assert moved is not None
        row = finished(moved.row, tick_of(row), next_due)
    assert looked_for == slots
    assert (row.due_at, row.backfill) == (next_due.at, ())


def test_a_backfill_of_what_is_paused_is_put_off_and_not_missed() -> None:
    slots = [NOW - timedelta(days=2), NOW - timedelta(days=1)]
    asked = moves.backfilled(moves.paused(planned(NOW + timedelta(days=1)), "a source is down", NOW), slots, NOW)
    assert not moves.to_be_timed(asked, NOW, timedelta(days=7))
    later = NOW + timedelta(hours=5)
    moved = moves.resumed(asked, SINGLE, later)
    assert moved.misses == ()
    assert (moved.row.due_at, moved.row.slot_at, moved.row.backfill) == (later, slots[0], (slots[1],))
    assert moves.to_be_timed(moved.row, later, timedelta(days=7))
    regular = moves.resumed(
        moves.backfilled(moves.paused(planned(), "x", NOW), slots, NOW), DAILY, NOW + timedelta(days=2)
    )
    assert regular.row.slot_at == slots[0]
    assert {miss.reason for miss in regular.misses} == {MissReason.PAUSED}


def test_a_backfill_keeps_a_slot_that_is_due_just_now() -> None:
    row = moves.backfilled(planned(NOW), [NOW - timedelta(days=1)], NOW)
    assert row.slot_at == NOW - timedelta(days=1)
    assert row.backfill == (NOW,)


class Schedules(RuleBasedStateMachine):
    """Everything that can happen to one row, in any order, with ticks delivered late, twice and out of order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.policy = Policy(interval_s=None, retries_max=2, overlap=Overlap.BUFFER_ONE, catch_up_age_max_s=DAY_S)
        self.row = Row("w", "e")
        self.sent: list[Tick] = []
        self.sequence = 0
        self.done: dict[datetime, int] = {}
        self.ended: dict[UUID, int] = {}
        self.asked_for: set[datetime] = set()

    @rule(minutes=st.integers(-60, 48 * 60))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(hours=st.integers(-30, 30))
    def is_planned(self, hours: int) -> None:
        # On whole hours, so that the same slot is planned again and again.
        at = self.now.replace(minute=0) + timedelta(hours=hours)
        self.row = moves.planned(self.row, Due(at, "a test"), self.now)

    @precondition(lambda self: self.row.due_at is not None)
    @rule()
    def timer_is_sent(self) -> None:
        self.sequence += 1
        self.sent.append(tick_of(self.row, self.sequence))

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), ends=st.sampled_from(["done", "retry", "dies"]))
    def tick_arrives(self, data: st.DataObject, ends: str) -> None:
        tick = data.draw(st.sampled_from(self.sent))
        decision, moved = moves.begun(self.row, tick, self.policy, self.now)
        self.row = moved.row if moved else self.row
        if not isinstance(decision, Run) or ends == "dies":
            return
        self.end(tick, decision.slot_at, ends)

    @precondition(lambda self: self.row.due_at is not None)
    @rule(ends=st.sampled_from(["done", "retry", "dies"]), times=st.integers(1, 3))
    def is_looked_for(self, ends: str, times: int) -> None:
        assert self.row.due_at is not None
        self.now = max(self.now, self.row.due_at)
        self.timer_is_sent()
        tick = self.sent[-1]
        for _ in range(times):
            decision, moved = moves.begun(self.row, tick, self.policy, self.now)
            self.row = moved.row if moved else self.row
            if isinstance(decision, Run) and ends != "dies":
                self.end(tick, decision.slot_at, ends)

    def end(self, tick: Tick, slot: datetime, ends: str) -> None:
        again = retry(self.policy, slot, tick.attempt, self.now, "x") if ends == "retry" else None
        ended = moves.finished(self.row, Finish(tick, ends, again), self.now)
        if ended is None:
            return
        if self.row.buffered:
            self.asked_for.add(self.now)
        self.row = ended.row
        self.ended[tick.id] = self.ended.get(tick.id, 0) + 1
        # A person may ask for a look at the instant of a slot, and gets it.
        if again is None and slot not in self.asked_for:
            self.done[slot] = self.done.get(slot, 0) + 1

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def a_dead_worker_ends_after_all(self, data: st.DataObject) -> None:
        tick = data.draw(st.sampled_from(self.sent))
        slot = self.row.running_slot_at
        if self.row.running_tick == tick.id and slot is not None:
            self.end(tick, slot, "done")
        else:
            assert moves.finished(self.row, Finish(tick, "done", None), self.now) is None

    @rule()
    def is_paused(self) -> None:
        self.row = moves.paused(self.row, "why", self.now)

    @rule()
    def is_resumed(self) -> None:
        self.row = moves.resumed(self.row, self.policy, self.now).row

    @rule()
    def is_triggered(self) -> None:
        self.asked_for.add(self.now)
        self.row = moves.triggered(self.row, self.policy, "asked", self.now)[1].row

    @rule()
    def is_projected(self) -> None:
        self.row = moves.caught_up(self.row, self.policy, self.now).row
        if moves.to_be_timed(self.row, self.now, timedelta(days=1)):
            self.row = moves.timed(self.row)
            self.timer_is_sent()

    @invariant()
    def no_tick_ends_twice(self) -> None:
        assert all(count == 1 for count in self.ended.values())

    @invariant()
    def no_slot_is_done_twice(self) -> None:
        assert all(count == 1 for count in self.done.values()), self.done

    @invariant()
    def a_timer_is_the_rows_own(self) -> None:
        assert self.row.timer_due_at in (None, self.row.due_at)
        assert (self.row.due_at is None) == (self.row.slot_at is None)


Schedules.TestCase.settings = settings(max_examples=150, stateful_step_count=40)
test_schedules_never_fire_twice_for_one_slot = Schedules.TestCase


def test_the_next_of_several_kept_slots_is_the_one_after_the_last() -> None:
    policy = Policy(interval_s=HOUR_S, catch_up_runs_max=3)
    late = following(policy, "w", "e", NOW, done_slot_at=NOW - timedelta(hours=2))
    assert late is not None
    assert late.at == NOW - timedelta(hours=1)
    one = following(replace(policy, catch_up_runs_max=1), "w", "e", NOW, done_slot_at=NOW - timedelta(hours=2))
    assert one is not None
    assert one.at > NOW
