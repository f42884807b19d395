"""The loop that keeps rows and timers together: what is new, what was lost, and two of them at once."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from nats.js.errors import NotFoundError

from contracts.errors import Outage
from contracts.ids import derived_id
from contracts.workflow import Due
from handlers.schedule.timer import subject_of
from handlers.update.planning import FIRST
from streams.topology import SCHEDULE
from tests.integration.ingest.persisting import hand_in
from tests.integration.update.conftest import Place
from tests.integration.update.works import TRACKING, Process, held, quiet
from tests.unit.world.catalogue import ORIGIN, HandClock, _running
from tests.waiting import eventually

ROWS = "SELECT workflow, entity_id, due_at, plan_version, reason FROM schedule ORDER BY workflow, entity_id"


async def rows(one: Process) -> list[tuple[object, ...]]:
    return [tuple(row) for row in await one.pool.fetch(ROWS)]


async def planned(one: Process) -> set[tuple[str, str]]:
    return {(row["workflow"], row["entity_id"]) for row in await one.pool.fetch(ROWS)}


async def test_what_is_new_gets_its_looks_and_a_second_pass_changes_nothing(place: Place) -> None:
    one = await quiet(place)
    await one.timekeeping.once()
    first = await rows(one)
    shows = {str(row["id"]) for row in await one.pool.fetch("SELECT id FROM anime")}
    people = {str(row["id"]) for row in await one.pool.fetch("SELECT id FROM character")}
    named = await planned(one)
    assert {entity for workflow, entity in named if workflow == "metadata_refresh"} == shows
    assert {entity for workflow, entity in named if workflow == "character_refresh"} == people
    assert {entity for workflow, entity in named if workflow in ("score_sync", "schedule_rebuild")} == {"all"}
    tracked = {entity for workflow, entity in named if workflow == TRACKING}
    assert {str(place.show(number)) for number in range(1, 15)} <= tracked
    assert str(place.show(101)) not in tracked, "it is over"
    await one.timekeeping.once()
    assert await rows(one) == first
    # A show and its cast that come in later are found by the next pass.
    await hand_in(one.pool, [_running(15, ("monday", "22:00", "Asia/Tokyo"))], clock=HandClock(ORIGIN))
    await one.timekeeping.once()
    more = await planned(one) - named
    newcomer = str(place.show(15))
    assert {workflow for workflow, entity in more if entity == newcomer} == {
        TRACKING, "metadata_refresh", "status_check",
    }  # fmt: skip
    cast = {str(derived_id("test-character", f"{who} 15")) for who in ("Hero", "Friend")}
    assert {entity for workflow, entity in more if workflow == "character_refresh"} == cast


async def test_a_pass_that_dies_between_two_workflows_leaves_what_is_new_new(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await quiet(place)
    plan_regular = one.looks.desk.plan_regular

    async def dies(workflow: str, *rest: Any) -> int:
        if workflow == "status_check":
            raise Outage("PostgreSQL", "the test")
        return await plan_regular(workflow, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(one.looks.desk, "plan_regular", dies)
        with pytest.raises(Outage):
            await one.timekeeping.once()
    await one.timekeeping.once()
    firsts = await one.pool.fetch("SELECT entity_id FROM schedule WHERE reason LIKE $1", f"{FIRST}%")
    airing = await one.pool.fetch("SELECT id FROM anime WHERE status = 'ONGOING'")
    assert airing
    assert {row["entity_id"] for row in firsts} == {str(row["id"]) for row in airing}
    assert {"metadata_refresh", "status_check"} <= {workflow for workflow, _ in await planned(one)}


async def test_misses_are_kept_for_ninety_days(place: Place) -> None:
    one = await quiet(place)
    miss = "INSERT INTO schedule_miss VALUES ('metadata_refresh', $1, $2, 'down', $2)"
    await one.pool.execute(miss, "old", one.now() - timedelta(days=91))
    await one.pool.execute(miss, "young", one.now() - timedelta(days=89))
    await one.timekeeping.once()
    assert await one.pool.fetchval("SELECT array_agg(entity_id) FROM schedule_miss") == ["young"]


async def test_passes_of_two_processes_at_once_set_every_timer_once(place: Place) -> None:
    first, second = await quiet(place), await quiet(place)
    await asyncio.gather(*(one.timekeeping.once() for one in (first, second) * 2))
    # A first look is due now, and now is a moment earlier for one of the two.
    firsts = await first.pool.fetch("SELECT timer_number, plan_version FROM schedule WHERE reason LIKE $1", f"{FIRST}%")
    assert firsts
    assert {tuple(row) for row in firsts} == {(1, 1)}
    assert await first.pool.fetchval("SELECT max(timer_number) FROM schedule") == 1
    timers = await first.pool.fetchval("SELECT count(*) FROM outbox WHERE entity_type = 'schedule'")
    rows_timed = await first.pool.fetchval("SELECT count(*) FROM schedule WHERE timer_due_at IS NOT NULL")
    assert timers == rows_timed


async def test_the_whole_stream_deleted_while_it_runs_is_back_within_a_minute_and_fires_once(place: Place) -> None:
    first, second = await place.start(), await place.start()
    # Nobody knows these entities, so that their looks ask nobody.
    names = [str(derived_id("nobody", number)) for number in range(1_000)]
    soon, later = (Due(first.now() + timedelta(minutes=part), "a test") for part in (30, 600))
    await first.looks.plan("status_check", {name: soon if n < 500 else later for n, name in enumerate(names)})
    past = await first.row(names[0], "status_check")
    for one in (first, second):
        one.timekeeping.start()

    async def all_are_held() -> bool:
        return sum(subject.startswith("anime.schedule.timer.status_check.") for subject in await held(first)) >= 1_000

    await eventually(all_are_held, within_s=60)
    before = await held(first)
    await first.client.jetstream().delete_stream(SCHEDULE.name)
    made = await eventually(lambda: _made_again(first), within_s=60)
    assert made
    await eventually(all_are_held, within_s=60)
    assert {s for s in before if "status_check" in s} <= await held(first)
    # The first half fires: each once, and each look ends.
    done = (
        "SELECT count(*) FROM schedule WHERE workflow = 'status_check' AND last_outcome LIKE '%not in the catalogue%'"
    )

    async def half_are_done() -> bool:
        return bool(await first.pool.fetchval(done) >= 500)

    await eventually(half_are_done, within_s=90)
    info = await first.client.jetstream().stream_info(SCHEDULE.name, subjects_filter="anime.schedule.due.status_check")
    assert (info.state.subjects or {})["anime.schedule.due.status_check"] == 500, "no tick fired twice"
    assert (await first.row(names[0], "status_check")).last_tick == past.tick


async def test_what_a_server_had_confirmed_and_lost_is_set_again_once_it_is_back(place: Place) -> None:
    one = await place.start()
    entity = str(derived_id("nobody"))
    subject = subject_of("status_check", entity)
    await one.looks.plan("status_check", {entity: Due(one.now() + timedelta(hours=20), "a test")})
    await one.timekeeping.once()

    async def is_held() -> bool:
        return subject in await held(one)

    await eventually(is_held)
    before = one.client.stats["reconnects"]
    await one.client.jetstream().purge_stream(SCHEDULE.name, subject=subject)
    assert one.client._transport is not None
    one.client._transport.close()
    await eventually(lambda: one.client.is_connected and one.client.stats["reconnects"] > before)
    await one.timekeeping.once()
    assert one.timekeeping.last_report is not None
    assert one.timekeeping.last_report.missing == 1
    await eventually(is_held)
    # Nothing came back since: what is whole is not compared again.
    report = one.timekeeping.last_report
    await one.timekeeping.once()
    assert one.timekeeping.last_report is report


async def _made_again(one: Process) -> bool:
    try:
        await one.client.jetstream().stream_info(SCHEDULE.name)
    except NotFoundError:
        return False
    return True


async def test_after_a_week_in_which_nobody_was_there_each_row_has_one_timer_and_they_are_spread(place: Place) -> None:
    one = await quiet(place)
    await one.timekeeping.once()
    # As if everything stood as it does a week and a day ago, and no timer had been kept since.
    await one.pool.execute("DELETE FROM outbox")
    await one.pool.execute(
        """
        UPDATE schedule SET due_at = due_at - interval '8 days', slot_at = slot_at - interval '8 days',
            timer_due_at = NULL, timer_number = 0"""
    )
    late = await one.pool.fetchval("SELECT count(*) FROM schedule WHERE due_at < $1", one.now())
    assert late > 80
    await one.timekeeping.once()
    waiting = await one.pool.fetch("SELECT subject, headers::text FROM outbox WHERE entity_type = 'schedule'")
    subjects = [row["subject"] for row in waiting]
    assert len(subjects) == len(set(subjects)) == await one.pool.fetchval("SELECT count(*) FROM schedule")
    # Weekly looks that came late share a day or two; air times a quarter of an hour, and no slot of them is given up.
    real, now = one.looks.store.real, one.now()
    fires: dict[str, list[datetime]] = {}
    for row in waiting:
        at = datetime.fromisoformat(orjson.loads(row["headers"])["Nats-Schedule"].removeprefix("@at "))
        fires.setdefault(row["subject"].split(".")[3], []).append(at)
    for workflow in ("metadata_refresh", "character_refresh"):
        first_hour = sum(at <= real(now + timedelta(hours=1)) for at in fires[workflow])
        assert first_hour < len(fires[workflow]) / 3, workflow
    assert max(fires[TRACKING]) <= real(now + timedelta(days=7))
    given_up = await one.pool.fetch("SELECT DISTINCT workflow FROM schedule_miss")
    assert TRACKING not in {row["workflow"] for row in given_up}
