"""Bad input and bad days: each has a sensible end, and none a storm of requests or a lost episode."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from contracts.events import EpisodeAiredEvent
from contracts.observation import Kind, Observation
from contracts.workflow import Due
from handlers.schedule.tick import Missed, Run, Wait
from handlers.update.airtime import ANNOUNCED, DAILY, WEEKLY
from tests.unit.update.flows.house import DAY, HOUR, TRACKING, WEEK, House, weekly
from tests.unit.update.flows.services import DOWN, airing

SLOT = datetime(2026, 2, 20, 16, 30, tzinfo=UTC)
FRIDAY = {"day": "friday", "time": "25:30", "timezone": "Asia/Tokyo"}
BY_SLOT = f"{WEEKLY}: friday 25:30 Asia/Tokyo"


def said_weekly(have: int, first_at: datetime) -> Any:
    """A source that knows of one more every week from an instant on."""

    def said(now: datetime) -> Observation:
        weeks = (now - first_at) // WEEK + 1 if now >= first_at else 0
        return airing(have + weeks, (have + weeks + 1, first_at + weeks * WEEK))

    return said


@pytest.mark.parametrize(
    ("slot", "why"),
    [
        ({"timezone": "Mars/Olympus"}, "the zone 'Mars/Olympus' is unknown"),
        ({"timezone": "JST-9"}, "the zone 'JST-9' is unknown"),
        ({"time": "30:00"}, "'30:00' is no clock from 00:00 to 29:59"),
        ({"time": "soon"}, "'soon' is no clock from 00:00 to 29:59"),
        ({"day": "someday"}, "'someday' is no weekday"),
    ],
)
async def test_a_slot_that_cannot_be_is_looked_at_daily_and_its_episodes_are_found(
    slot: dict[str, str], why: str
) -> None:
    house = House(now=SLOT - DAY)
    ring = house.show("ring", weekly({1, 2, 3, 4}, SLOT - WEEK), 1, broadcast=FRIDAY | slot)
    house.services.tell("anilist", Kind.AIRING, "1001", lambda now: airing(5 if now >= SLOT else 4))
    await house.plan("schedule_rebuild", {"all": None})
    await house.run_until(SLOT + DAY + HOUR)
    assert house.row(ring).reason == f"{DAILY}: {why}"
    assert house.aired() == [5]
    assert (house.misses, house.notices) == ([], [])
    assert sum(house.services.counts().values()) <= 2 * 3, "once a day"


async def test_a_wall_time_that_a_jump_of_the_clocks_leaves_out_is_looked_for_once() -> None:
    # 2026-03-08 02:30 does not exist in New York: the clocks go from 02:00 to 03:00, that is at 07:00 UTC.
    house = House(now=datetime(2026, 3, 7, 12, tzinfo=UTC))
    slot = {"day": "sunday", "time": "02:30", "timezone": "America/New_York"}
    ring = house.show("ring", weekly({1}, house.now - 6 * DAY), 1, broadcast=slot)
    house.services.tell("anilist", Kind.AIRING, "1001", said_weekly(1, datetime(2026, 3, 8, 7, 30, tzinfo=UTC)))
    await house.plan("schedule_rebuild", {"all": None})
    await house.run_until(datetime(2026, 3, 8, 12, tzinfo=UTC))
    looks = [at for at, key, _ in house.looks if key.workflow == TRACKING]
    assert looks == [datetime(2026, 3, 8, 7, 30, tzinfo=UTC)]
    assert house.aired() == [2]
    assert (house.row(ring).attempt, house.notices) == (1, [])


async def test_an_air_time_in_the_past_gives_way_to_the_slot_and_is_not_asked_for_again_and_again() -> None:
    house = House(now=SLOT - 2 * DAY)
    stale = {"next_episode_at": datetime(2025, 12, 1, tzinfo=UTC)}
    ring = house.show("ring", weekly({1, 2, 3, 4}, SLOT - WEEK), 1, broadcast=FRIDAY | stale)
    house.services.tell("anilist", Kind.AIRING, "1001", airing(4, (5, datetime(2025, 12, 1, tzinfo=UTC))))
    await house.plan("schedule_rebuild", {"all": None})
    await house.run_until(SLOT - HOUR)
    assert house.row(ring).due_at == SLOT
    assert [one for one in house.services.asked if one.kind is Kind.AIRING] == []
    await house.run_until(SLOT + 3 * DAY)
    # Its four attempts, and one look by the rebuild after it.
    assert len([key for _, key, _ in house.looks if key.workflow == TRACKING]) == 5
    assert house.row(ring).due_at == SLOT + WEEK


async def test_a_show_without_ids_costs_no_request_for_weeks() -> None:
    house = House(now=SLOT - DAY)
    house.show("ring", weekly({1, 2}, SLOT - WEEK), 1, broadcast=FRIDAY, external_ids=None)
    for name in ("schedule_rebuild", "score_sync"):
        await house.plan(name, {"all": None})
    await house.run_until(SLOT + 4 * WEEK)
    assert house.services.asked == []
    assert house.notices == []
    by_workflow = Counter(key.workflow for _, key, _ in house.looks)
    assert by_workflow[TRACKING] == 5
    assert by_workflow["metadata_refresh"] == 4


async def test_a_source_that_counts_beyond_the_total_ends_in_daily_questions_and_no_flood_of_events() -> None:
    house = House(now=SLOT)
    ring = house.show("ring", weekly(range(1, 13), SLOT - WEEK), 1, broadcast=FRIDAY, episode_count=12)
    house.services.tell("anilist", Kind.AIRING, "1001", airing(14, status="ONGOING"))
    await house.plan(TRACKING, {str(ring): Due(SLOT, BY_SLOT)})
    await house.plan("schedule_rebuild", {"all": None})
    await house.run_until(SLOT + 2 * WEEK)
    assert house.aired() == [13, 14]
    assert (house.misses, house.notices) == ([], [])
    looks = [at for at, key, _ in house.looks if key.workflow == TRACKING]
    assert len(looks) in (15, 16)


@pytest.mark.parametrize("early", [timedelta(seconds=40), timedelta(seconds=1)])
async def test_a_tick_that_comes_a_little_early_does_not_have_its_slot_looked_for_twice(early: timedelta) -> None:
    """Two clocks differ by seconds: the slot is done all the same, and the next episode is not missed at it."""
    house = House(now=SLOT - early)
    ring = house.show("ring", weekly({1, 2, 3, 4}, SLOT - WEEK), 1, broadcast=FRIDAY)
    house.services.tell("jikan", Kind.ANIME, "1", DOWN_ANSWER)
    house.services.tell("anilist", Kind.AIRING, "1001", lambda now: airing(5 if now >= SLOT - early else 4))
    await house.plan(TRACKING, {str(ring): Due(SLOT, BY_SLOT)})
    (decision,) = await house.fire(house.row(ring).key)
    assert isinstance(decision, Run)
    assert house.aired() == [5]
    assert house.row(ring).due_at == SLOT + WEEK
    await house.run_until(SLOT + DAY)
    assert (house.misses, house.notices, len(house.looks)) == ([], [], 1)


DOWN_ANSWER = airing()


@pytest.mark.parametrize("workflow", ["schedule_rebuild", "score_sync"])
async def test_a_regular_look_that_comes_a_little_early_is_not_done_twice(workflow: str) -> None:
    house = House(now=SLOT)
    await house.plan(workflow, {"all": None})
    slot = house.row("all", workflow).due_at
    assert slot is not None
    house.now = slot - timedelta(seconds=30)
    await house.fire(house.row("all", workflow).key)
    assert house.row("all", workflow).due_at == slot + DAY


async def test_a_clock_that_jumps_an_hour_ahead_looks_early_once_and_misses_nothing() -> None:
    house = House(now=SLOT - DAY)
    ring = house.show("ring", weekly({1, 2, 3, 4}, SLOT - WEEK), 1, broadcast=FRIDAY)
    # What has aired is the world's business, however our clock stands: it runs an hour ahead from here on.
    house.services.tell("anilist", Kind.AIRING, "1001", lambda now: airing(5 if now - HOUR >= SLOT else 4))
    await house.plan("schedule_rebuild", {"all": None})
    await house.run_until(SLOT - DAY + timedelta(minutes=1))
    house.now += HOUR
    await house.run_until(SLOT + HOUR + timedelta(minutes=30))
    # An hour early it is not there yet, and it is looked for again; then it is.
    assert house.row(ring).attempt == 2
    await house.run_until(SLOT + 3 * HOUR)
    assert house.aired() == [5]
    assert (house.misses, house.notices) == ([], [])


async def test_a_clock_that_is_set_back_an_hour_waits_and_does_nothing_twice() -> None:
    house = House(now=SLOT - DAY)
    ring = house.show("ring", weekly({1, 2, 3, 4}, SLOT - WEEK), 1, broadcast=FRIDAY)
    house.services.tell("anilist", Kind.AIRING, "1001", lambda now: airing(5 if now >= SLOT - HOUR else 4))
    await house.plan("schedule_rebuild", {"all": None})
    await house.run_until(SLOT - timedelta(minutes=1))
    # The timer fires by the machine that holds it, while our clock shows an hour less.
    house.now = SLOT - HOUR
    assert await house.fire(house.row(ring).key) == [Wait(SLOT)]
    assert house.services.asked == []
    await house.run_until(SLOT)
    assert house.aired() == [5]
    assert house.row(ring).due_at == SLOT + WEEK


async def test_a_clock_that_is_set_back_right_after_a_look_does_not_look_again() -> None:
    house = House(now=SLOT)
    ring = house.show("ring", weekly({1, 2, 3, 4}, SLOT - WEEK), 1, broadcast=FRIDAY)
    house.services.tell("anilist", Kind.AIRING, "1001", airing(5))
    await house.plan(TRACKING, {str(ring): Due(SLOT, BY_SLOT)})
    await house.run_until(SLOT)
    before = house.row(ring)
    house.now -= HOUR
    await house.look("schedule_rebuild", "all")
    assert house.row(ring) == before, "that slot was looked for"
    await house.run_until(SLOT + DAY)
    assert len([key for _, key, _ in house.looks if key.workflow == TRACKING]) == 1
    assert (house.misses, house.notices) == ([], [])


async def test_a_week_of_downtime_loses_no_episode_and_asks_for_each_show_once() -> None:
    house = House(now=SLOT - 2 * DAY)
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    for number in range(1, 71):
        slot = {"day": days[number % 7], "time": f"{number % 24:02d}:30", "timezone": "Asia/Tokyo"}
        broadcast = None if number % 10 == 0 else slot
        house.show(f"show {number}", weekly(range(1, 5), house.now - DAY), number, broadcast=broadcast)
        house.services.tell("anilist", Kind.AIRING, f"{1000 + number}", said_weekly(4, house.now + 3 * HOUR))
    for name in ("schedule_rebuild", "score_sync"):
        await house.plan(name, {"all": None})
    await house.run_until(house.now + DAY)
    told = len(house.aired())
    before = len(house.looks)
    house.services.asked.clear()
    # Nobody is there for a week; then every tick that fired meanwhile comes at once.
    house.now += WEEK
    late = [row.key for row in house.rows.values() if row.due_at is not None and row.due_at <= house.now]
    decisions = []
    for workflow in sorted({key.workflow for key in late}):
        decisions += await house.fire(*[key for key in late if key.workflow == workflow])
    assert all(isinstance(one, Run | Missed) for one in decisions)
    # The catalogue's own looks plan more for now, which still asks for nobody twice.
    await house.run_until(house.now + timedelta(minutes=30))
    looked = Counter(key for _, key, _ in house.looks[before:] if key.workflow == TRACKING)
    assert max(looked.values()) == 1, "one look stands for all that were missed"
    shows = len(house.catalogue.anime_by_id)
    airing_asked = sum(len(one.ids) for one in house.services.asked if one.kind is Kind.AIRING)
    assert airing_asked <= shows
    # Air times 2, metadata 5, scores 3, as one of each would ask; and whose own slot came within this half hour.
    assert sum(house.services.counts().values()) <= 11 * shows
    # A week on every show has been at its time, and everything that aired was told, each number once.
    await house.run_until(house.now + WEEK)
    per_show = Counter(
        (one.anime_id, one.episode.episode_number) for one in house.events if isinstance(one, EpisodeAiredEvent)
    )
    assert max(per_show.values()) == 1
    for one in house.catalogue.anime_by_id:
        numbers = sorted(number for anime_id, number in per_show if anime_id == one)
        assert numbers[:2] == [5, 6], "and those of the week that nobody was there for"
        assert all(after - number == 1 for number, after in pairwise(numbers))
    assert len(house.aired()) > told
    assert house.notices == []


async def test_a_month_of_downtime_gives_the_slots_up_and_the_next_look_finds_all_their_episodes() -> None:
    house = House(now=SLOT - DAY)
    ring = house.show("ring", weekly({1, 2, 3, 4}, SLOT - WEEK), 1, broadcast=FRIDAY)
    house.services.tell("anilist", Kind.AIRING, "1001", said_weekly(4, SLOT))
    await house.plan("schedule_rebuild", {"all": None})
    await house.run_until(SLOT - HOUR)
    house.now = SLOT + 4 * WEEK + DAY
    await house.fire(house.row(ring).key)
    await house.run_until(SLOT + 5 * WEEK)
    assert house.aired() == [5, 6, 7, 8, 9, 10]
    assert [one.reason.value for one in house.misses if one.workflow == TRACKING] == ["down"]


async def test_everything_down_for_a_day_is_no_storm_and_loses_nothing() -> None:
    house = House(now=SLOT - DAY)
    for number in range(1, 21):
        house.show(f"show {number}", weekly({1, 2, 3, 4}, SLOT - WEEK), number, broadcast=FRIDAY)
        house.services.tell("anilist", Kind.AIRING, f"{1000 + number}", said_weekly(4, SLOT))
    house.services.trouble = dict.fromkeys(("jikan", "anilist", "kitsu"), DOWN)
    await house.plan("schedule_rebuild", {"all": None})
    await house.run_until(SLOT + DAY)
    # Four attempts at the slot and four by the rebuild after it, each one question per source for all shows together.
    assert max(Counter(one.source for one in house.services.asked if one.kind is Kind.AIRING).values()) <= 8
    house.services.trouble = {}
    await house.run_until(SLOT + 2 * DAY)
    assert house.aired() == [5] * 20
    assert ANNOUNCED in {row.reason for row in house.rows.values()}
