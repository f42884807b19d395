"""Episode air tracking: what is found at its time, what is looked for again, and when the next look comes."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from contracts.observation import Kind
from contracts.workflow import BACKFILL, Due, MissReason
from handlers.schedule import moves
from handlers.sources.account import Failure
from handlers.update.airtime import ANNOUNCED, DAILY, WEEKLY
from handlers.update.flows.episode_air_tracking import EPISODE_AIR_TRACKING
from handlers.update.look import Look
from handlers.update.planning import AGAIN
from tests.events import uid
from tests.unit.update.flows.fridays import BY_SLOT, FRIDAY, SLOT, at_slot, planned
from tests.unit.update.flows.house import DAY, HOUR, TRACKING, WEEK, House, events_of, weekly
from tests.unit.update.flows.services import BUSY, DOWN, airing, listed


async def test_found_at_its_time_it_becomes_an_event_and_the_next_timer_is_set_at_once() -> None:
    house, ring = at_slot()
    house.services.tell("anilist", Kind.AIRING, "1001", airing(5, (6, SLOT + WEEK)))
    await planned(house, ring)
    await house.run_until(SLOT)
    assert house.aired() == [5]
    row = house.row(ring)
    assert (row.due_at, row.slot_at, row.attempt, row.last_slot_at) == (SLOT + WEEK, SLOT + WEEK, 1, SLOT)
    assert row.reason == ANNOUNCED
    assert row.last_outcome == "aired: 5"
    assert house.misses == []
    # Nobody gave the minute, so the episode aired at its slot.
    (event, *_) = [one for one in house.events if one.source == "anilist" and hasattr(one, "aired_at")]
    assert event.aired_at == SLOT


async def test_it_is_asked_past_our_cache_and_before_what_can_wait_in_one_question_a_source() -> None:
    house = House(now=SLOT)
    shows = [house.show(f"show {n}", weekly(range(1, 5), SLOT - WEEK), n, broadcast=FRIDAY) for n in range(1, 41)]
    for one in shows:
        await planned(house, str(one))
    await house.run_until(SLOT)
    asked = {(one.source, one.kind, len(one.ids)) for one in house.services.asked}
    assert asked == {("anilist", Kind.AIRING, 40), ("jikan", Kind.EPISODES, 40)}
    assert all(one.urgent and one.fresh for one in house.services.asked)


@pytest.mark.parametrize(
    ("have", "latest", "told"),
    [
        ({1, 2, 3, 4}, 6, [5, 6]),  # Two at once.
        ({1, 2}, 5, [3, 4, 5]),  # After a window that was skipped, or several.
        ({1, 3, 4}, 5, [2, 5]),  # One that was missed in between.
        ({1, 2, 3, 4}, 4, []),
    ],
)
async def test_every_number_that_is_missing_gets_its_event(have: set[int], latest: int, told: list[int]) -> None:
    house = House(now=SLOT)
    ring = str(house.show("ring", weekly(have, SLOT - WEEK), broadcast=FRIDAY))
    house.services.tell("anilist", Kind.AIRING, "1001", airing(latest))
    house.apply(await house.look(TRACKING, ring, BY_SLOT))
    assert house.aired() == told


async def test_a_number_from_in_between_does_not_stand_for_the_expected_one() -> None:
    house = House(now=SLOT)
    ring = str(house.show("ring", weekly({1, 3, 4}, SLOT - WEEK), broadcast=FRIDAY))
    house.services.tell("anilist", Kind.AIRING, "1001", lambda now: airing(5 if now >= SLOT + HOUR else 4))
    await planned(house, ring)
    await house.run_until(SLOT + HOUR)
    assert house.aired() == [2]
    assert (house.row(ring).attempt, house.row(ring).slot_at) == (2, SLOT)
    assert house.row(ring).last_outcome == f"aired: 2; episode 5 is not there yet ({WEEKLY})"
    await house.run_until(SLOT + 3 * HOUR)
    assert house.aired() == [2, 5]
    assert (house.row(ring).due_at, house.misses, house.notices) == (SLOT + WEEK, [], [])


async def test_an_episode_that_is_listed_a_week_late_does_not_make_the_next_one_late() -> None:
    """Jikan alone knows the show, and lists everything late: the one of this slot is looked for within a day."""
    house = House(now=SLOT)
    ring = str(house.show("ring", weekly(range(1, 4), SLOT - 2 * WEEK), broadcast=FRIDAY, external_ids={"mal": "1"}))
    came = SLOT + timedelta(minutes=1)
    house.services.tell(
        "jikan",
        Kind.EPISODES,
        "1",
        lambda now: listed(weekly(range(1, 6), SLOT) if now >= came else weekly(range(1, 5), SLOT - WEEK)),
    )
    await planned(house, ring)
    await house.plan("schedule_rebuild", {"all": None})
    await house.run_until(SLOT)
    assert house.aired() == [4]
    look_again = house.row(ring)
    assert look_again.due_at is not None
    assert SLOT < look_again.due_at <= SLOT + DAY
    # The rebuild at midnight, which knows of next week's slot only, leaves it in place.
    await house.look("schedule_rebuild", "all")
    assert house.row(ring) == look_again
    await house.run_until(SLOT + DAY + HOUR)
    assert house.aired() == [4, 5]
    assert (house.row(ring).due_at, house.misses, house.notices) == (SLOT + WEEK, [], [])


async def test_somebody_who_asks_between_two_attempts_does_not_end_the_search() -> None:
    house, ring = at_slot()
    house.services.tell("anilist", Kind.AIRING, "1001", lambda now: airing(5 if now >= SLOT + 3 * HOUR else 4))
    await planned(house, ring)
    await house.run_until(SLOT + HOUR)
    key = house.row(ring).key
    _, moved = moves.triggered(house.rows[key], house.workflows[TRACKING].policy, "where is it", house.now)
    house.rows[key] = moved.row
    await house.run_until(SLOT + HOUR)
    assert (house.row(ring).attempt, house.row(ring).due_at) == (2, SLOT + 3 * HOUR)
    await house.run_until(SLOT + 3 * HOUR)
    assert house.aired() == [5]
    assert (house.row(ring).due_at, house.misses) == (SLOT + WEEK, [])


async def test_announced_rows_do_not_count_as_aired() -> None:
    house = House(now=SLOT)
    rows = {**weekly({1, 2, 3}, SLOT - WEEK), 4: None, 5: SLOT + DAY}
    ring = str(house.show("ring", rows, broadcast=FRIDAY))
    house.services.tell("anilist", Kind.AIRING, "1001", airing(4))
    house.apply(await house.look(TRACKING, ring, BY_SLOT))
    assert house.aired() == [4]


async def test_a_backfill_takes_what_the_cache_holds_and_its_neighbours_do_not() -> None:
    house = House(now=SLOT)
    shows = [house.show(f"ring {number}", weekly({1, 2, 3}, SLOT - WEEK), number) for number in (1, 2)]
    reasons = (f"{BACKFILL} {(SLOT - WEEK).isoformat()}", BY_SLOT)
    looks = [Look(uid("tick", show), str(show), SLOT, 1, why) for show, why in zip(shows, reasons, strict=True)]
    await EPISODE_AIR_TRACKING.run(looks, house.tools())
    asked = {(one.source, one.ids, one.fresh) for one in house.services.asked}
    assert asked == {
        ("anilist", ("1001",), False),
        ("anilist", ("1002",), True),
        ("jikan", ("1",), False),
        ("jikan", ("2",), True),
    }


async def test_not_found_it_is_looked_for_again_until_it_is_there() -> None:
    house, ring = at_slot()
    house.services.tell(
        "anilist", Kind.AIRING, "1001", lambda now: airing(5 if now >= SLOT + timedelta(hours=3) else 4)
    )
    await planned(house, ring)
    await house.run_until(SLOT + timedelta(hours=5))
    assert [at - SLOT for at, _, _ in house.looks] == [timedelta(), 2 * HOUR, 4 * HOUR]
    assert house.aired() == [5]
    assert (house.misses, house.notices) == ([], [])
    assert house.row(ring).due_at == SLOT + WEEK


async def test_never_found_it_ends_in_one_alert_and_a_skipped_window() -> None:
    house, ring = at_slot()
    house.services.tell("anilist", Kind.AIRING, "1001", airing(4))
    await planned(house, ring)
    await house.run_until(SLOT + DAY)
    assert [at - SLOT for at, _, _ in house.looks] == [n * 2 * HOUR for n in range(4)]
    (miss,) = house.misses
    assert (miss.due_at, miss.reason) == (SLOT, MissReason.SKIPPED)
    (notice,) = house.notices
    assert notice.key == ring
    assert "ring: episode 5 was expected at 2026-02-20T16:30:00+00:00 and not found in 4 looks" in notice.text
    row = house.row(ring)
    assert (row.due_at, row.attempt, row.last_slot_at) == (SLOT + WEEK, 1, SLOT)


@pytest.mark.parametrize(
    ("troubles", "reason"),
    [
        ({"anilist": BUSY, "jikan": BUSY}, MissReason.BUDGET),
        ({"anilist": BUSY, "jikan": DOWN}, MissReason.SKIPPED),
        ({"jikan": BUSY}, MissReason.SKIPPED),
    ],
)
async def test_a_window_that_only_throttling_kept_from_its_answer_is_missed_for_want_of_budget(
    troubles: dict[str, Failure], reason: MissReason
) -> None:
    house, ring = at_slot()
    house.services.tell("anilist", Kind.AIRING, "1001", airing(4))
    house.services.trouble = troubles
    await planned(house, ring)
    await house.plan("schedule_rebuild", {"all": None})
    await house.run_until(SLOT + 7 * HOUR)
    assert [(one.due_at, one.reason) for one in house.misses] == [(SLOT, reason)]
    assert [one.key for one in house.notices] == [ring], "it is told all the same"
    await house.run_until(SLOT + DAY)
    assert any(why.startswith(AGAIN) for _, key, why in house.looks if key.workflow == TRACKING), "and made up for"


async def test_a_skipped_window_is_looked_at_again_by_the_rebuild_and_nothing_is_lost() -> None:
    house, ring = at_slot()
    late = datetime(2026, 2, 21, 5, tzinfo=UTC)
    house.services.tell("anilist", Kind.AIRING, "1001", lambda now: airing(5 if now >= late else 4))
    await planned(house, ring)
    await house.plan("schedule_rebuild", {"all": None})
    await house.run_until(SLOT + DAY)
    assert [one.reason for one in house.misses] == [MissReason.SKIPPED]
    # The rebuild at midnight looked again: one look, and no alert of its own.
    again = [(at, why) for at, key, why in house.looks if key.workflow == TRACKING and why.startswith(AGAIN)]
    assert again == [(datetime(2026, 2, 21, tzinfo=UTC), f"{AGAIN}: the last window was skipped")]
    assert len(house.notices) == 1
    assert house.aired() == []
    # What came later still is found at the next slot, with its neighbour.
    house.services.tell("anilist", Kind.AIRING, "1001", lambda now: airing(6 if now >= SLOT + WEEK else 5))
    await house.run_until(SLOT + WEEK + HOUR)
    assert house.aired() == [5, 6]
    assert len(house.misses) == 1


async def test_a_source_that_puts_the_episode_off_is_believed_and_nothing_is_missed() -> None:
    house, ring = at_slot()
    later = SLOT + timedelta(days=3, minutes=7)
    house.services.tell("anilist", Kind.AIRING, "1001", lambda now: airing(4 if now < later else 5, (5, later)))
    await planned(house, ring)
    await house.run_until(SLOT + HOUR)
    row = house.row(ring)
    assert (row.due_at, row.attempt) == (later, 1)
    assert row.last_outcome == f"episode 5 is put off to {later.isoformat()}"
    await house.run_until(later)
    assert house.aired() == [5]
    assert (house.misses, house.notices) == ([], [])


async def test_a_show_without_a_time_is_looked_at_once_a_day_and_misses_nothing() -> None:
    house, ring = at_slot(broadcast=None)
    house.services.tell("anilist", Kind.AIRING, "1001", airing(4))
    await house.plan("schedule_rebuild", {"all": None})
    await house.run_until(SLOT + WEEK)
    looks = [at for at, key, _ in house.looks if key.workflow == TRACKING]
    assert len(looks) in (6, 7)
    assert {b - a for a, b in itertools.pairwise(looks)} == {DAY}
    assert (house.misses, house.notices) == ([], [])
    assert house.row(ring).reason.startswith(DAILY)


async def test_a_daily_look_that_nobody_answers_is_repeated_and_stays_a_daily_one() -> None:
    """A retry stands for what its first look stood for: an episode that is not there is none that was expected."""
    house, ring = at_slot(broadcast=None)
    house.services.tell("anilist", Kind.AIRING, "1001", airing(4))
    house.services.trouble = dict.fromkeys(("jikan", "anilist"), DOWN)
    await planned(house, ring, Due(SLOT, f"{DAILY}: no broadcast day is known"))
    await house.run_until(SLOT + HOUR)
    assert house.row(ring).attempt == 2
    house.services.trouble = {}
    await house.run_until(SLOT + 8 * HOUR)
    assert house.row(ring).attempt == 1
    assert (house.misses, house.notices) == ([], [])


@pytest.mark.parametrize("reason", ["somebody asked", "asked for during the look before", "backfill of 2026-02-13"])
async def test_a_look_that_somebody_asked_for_misses_nothing(reason: str) -> None:
    house, ring = at_slot()
    house.services.tell("anilist", Kind.AIRING, "1001", airing(4))
    house.now = SLOT - 2 * DAY
    found = await house.look(TRACKING, ring, reason)
    assert isinstance(found.end.next, Due)
    assert found.end.next.at == SLOT
    assert found.notices == ()


async def test_the_same_tick_gives_the_same_events_after_a_crash() -> None:
    house, ring = at_slot()
    house.services.tell("anilist", Kind.AIRING, "1001", airing(6, (7, SLOT + WEEK), status="ONGOING"))
    first = await house.look(TRACKING, ring, BY_SLOT)
    house.now += timedelta(minutes=3)
    second = await house.look(TRACKING, ring, BY_SLOT, slot_at=SLOT)
    ids = [[one.event_id for one in events_of(found, house.now)] for found in (first, second)]
    assert len(ids[0]) == 3
    assert ids[0] == ids[1]
