"""A process that dies in the middle of a look, ticks that come twice, and ticks of plans that are no more."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from contracts.events import EpisodeAiredEvent
from contracts.workflow import Due
from handlers.update.airtime import ANNOUNCED
from handlers.update.flows import score_sync
from handlers.update.workflows import WORKFLOWS
from handlers.world.changes import Source
from handlers.world.misbehaviour import Fault
from streams.delivery.metrics import LOOKS
from tests.integration.update.conftest import Place
from tests.integration.update.works import TRACKING, Process, expected_ids, quiet, settled
from tests.waiting import eventually


async def effects(one: Process, place: Place, number: int) -> tuple[list[int], list[int]]:
    """The numbers that were told of a show, and those that have rows by now."""
    show = place.show(number)
    told = [
        e.episode.episode_number for e in await one.told() if isinstance(e, EpisodeAiredEvent) and e.anime_id == show
    ]
    rows = await one.pool.fetch(
        "SELECT episode_number FROM episode WHERE anime_id = $1 AND aired <= $2", show, one.now()
    )
    return sorted(told), sorted(row["episode_number"] for row in rows)


@pytest.mark.parametrize("at", ["begun", "found", "ended"])
async def test_killed_anywhere_the_look_has_the_same_events_and_one_effect(place: Place, at: str) -> None:
    first = await place.start()
    halting = first.halt_at(at)
    show = place.show(1)
    planned = await first.plan(show)
    await eventually(halting.reached.is_set, within_s=30)
    before = await first.row(show)
    assert (before.running_tick is None) is (at == "ended"), "a look that runs is known to run"
    before_ids = {event.event_id for event in await first.told()}
    assert bool(before_ids) is (at == "ended")
    await first.kill()
    # Whoever comes next has the tick after the ack wait.
    second = await place.start()
    row = await eventually(lambda: second.ended(show), within_s=30)
    await settled(second)
    assert row.last_tick == planned.tick
    told = await second.told()
    assert {event.causation_id for event in told} == {planned.tick}
    ids = {event.event_id for event in told}
    if at == "found":
        assert ids == expected_ids(halting.found, second.now())
    if at == "ended":
        assert ids == before_ids, "nothing was told again"
    numbers, rows = await effects(second, place, 1)
    assert numbers == sorted(set(numbers))
    assert rows == place.aired(show)
    assert await second.pool.fetchval("SELECT count(*) FROM schedule_miss") == 0


async def test_the_same_tick_under_two_messages_has_one_effect(place: Place) -> None:
    one = await place.start()
    planned = await one.plan(place.show(1), due=Due(one.now() + timedelta(minutes=1), ANNOUNCED))
    ignored = LOOKS.labels(TRACKING, "ignored")._value.get()
    for _ in range(3):
        await one.send_tick(planned)
    await eventually(lambda: one.ended(place.show(1)), within_s=30)
    await eventually(lambda: LOOKS.labels(TRACKING, "ignored")._value.get() >= ignored + 3, within_s=30)
    await settled(one)
    numbers, rows = await effects(one, place, 1)
    assert numbers == list(range(6, max(rows) + 1))
    assert rows == place.aired(place.show(1))


async def test_two_processes_share_the_ticks_and_no_look_has_two_effects(place: Place) -> None:
    first, second = await place.start(), await place.start()
    shows = [place.show(number) for number in range(1, 15)]
    due = Due(first.now() + timedelta(minutes=1), ANNOUNCED)
    for show in shows:
        planned = await first.plan(show, due=due)
        # Each tick is there three times, so that both processes meet it.
        await first.send_tick(planned)
        await second.send_tick(planned)
    for show in shows:
        await eventually(lambda show=show: first.ended(show), within_s=30)  # type: ignore[misc]
    await settled(first)
    told = Counter(
        (e.anime_id, e.episode.episode_number) for e in await first.told() if isinstance(e, EpisodeAiredEvent)
    )
    assert told
    assert set(told.values()) == {1}
    for number in range(1, 15):
        numbers, _ = await effects(first, place, number)
        assert set(numbers) <= set(place.aired(place.show(number)))


async def test_of_two_looks_at_one_tick_the_first_that_ends_has_the_only_effect(place: Place) -> None:
    """The server gave the tick to another process because the first one was silent; then the first one goes on."""
    slow, fast = await quiet(place), await quiet(place)
    halting = slow.halt_at("found")
    show = place.show(1)
    planned = await slow.plan(show)
    tick, flow = await slow.tick(planned), WORKFLOWS[TRACKING]
    late = asyncio.create_task(halting.take(flow, [(tick, 7)]))
    await eventually(halting.reached.is_set, within_s=30)
    assert await fast.looks.take(flow, [(tick, 7)]) == [None]
    told = await fast.told()
    assert {event.causation_id for event in told} == {planned.tick}
    row = await fast.row(show)
    halting.released.set()
    assert await late == [None]
    assert [event.event_id for event in await fast.told()] == [event.event_id for event in told]
    assert await fast.row(show) == row


async def test_a_tick_of_an_older_plan_changes_nothing(place: Place) -> None:
    one = await place.start()
    show = place.show(1)
    old = await one.plan(show, due=Due(one.now() + timedelta(hours=2), ANNOUNCED))
    new = await one.plan(show, due=Due(one.now() + timedelta(hours=3), ANNOUNCED))
    ignored = LOOKS.labels(TRACKING, "ignored")._value.get()
    await one.send_tick(old)
    await eventually(lambda: LOOKS.labels(TRACKING, "ignored")._value.get() > ignored, within_s=30)
    await settled(one)
    row = await one.row(show)
    assert (row.tick, row.due_at, row.last_run_at, row.running_tick) == (new.tick, new.due_at, None, None)
    assert await one.told() == []


async def test_a_stop_hands_back_what_a_slow_source_holds_up(place: Place) -> None:
    # Nobody would give the tick to anyone else for half an hour.
    first = await place.start(ECHORA_ACK_WAIT_S=1800.0)
    for source in (Source.JIKAN, Source.ANILIST):
        place.desk.misbehaviour.start(source, Fault.TIMEOUT, 86_400.0, place.clock.now(), hold_s=3_600.0)
    show = place.show(1)
    planned = await first.plan(show)

    async def is_running() -> bool:
        return (await first.row(show)).running_tick == planned.tick

    await eventually(is_running, within_s=30)
    await first.stop()
    # The look was given up, and not waited for: it has ended nowhere.
    row = await first.row(show)
    assert (row.running_tick, row.last_run_at, row.attempt) == (planned.tick, None, 1)
    place.desk.misbehaviour.clear()
    second = await place.start(ECHORA_ACK_WAIT_S=1800.0)
    row = await eventually(lambda: second.ended(show), within_s=30)
    assert row.last_tick == planned.tick
    await settled(second)
    _, rows = await effects(second, place, 1)
    assert rows == place.aired(show)


async def test_a_crash_redoes_no_part_of_the_scores_that_is_done(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score_sync, "PART_TITLES", 4)
    first = await place.start()
    halting = first.halt_at("found", let_pass=1 + 2)  # The look that cuts, and two parts.
    await first.plan("all", "score_sync", Due(first.now(), "every day"))
    await eventually(halting.reached.is_set, within_s=60)
    done = {row["entity_id"]: row["last_run_at"] for row in await first.pool.fetch(PARTS)}
    finished = {name: at for name, at in done.items() if at is not None}
    assert (len(finished), len(done)) == (2, 4)
    await first.kill()
    second = await place.start()

    async def all_are_done() -> bool:
        return all(row["last_run_at"] is not None for row in await second.pool.fetch(PARTS))

    await eventually(all_are_done, within_s=60)
    await settled(second, "score_part")
    after = {row["entity_id"]: row["last_run_at"] for row in await second.pool.fetch(PARTS)}
    assert {name: after[name] for name in finished} == finished


PARTS = "SELECT entity_id, last_run_at FROM schedule WHERE workflow = 'score_part' ORDER BY entity_id"
