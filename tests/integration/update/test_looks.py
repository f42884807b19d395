"""From a tick to rows, through the program's own subscribers, relay and persist, on real servers."""

from __future__ import annotations

from contracts.events import EpisodeAiredEvent
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
