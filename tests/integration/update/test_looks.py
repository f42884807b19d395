"""From a tick to rows, through the program's own subscribers, relay and persist, on real servers."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from uuid import UUID

from contracts.events import AnimeUpdatedEvent, EpisodeAiredEvent
from contracts.ids import derived_id
from contracts.workflow import Due
from handlers.catalogue import read_record
from handlers.update.airtime import WEEKLY
from handlers.update.belief import FIRST_WORD, sources_of
from streams.alerts import AlertKind
from tests.integration.update.conftest import Place
from tests.integration.update.works import TRACKING, settled
from tests.waiting import eventually


async def test_a_tick_becomes_a_look_its_events_and_rows(place: Place) -> None:
    one = await place.start(TIMER_HORIZON_H=24 * 14)
    show = place.show(1)
    planned = await one.plan(show)
    row = await eventually(lambda: one.ended(show), within_s=30)
    aired = place.aired(show)
    assert max(aired) > 5, "the world went on since the record was written"
    # In the outbox in the transaction that ended the look, with the tick as their cause.
    told = [event for event in await one.told() if isinstance(event, EpisodeAiredEvent)]
    assert [event.episode.episode_number for event in told] == list(range(6, max(aired) + 1))
    assert {event.causation_id for event in told} == {planned.tick}
    assert (row.running_tick, row.last_tick, row.last_slot_at) == (None, planned.tick, planned.slot_at)
    assert row.due_at is not None
    assert row.due_at > one.now()
    # Then persist has them, and the next timer is held.
    await settled(one)
    numbers = await one.pool.fetch(
        "SELECT episode_number FROM episode WHERE anime_id = $1 AND aired <= $2", show, one.now()
    )
    assert sorted(record["episode_number"] for record in numbers) == aired
    assert f"anime.schedule.timer.{TRACKING}.{show}" in await one.looks.timers.held()


async def test_a_window_that_is_skipped_is_told_recorded_and_looked_at_again(place: Place) -> None:
    one = await place.start(ANILIST_ENABLED=False, EPISODE_MAX_RETRIES=1, EPISODE_RETRY_WAIT_HOURS=0.02)
    show = place.show(1)
    await one.plan(show)
    first = await eventually(lambda: one.ended(show), within_s=30)
    await settled(one)
    # The same look once more: what has aired is in the record by now, and the next one is not there yet.
    await one.plan(show, due=Due(one.now(), WEEKLY))
    planned = await one.row(show)

    async def has_ended() -> bool:
        row = await one.row(show)
        return row.attempt == 1 and row.last_tick not in (None, first.last_tick)

    await eventually(has_ended, within_s=30)
    # Of the two attempts only the last one is a miss, and told.
    misses = await one.pool.fetch("SELECT due_at, reason FROM schedule_miss WHERE entity_id = $1", str(show))
    assert [(miss["due_at"], miss["reason"]) for miss in misses] == [(planned.slot_at, "skipped")]
    (alert,) = one.alerts.told
    assert (alert.kind, alert.key) == (AlertKind.WINDOW_SKIPPED, str(show))
    assert "Show 1: episode" in alert.text
    # The rebuild has it looked at again, which is no miss of its own.
    await one.plan("all", "schedule_rebuild", Due(one.now(), "now"))

    async def was_looked_at_again() -> bool:
        row = await one.row(show)
        return row.last_slot_at is not None and planned.slot_at is not None and row.last_slot_at > planned.slot_at

    await eventually(was_looked_at_again, within_s=30)
    assert await one.pool.fetchval("SELECT count(*) FROM schedule_miss WHERE reason = 'skipped'") == 1
    assert len(one.alerts.told) == 1


async def test_the_rule_and_who_said_otherwise_are_stored_with_the_value_that_sources_disagree_on(place: Place) -> None:
    one = await place.start()
    # Of when its next episode airs Kitsu says something else than AniList; the table believes AniList.
    show = place.show(1)
    await one.plan(show, "metadata_refresh", Due(one.now(), "now"))
    await eventually(lambda: one.ended(show, "metadata_refresh"), within_s=30)
    await settled(one, "metadata_refresh")
    record = await read_record(one.pool, show)
    assert record is not None
    said = record.provenance["broadcast"]
    assert "anilist" in sources_of(said.source)
    assert said.belief is not None
    assert said.belief.rule == FIRST_WORD, "the record had no air time"
    assert list(said.belief.dissents) == ["kitsu"]
    (at,) = re.findall(r"^next_episode_at (.+)$", said.belief.dissents["kitsu"])
    assert record.anime.broadcast is not None
    assert datetime.fromisoformat(at) != record.anime.broadcast.next_episode_at
    # Everything else that the look changed says its rule as well, and what an import said has none.
    told = {name for event in await one.told() if isinstance(event, AnimeUpdatedEvent) for name in event.beliefs}
    assert {name for name, entry in record.provenance.items() if entry.belief} == told


async def test_every_workflow_looks_through_its_own_subscriber(place: Place) -> None:
    one = await place.start()
    show, over = place.show(1), place.show(101)
    hero = derived_id("test-character", "Hero 1")
    wanted: list[tuple[str, UUID | str]] = [
        ("metadata_refresh", show), ("metadata_refresh", over), ("status_check", show), ("character_refresh", hero),
        ("schedule_rebuild", "all"), ("score_sync", "all"),
    ]  # fmt: skip
    for workflow, entity in wanted:
        await one.plan(entity, workflow, Due(one.now(), "now"))
    outcomes = {}
    for workflow, entity in wanted:
        row = await eventually(lambda w=workflow, e=entity: one.ended(e, w), within_s=60)  # type: ignore[misc]
        outcomes[workflow] = row.last_outcome
        if workflow != "status_check":
            assert row.attempt == 1, row.last_outcome
    assert "anime and" in outcomes["schedule_rebuild"]
    assert outcomes["score_sync"] == "14 titles in 1 parts"

    async def part_is_done() -> bool:
        query = (
            "SELECT count(*) FROM schedule WHERE workflow = 'score_part' AND last_outcome LIKE '%of 14 scores moved%'"
        )
        return bool(await one.pool.fetchval(query))

    await eventually(part_is_done, within_s=60)
    for workflow in {workflow for workflow, _ in wanted}:
        await settled(one, workflow)
    letters = await one.client.jetstream().stream_info("ANIME_DLQ")
    assert letters.state.messages == 0


async def test_a_policy_of_the_entitys_own_says_when_it_is_looked_at_next(place: Place) -> None:
    one = await place.start()
    own, other = place.show(1), place.show(2)
    await one.looks.desk.set_policy("metadata_refresh", [str(own)], {"interval_s": 3_600, "jitter_s": 0}, one.now())
    for show in (own, other):
        await one.plan(show, "metadata_refresh", Due(one.now(), "now"))
    rows = [await eventually(lambda s=show: one.ended(s, "metadata_refresh"), within_s=30) for show in (own, other)]  # type: ignore[misc]
    assert [row.reason for row in rows] == ["every hour", "every week"]
    assert rows[0].due_at - rows[0].last_run_at <= timedelta(hours=1)


async def test_hearing_the_same_again_tells_nothing(place: Place) -> None:
    one = await place.start()
    # Nothing that is said of this one changes for the next eleven hours of its world, which are as many minutes.
    show = place.show(7)
    for workflow in (TRACKING, "metadata_refresh"):
        await one.plan(show, workflow)
        await eventually(lambda w=workflow: one.ended(show, w), within_s=30)  # type: ignore[misc]
        await settled(one, workflow)
    told = {event.event_id for event in await one.told()}
    assert told
    before = (await one.row(show, "metadata_refresh")).last_tick
    await one.plan(show, "metadata_refresh", Due(one.now(), "now"))

    async def was_looked_at_again() -> bool:
        return (await one.row(show, "metadata_refresh")).last_tick != before

    await eventually(was_looked_at_again, within_s=30)
    again = [event for event in await one.told() if event.event_id not in told]
    # What waits for a person is not proposed again either.
    assert again == []
