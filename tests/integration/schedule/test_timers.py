"""From a row to a timer to a tick, once and at its time, on a real PostgreSQL, relay and nats-server."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from nats.aio.client import Client

from contracts.workflow import Due
from handlers.schedule.desk import Desk
from handlers.schedule.moves import Moved
from handlers.schedule.ports import HeldTimer
from handlers.schedule.reconcile import project_all, reconcile
from handlers.schedule.row import Key
from handlers.schedule.store import ScheduleStore
from handlers.schedule.tick import Ignore, Ignored, Missed, Run
from handlers.schedule.timer import DUE_AT, TICK, rfc3339, subject_of
from streams.embedded import NatsServer
from streams.provision import provision
from streams.relay import Relay
from streams.timers import NatsTimers
from streams.topology import SCHEDULE
from tests.integration.schedule.clockwork import TABLE, Ticks, begin, consumer_of, handle, now, row, soon, unsent
from tests.waiting import eventually

Happens = Callable[[], Awaitable[None]]
AGAIN = Key("single", "again")


async def relayed(pool: asyncpg.Pool) -> bool:
    return await unsent(pool) == 0


async def test_a_row_becomes_a_timer_and_fires_once_at_its_time(
    pool: asyncpg.Pool, desk: Desk, store: ScheduleStore, relay: Relay, ticks: Ticks
) -> None:
    due = soon(1.3)
    assert await desk.plan("single", {"ring": due}, now()) == 1
    await eventually(ticks.some)
    fired_at = now()
    ((tick, headers),) = ticks.seen
    assert fired_at >= due.at - timedelta(milliseconds=50)
    assert (tick.workflow, tick.entity_id, tick.due_at, tick.attempt) == ("single", "ring", due.at, 1)
    # The server strips the message id; the tick's own travels in our headers.
    assert "Nats-Msg-Id" not in headers
    assert (headers[TICK], headers[DUE_AT]) == (str(tick.id), rfc3339(due.at))
    assert headers["Nats-TTL"] == "604800s"
    assert isinstance(await handle(pool, store, tick), Run)
    assert await handle(pool, store, tick) == Ignore(Ignored.DONE)
    after = await row(pool, "ring")
    assert (after.last_outcome, after.due_at, after.last_slot_at) == ("done", None, due.at)


async def test_a_past_due_time_fires_at_once(desk: Desk, relay: Relay, ticks: Ticks) -> None:
    await desk.plan("single", {"ring": soon(-3_600)}, now())
    await eventually(ticks.some)
    assert ticks.entities() == ["ring"]


async def test_planning_again_replaces_the_timer(
    pool: asyncpg.Pool, desk: Desk, relay: Relay, ticks: Ticks, timers: NatsTimers
) -> None:
    await desk.plan("single", {"ring": soon(3_600)}, now())
    await eventually(lambda: relayed(pool))
    first = (await timers.held())[subject_of("single", "ring")]
    due = soon(1.0)
    assert await desk.plan("single", {"ring": due}, now()) == 1
    await eventually(lambda: relayed(pool))
    await eventually(ticks.some)
    assert [tick.due_at for tick, _ in ticks.seen] == [due.at]
    assert first.fires_at is not None
    assert first.fires_at > due.at
    assert await timers.held() == {}


async def test_the_same_plan_again_changes_nothing(pool: asyncpg.Pool, desk: Desk) -> None:
    due = soon(3_600)
    assert await desk.plan("single", {"ring": due}, now()) == 1
    assert await desk.plan("single", {"ring": due}, now()) == 0
    assert await unsent(pool) == 1


async def test_pausing_cancels_and_resuming_sets_again(
    pool: asyncpg.Pool, desk: Desk, relay: Relay, ticks: Ticks, timers: NatsTimers
) -> None:
    due = soon(1.5)
    await desk.plan("single", {"ring": due, "other": due}, now())
    await eventually(lambda: relayed(pool))
    assert await desk.pause("single", ["ring"], "its source is broken", now()) == 1
    assert set(await timers.held()) == {subject_of("single", "other")}
    await eventually(ticks.some)
    assert ticks.entities() == ["other"]
    held = await row(pool, "ring")
    assert (held.paused_reason, held.due_at) == ("its source is broken", due.at)
    # Within the window in which NATS drops a message id that it knows: the timer must be one of its own.
    assert await desk.resume("single", ["ring"], now()) == 1
    await eventually(lambda: came(ticks, 2))
    assert ticks.entities() == ["other", "ring"]


async def came(ticks: Ticks, number: int) -> bool:
    await ticks.read()
    return len(ticks.seen) >= number


async def test_a_timer_purged_by_a_pause_and_set_again_at_the_same_time_is_no_duplicate(
    pool: asyncpg.Pool, desk: Desk, relay: Relay, timers: NatsTimers
) -> None:
    due = soon(3_600)
    await desk.plan("single", {"ring": due}, now())
    await eventually(lambda: relayed(pool))
    await desk.pause("single", None, "night", now())
    assert await timers.held() == {}
    await desk.resume("single", None, now())
    await eventually(lambda: relayed(pool))
    assert set(await timers.held()) == {subject_of("single", "ring")}
    assert (await row(pool, "ring")).due_at == due.at


async def test_a_tick_that_was_under_way_when_the_row_was_paused_is_a_miss(
    pool: asyncpg.Pool, desk: Desk, store: ScheduleStore, relay: Relay, ticks: Ticks
) -> None:
    due = soon(0.2)
    await desk.plan("single", {"ring": due}, now())
    await eventually(ticks.some)
    await desk.pause("single", ["ring"], "no", now())
    (decision,) = await begin(pool, store, [ticks.seen[0][0]])
    assert isinstance(decision, Missed)
    reasons = await pool.fetch("SELECT due_at, reason FROM schedule_miss")
    assert [(miss["due_at"], miss["reason"]) for miss in reasons] == [(due.at, "paused")]


async def test_only_what_is_due_within_the_horizon_is_held_and_the_rest_follows_in_time(
    pool: asyncpg.Pool, desk: Desk, store: ScheduleStore, relay: Relay, timers: NatsTimers
) -> None:
    plans = {f"h{hours}": Due(now() + timedelta(hours=hours), "a test") for hours in (1, 23, 25, 47)}
    await desk.plan("single", plans, now())
    await eventually(lambda: relayed(pool))
    assert set(await timers.held()) == {subject_of("single", "h1"), subject_of("single", "h23")}
    assert await project_all(pool, store, now()) == 0
    assert await project_all(pool, store, now() + timedelta(hours=2)) == 1
    await eventually(lambda: relayed(pool))
    assert set(await timers.held()) == {subject_of("single", one) for one in ("h1", "h23", "h25")}


async def test_the_next_timer_leaves_in_the_transaction_that_finishes_the_look(
    pool: asyncpg.Pool, desk: Desk, store: ScheduleStore, relay: Relay, ticks: Ticks
) -> None:
    from handlers.schedule.moves import Finish

    await desk.plan("single", {"ring": soon(0)}, now())
    await eventually(ticks.some)
    (tick,) = [tick for tick, _ in ticks.seen]
    await begin(pool, store, [tick])
    next_due = soon(0.5)
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        assert await store.finish(connection, [Finish(tick, "done", next_due)], now()) == [True]
        await transaction.rollback()  # As when we are killed before the commit.
    assert (await row(pool, "ring")).running_tick == tick.id
    assert await unsent(pool) == 0
    # The tick comes again, runs again, and this time commits.
    assert isinstance((await begin(pool, store, [tick]))[0], Run)
    async with pool.acquire() as connection, connection.transaction():
        assert await store.finish(connection, [Finish(tick, "done", next_due)], now()) == [True]
    await eventually(lambda: came(ticks, 2))
    assert [tick.due_at for tick, _ in ticks.seen][1] == next_due.at


async def test_two_schedulers_at_once_make_no_double(
    pool: asyncpg.Pool, other_pool: asyncpg.Pool, desk: Desk, store: ScheduleStore, timers: NatsTimers
) -> None:
    at = now()
    plans = {f"e{number}": Due(at + timedelta(seconds=30 + number), "a test") for number in range(3_000)}
    other_store = ScheduleStore(store.workflows, horizon_s=86_400)
    other = Desk(other_pool, other_store, timers)
    changed = await asyncio.gather(desk.plan("single", plans, at), other.plan("single", plans, at))
    assert sum(changed) == 3_000
    # All timers fall out of the horizon again, and two projectors race for them.
    await pool.execute("UPDATE schedule SET timer_due_at = NULL")
    await pool.execute("DELETE FROM outbox")
    await asyncio.gather(*(project_all(one, s, at) for one, s in ((pool, store), (other_pool, other_store)) * 2))
    await project_all(pool, store, at)
    subjects = [r["subject"] for r in await pool.fetch("SELECT subject FROM outbox")]
    assert len(subjects) == len(set(subjects)) == 3_000


async def test_a_stream_that_was_deleted_has_its_timers_again(
    pool: asyncpg.Pool, desk: Desk, store: ScheduleStore, relay: Relay, timers: NatsTimers, client: Client
) -> None:
    at = now()
    plans = {f"e{number}": Due(at + timedelta(seconds=600 + number), "a test") for number in range(2_500)}
    plans |= {"past": soon(-30), "far": soon(90_000)}
    await desk.plan("single", plans, at)
    await eventually(lambda: relayed(pool), within_s=30)

    async def only_the_past_one_fired() -> bool:
        return len(await timers.held()) == 2_500

    await eventually(only_the_past_one_fired, within_s=30)
    before = await timers.held()
    await client.jetstream().delete_stream(SCHEDULE.name)
    await provision(client.jetstream(), (SCHEDULE,), ())
    ticks = await Ticks.open(client)
    report = await reconcile(pool, store, timers, now)
    assert (report.missing, report.lost, report.stale, report.cancelled) == (2_500, 1, 0, 0)
    await eventually(lambda: relayed(pool), within_s=30)
    # The past one is held for an instant too, until the server fires it.
    await eventually(ticks.some)
    assert ticks.entities() == ["past"]
    await eventually(only_the_past_one_fired, within_s=30)
    after = await timers.held()
    assert {subject: held.tick for subject, held in after.items()} == {s: held.tick for s, held in before.items()}
    # A second pass finds nothing to do, whether the tick was handled or not.
    report = await reconcile(pool, store, timers, now)
    assert (report.missing, report.lost, report.stale, report.cancelled) == (0, 0, 0, 0)


async def test_a_timer_that_is_slow_to_arrive_is_no_missing_one(
    pool: asyncpg.Pool,
    desk: Desk,
    store: ScheduleStore,
    relay: Relay,
    timers: NatsTimers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await desk.plan("single", {f"e{number}": soon(600 + number) for number in range(1_500)}, now())
    await eventually(lambda: relayed(pool), within_s=30)
    # Each fetch gives up before anything can have arrived, as it does on a machine that is busy.
    monkeypatch.setattr("streams.timers.FETCH_S", 0.0001)
    monkeypatch.setattr("streams.timers.IDLE_MAX", 10_000)
    assert len(await timers.held()) == 1_500
    assert (await reconcile(pool, store, timers, now)).missing == 0


class Meanwhile:
    """Timers around whose reading something else happens, as it does in a program at work."""

    def __init__(self, timers: NatsTimers, before: Happens, after: Happens) -> None:
        self._timers, self._before, self._after = timers, before, after

    async def held(self) -> Mapping[str, HeldTimer]:
        await self._before()
        found = await self._timers.held()
        await self._after()
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._timers, name)


async def test_a_timer_that_is_set_while_timers_are_compared_is_neither_missing_nor_nobodys(
    pool: asyncpg.Pool, desk: Desk, store: ScheduleStore, relay: Relay, timers: NatsTimers
) -> None:
    await desk.plan("single", {"again": soon(3_600)}, now())
    await eventually(lambda: relayed(pool))
    await timers.cancel([subject_of("single", "again")], await timers.last_sequence())

    async def plan_another() -> None:
        await desk.plan("single", {"new": soon(3_600)}, now())
        await eventually(lambda: relayed(pool))

    async with pool.acquire() as connection:
        # It begins before the comparison, and commits after the timers were read and before the rows might be.
        setting = connection.transaction()
        await setting.start()
        await store.move(connection, [AGAIN], lambda row: Moved(replace(row, timer_due_at=None)), now())
        report = await reconcile(pool, store, Meanwhile(timers, plan_another, setting.commit), now)
    assert (report.missing, report.stale, report.lost, report.cancelled) == (0, 0, 0, 0)
    await eventually(lambda: relayed(pool))
    assert set(await timers.held()) == {subject_of("single", "again"), subject_of("single", "new")}


async def test_what_is_missing_stale_or_nobodys_is_repaired(
    pool: asyncpg.Pool, desk: Desk, store: ScheduleStore, relay: Relay, timers: NatsTimers, client: Client
) -> None:
    await desk.plan("single", {one: soon(3_600) for one in ("kept", "missing", "stale", "stray")}, now())
    await eventually(lambda: relayed(pool))
    held = await timers.held()
    await timers.cancel([subject_of("single", "missing")], await timers.last_sequence())
    # Somebody changed rows behind our back.
    await pool.execute(
        """
        UPDATE schedule SET due_at = due_at + interval '1 minute', timer_due_at = due_at + interval '1 minute'
        WHERE entity_id = 'stale'"""
    )
    await pool.execute("DELETE FROM schedule WHERE entity_id = 'stray'")
    report = await reconcile(pool, store, timers, now)
    assert (report.compared, report.missing, report.stale, report.cancelled) == (3, 1, 1, 1)
    await eventually(lambda: relayed(pool))
    after = await timers.held()
    assert set(after) == {subject_of("single", one) for one in ("kept", "missing", "stale")}
    assert after[subject_of("single", "kept")] == held[subject_of("single", "kept")]
    assert after[subject_of("single", "stale")].tick == (await row(pool, "stale")).tick
    assert (await reconcile(pool, store, timers, now)).missing == 0


async def test_a_tick_that_waits_to_be_handled_is_not_sent_again_and_a_lost_one_is(
    pool: asyncpg.Pool, desk: Desk, store: ScheduleStore, relay: Relay, timers: NatsTimers, ticks: Ticks, client: Client
) -> None:
    await desk.plan("single", {"ring": soon(0)}, now())
    await eventually(lambda: relayed(pool))
    await eventually(lambda: timers.waiting_ticks("single"))
    later = now() + timedelta(hours=1)
    assert (await reconcile(pool, store, timers, lambda: later)).lost == 0
    await client.jetstream().purge_stream(SCHEDULE.name)
    assert (await reconcile(pool, store, timers, lambda: later)).lost == 1
    await eventually(ticks.some)
    assert ticks.entities() == ["ring"]


async def test_a_timer_that_is_still_in_the_outbox_is_not_missing(
    pool: asyncpg.Pool, desk: Desk, store: ScheduleStore, timers: NatsTimers
) -> None:
    await desk.plan("single", {"ring": soon(3_600)}, now())
    report = await reconcile(pool, store, timers, now)
    assert (report.compared, report.missing) == (1, 0)
    assert await unsent(pool) == 1


async def test_a_timer_that_fires_while_the_pass_reads_is_not_missing(
    pool: asyncpg.Pool, desk: Desk, relay: Relay, timers: NatsTimers, ticks: Ticks, client: Client
) -> None:
    """In a fast world a pass takes hours: what was to come when it began has fired when it compares."""
    began = now()
    await desk.plan("single", {"ring": Due(began + timedelta(seconds=1), "a test")}, began)
    await eventually(lambda: relayed(pool))

    class Slow(NatsTimers):
        async def held(self) -> Mapping[str, HeldTimer]:
            await eventually(lambda: timers.waiting_ticks("single"))
            return await super().held()

    strict = ScheduleStore(TABLE, horizon_s=86_400, slack_s=0)
    report = await reconcile(pool, strict, Slow(lambda: client, consumer_of), now)
    assert (report.compared, report.missing, report.lost) == (1, 0, 0)


async def test_no_timer_is_lost_when_the_server_is_killed(
    pool: asyncpg.Pool, desk: Desk, store: ScheduleStore, relay: Relay, ticks: Ticks, own_nats: NatsServer
) -> None:
    at = now()
    due = Due(at + timedelta(seconds=6), "all at one instant")
    await desk.plan("single", {f"e{number}": due for number in range(2_000)}, at)

    async def half_are_sent() -> bool:
        return await unsent(pool) <= 1_000

    await eventually(half_are_sent)
    assert own_nats.pid is not None
    os.kill(own_nats.pid, signal.SIGKILL)
    await eventually(lambda: not own_nats.alive())
    own_nats.start()
    done: set[str] = set()

    async def all_are_handled() -> bool:
        for tick in await ticks.read():
            if isinstance(await handle(pool, store, tick), Run):
                assert tick.entity_id not in done, "one slot ran twice"
                done.add(tick.entity_id)
        return len(done) == 2_000

    await eventually(all_are_handled, within_s=60)
    assert await pool.fetchval("SELECT count(*) FROM schedule WHERE last_slot_at = $1", due.at) == 2_000
