"""What a person does: pause with a reason, trigger, backfill, list; and what the database itself refuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import asyncpg
import pytest

from contracts.errors import Permanent
from contracts.workflow import Due, MissReason
from handlers.schedule.desk import Desk
from handlers.schedule.moves import Finish
from handlers.schedule.ports import Cost, HeldTimer
from handlers.schedule.reading import forget_misses, latest_misses, misses_of, next_due, show
from handlers.schedule.row import Key
from handlers.schedule.store import ScheduleStore
from handlers.schedule.tick import Run, Tick
from tests.events import uid
from tests.integration.schedule.clockwork import TABLE, begin, row, unsent

NOW = datetime.fromisoformat("2026-11-22T12:00:00+00:00")
DAY = timedelta(days=1)


class NoTimers:
    """A stream that holds nothing, and remembers what was cancelled."""

    def __init__(self) -> None:
        self.cancelled: list[str] = []

    async def held(self) -> Mapping[str, HeldTimer]:
        return {}

    async def last_sequence(self) -> int:
        return 7

    async def made_at(self) -> datetime:
        return NOW

    async def cancel(self, subjects: Sequence[str], up_to_sequence: int) -> None:
        assert up_to_sequence == 7
        self.cancelled += subjects

    async def waiting_ticks(self, workflow: str) -> int:
        return 0


@pytest.fixture
def no_timers() -> NoTimers:
    return NoTimers()


@pytest.fixture
def desk(pool: asyncpg.Pool, store: ScheduleStore, no_timers: NoTimers) -> Desk:
    return Desk(pool, store, no_timers)


async def current(pool: asyncpg.Pool, entity_id: str, workflow: str = "single") -> Tick:
    found = await row(pool, entity_id, workflow)
    assert found.due_at is not None
    return Tick(workflow, entity_id, found.due_at, found.attempt, found.plan_version, found.timer_number)


async def test_regular_slots_are_planned_by_the_policy(pool: asyncpg.Pool, desk: Desk) -> None:
    assert await desk.plan_regular("daily", ["a", "b"], NOW) == 2
    assert (await row(pool, "a", "daily")).due_at == NOW.replace(hour=0) + DAY
    with pytest.raises(Permanent, match="single has no interval"):
        await desk.plan_regular("single", ["a"], NOW)
    with pytest.raises(Permanent, match="no workflow 'nightly'; there are daily, single"):
        await desk.plan("nightly", {}, NOW)


async def test_an_id_that_cannot_be_part_of_a_subject_is_refused_and_nothing_is_planned(
    pool: asyncpg.Pool, desk: Desk
) -> None:
    for wrong in ("a.b", "*", ">", "with space", ""):
        with pytest.raises(Permanent, match="part of a subject"):
            await desk.plan("single", {"fine": Due(NOW, "x"), wrong: Due(NOW, "x")}, NOW)
    assert await pool.fetchval("SELECT count(*) FROM schedule") == 0


async def test_a_pause_needs_a_reason_and_is_shown(pool: asyncpg.Pool, desk: Desk, no_timers: NoTimers) -> None:
    await desk.plan("single", {"a": Due(NOW + DAY, "x"), "b": Due(NOW + DAY, "x")}, NOW)
    with pytest.raises(Permanent, match="needs a reason"):
        await desk.pause("single", None, "  ", NOW)
    assert await desk.pause("single", None, "the source is down", NOW) == 2
    assert no_timers.cancelled == ["anime.schedule.timer.single.*"]
    assert await desk.pause("single", ["a"], "twice", NOW) == 0
    (listed,) = await show(pool, "a")
    assert (listed.state, listed.row.paused_reason) == ("paused", "the source is down")
    assert await desk.resume("single", ["a", "nobody"], NOW) == 1
    (listed,) = await show(pool, "a")
    assert (listed.state, listed.row.timer_due_at) == ("waiting", NOW + DAY)


async def test_trigger_makes_a_row_where_there_is_none_and_says_what_came_of_it(
    pool: asyncpg.Pool, desk: Desk, store: ScheduleStore
) -> None:
    assert await desk.trigger("single", ["new"], "asked for", NOW) == {"new": "triggered"}
    assert isinstance((await begin(pool, store, [await current(pool, "new")], NOW))[0], Run)
    assert await desk.trigger("single", ["new"], "asked for", NOW) == {"new": "buffered"}
    assert await desk.trigger("daily", ["new"], "asked for", NOW) == {"new": "triggered"}
    await begin(pool, store, [await current(pool, "new", "daily")], NOW)
    assert await desk.trigger("daily", ["new"], "asked for", NOW) == {"new": "overlap"}
    (miss,) = await misses_of(pool, "new")
    assert (miss.miss.workflow, miss.miss.reason) == ("daily", MissReason.OVERLAP)


async def test_a_backfill_is_priced_dry_and_then_done(pool: asyncpg.Pool, desk: Desk, store: ScheduleStore) -> None:
    asked: list[int] = []

    def price(workflow: str, looks: Sequence[tuple[Key, datetime]]) -> Mapping[str, Cost]:
        asked.append(len(looks))
        return {"jikan": Cost(2 * len(looks), len(looks) / 30)}

    slots = await desk.regular_slots("daily", ["a", "b"], NOW - 3 * DAY, NOW)
    dry = await desk.backfill("daily", slots, NOW, is_dry=True, price=price)
    assert [look[0].entity_id for look in dry.looks] == ["a", "a", "a", "b", "b", "b"]
    assert (dry.costs["jikan"], asked) == (Cost(12, 0.2), [6])
    assert await pool.fetchval("SELECT count(*) FROM schedule") == 0
    done = await desk.backfill("daily", slots, NOW, is_dry=False)
    assert done.looks == dry.looks
    looked_for = []
    while (await row(pool, "a", "daily")).last_slot_at != slots["a"][-1]:
        tick = await current(pool, "a", "daily")
        (decision,) = await begin(pool, store, [tick], NOW)
        assert isinstance(decision, Run)
        looked_for.append(decision.slot_at)
        async with pool.acquire() as connection, connection.transaction():
            assert await store.finish(connection, [Finish(tick, "done", Due(NOW + DAY, "next"))], NOW) == [True]
    assert tuple(looked_for) == slots["a"]
    assert (await row(pool, "a", "daily")).due_at == NOW + DAY


async def test_a_backfill_is_bounded_and_looks_back(desk: Desk) -> None:
    with pytest.raises(Permanent, match="shorten the range"):
        await desk.backfill("single", {"a": [NOW - n * DAY for n in range(501)]}, NOW, is_dry=True)
    with pytest.raises(Permanent, match="is to come"):
        await desk.backfill("single", {"a": [NOW + DAY]}, NOW, is_dry=True)


async def test_listing_by_workflow_and_title(pool: asyncpg.Pool, desk: Desk) -> None:
    ring, other = str(uid("Ring")), str(uid("Other"))
    await pool.execute(
        "INSERT INTO anime (id, title) VALUES ($1, 'The Ring 100%'), ($2, 'Other')", uid("Ring"), uid("Other")
    )
    await desk.plan("single", {ring: Due(NOW + 2 * DAY, "x"), other: Due(NOW + DAY, "x")}, NOW)
    await desk.plan("daily", {"chunk-1": Due(NOW + 3 * DAY, "x")}, NOW)
    assert [one.title for one in await next_due(pool)] == ["Other", "The Ring 100%", None]
    assert [one.row.entity_id for one in await next_due(pool, workflow="daily")] == ["chunk-1"]
    assert [one.title for one in await next_due(pool, title="ring 100%")] == ["The Ring 100%"]
    assert await next_due(pool, title="r_ng") == []
    assert len(await next_due(pool, rows_max=2)) == 2


async def test_misses_are_listed_with_their_reason_and_forgotten_by_age(
    pool: asyncpg.Pool, desk: Desk, store: ScheduleStore
) -> None:
    ring = str(uid("Ring"))
    await pool.execute("INSERT INTO anime (id, title) VALUES ($1, 'The Ring')", uid("Ring"))
    await desk.plan("single", {ring: Due(NOW, "x"), "b": Due(NOW, "x")}, NOW - DAY)
    for number, (entity, reason) in enumerate([(ring, MissReason.BUDGET), ("b", MissReason.SKIPPED)]):
        tick = await current(pool, entity)
        await begin(pool, store, [tick], NOW)
        async with pool.acquire() as connection, connection.transaction():
            await store.finish(connection, [Finish(tick, "missed", None, reason)], NOW + number * DAY)
    assert [(m.title, m.miss.reason, m.miss.due_at) for m in await latest_misses(pool)] == [
        (None, MissReason.SKIPPED, NOW),
        ("The Ring", MissReason.BUDGET, NOW),
    ]
    assert len(await latest_misses(pool, title="ring")) == len(await latest_misses(pool, workflow="single")) - 1 == 1
    assert await forget_misses(pool, NOW + DAY, 100) == 1
    assert [m.miss.reason for m in await latest_misses(pool)] == [MissReason.SKIPPED]


async def test_a_row_may_have_a_policy_of_its_own(pool: asyncpg.Pool, desk: Desk, store: ScheduleStore) -> None:
    await desk.plan_regular("daily", ["a", "b"], NOW)
    own = {"interval_s": 3_600, "phase_s": 60}
    assert (await desk.set_policy("daily", ["a"], own, NOW)).phase_s == 60
    hourly = await row(pool, "a", "daily")
    assert (hourly.due_at, hourly.policy) == (NOW + timedelta(minutes=1), own)
    assert await unsent(pool) == 3, "its timer is set anew"
    # Whoever plans the regular looks of all keeps to it.
    assert await desk.plan_regular("daily", ["a", "b"], NOW) == 0
    slots = await desk.regular_slots("daily", ["a", "b"], NOW - DAY, NOW)
    assert (len(slots["a"]), len(slots["b"])) == (24, 1)
    endless = await desk.regular_slots("daily", ["a"], NOW - 10_000 * DAY, NOW)
    assert len(endless["a"]) == 501, "as many as are refused, and no more"
    for wrong, why in (
        ({"phase": 1}, "there is no phase"),
        ({"interval_s": None}, "cannot be none"),
        ({"overlap": []}, "overlap is"),
    ):
        with pytest.raises(Permanent, match=why):
            await desk.set_policy("daily", ["a"], wrong, NOW)
    assert (await row(pool, "a", "daily")).policy == own
    assert await desk.set_policy("daily", ["a", "new"], None, NOW) == TABLE["daily"].policy
    back = await row(pool, "a", "daily")
    assert (store.policy(back), back.policy, back.due_at) == (TABLE["daily"].policy, None, NOW.replace(hour=0) + DAY)
    assert (await row(pool, "new", "daily")).due_at is None, "what nobody planned is not planned by this"
    # What somebody wrote there by hand stops nothing.
    for wrong_text in ('{"retry_wait_s": -1}', '{"jitter_s": null}', '{"interval_s": null}'):
        await pool.execute("UPDATE schedule SET policy = $1 WHERE entity_id = 'a'", wrong_text)
        assert store.policy(await row(pool, "a", "daily")) == TABLE["daily"].policy
        assert await desk.plan_regular("daily", ["a"], NOW) == 0


async def test_two_ticks_of_one_row_in_one_batch_run_once(pool: asyncpg.Pool, desk: Desk, store: ScheduleStore) -> None:
    await desk.plan("single", {"a": Due(NOW, "x"), "b": Due(NOW, "x")}, NOW - DAY)
    a, b = await current(pool, "a"), await current(pool, "b")
    doubled = Tick(a.workflow, a.entity_id, a.due_at, a.attempt, a.plan_version, a.sequence + 1)
    unknown = Tick("gone", "a", NOW, 1)
    decisions = await begin(pool, store, [a, b, doubled, unknown], NOW)
    assert [type(one).__name__ for one in decisions] == ["Run", "Run", "Ignore", "Ignore"]
    async with pool.acquire() as connection, connection.transaction():
        ends = [Finish(one, "done", None) for one in (a, doubled, b)]
        assert await store.finish(connection, ends, NOW) == [True, False, True]


async def test_rows_keep_every_value_through_the_database(pool: asyncpg.Pool, desk: Desk, store: ScheduleStore) -> None:
    await desk.plan("single", {"a": Due(NOW + timedelta(microseconds=123_457), "x")}, NOW - 0.5 * DAY)
    before = await row(pool, "a")
    await begin(pool, store, [await current(pool, "a")], NOW)
    after = await row(pool, "a")
    assert after.running_tick == before.tick
    assert (after.due_at, after.slot_at, after.timer_number) == (before.due_at, before.slot_at, before.timer_number)
    assert after.running_since == NOW
    assert await unsent(pool) == 1
