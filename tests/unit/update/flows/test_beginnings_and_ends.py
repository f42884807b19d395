"""Episode air tracking where a show begins, takes a break, or ends."""

from __future__ import annotations

import pytest

from contracts.observation import Kind
from contracts.workflow import Again, Due, MissReason
from handlers.update.airtime import DAILY
from handlers.update.planning import LAST_HAS_AIRED
from tests.unit.update.flows.fridays import BY_SLOT, FRIDAY, SLOT, at_slot, planned
from tests.unit.update.flows.house import DAY, HOUR, TRACKING, WEEK, House, weekly
from tests.unit.update.flows.services import DOWN, airing, listed


async def test_a_break_is_heard_of_and_pauses_its_schedule() -> None:
    house, ring = at_slot()
    away = {"reason": "listed as on hiatus"}
    house.services.tell("anilist", Kind.AIRING, "1001", airing(4, hiatus=away))
    await planned(house, ring)
    await house.run_until(SLOT + HOUR)
    assert house.changed() == [("hiatus",)]
    assert (house.misses, house.notices) == ([], [])
    row = house.row(ring)
    assert row.reason.startswith(f"{DAILY}: on a break without an end")
    # It comes back: the episode is found by the daily look, and the slot is its own again.
    back = SLOT + 3 * DAY
    house.services.tell(
        "anilist", Kind.AIRING, "1001", lambda now: airing(5, hiatus=None) if now >= back else airing(4, hiatus=away)
    )
    await house.run_until(back + DAY)
    assert house.aired() == [5]
    assert house.row(ring).due_at == SLOT + WEEK
    assert house.notices == []


async def test_after_a_break_that_is_over_a_missing_episode_is_missed_again() -> None:
    over = {"reason": "holidays", "hiatus_from": SLOT - 3 * WEEK, "hiatus_until": SLOT - WEEK}
    house, ring = at_slot(hiatus=over)
    house.services.tell("anilist", Kind.AIRING, "1001", airing(4))
    found = await house.look(TRACKING, ring, BY_SLOT)
    assert found.end.next is Again.RETRY


async def test_the_premiere_turns_upcoming_to_ongoing() -> None:
    house = House(now=SLOT)
    ring = str(house.show("ring", {1: None}, status="UPCOMING", broadcast=FRIDAY, episode_count=12))
    house.services.tell("jikan", Kind.EPISODES, "1", listed({1: SLOT}))
    await planned(house, ring, Due(SLOT, "the premiere that is announced"))
    await house.run_until(SLOT)
    assert house.aired() == [1]
    assert house.changed() == [("status",)]
    assert house.catalogue.anime_by_id[next(iter(house.catalogue.anime_by_id))].current.values["status"] == "ONGOING"
    assert house.row(ring).due_at == SLOT + WEEK


@pytest.mark.parametrize("workflow", [TRACKING, "metadata_refresh", "status_check"])
async def test_a_source_that_is_slow_to_notice_the_premiere_proposes_no_way_back(workflow: str) -> None:
    house = House(now=SLOT)
    ring = str(house.show("ring", {1: None}, status="UPCOMING", broadcast=FRIDAY))
    house.services.tell("jikan", Kind.EPISODES, "1", listed({1: SLOT}))
    for kind in (Kind.AIRING, Kind.ANIME):
        house.services.tell("anilist", kind, "1001", airing(status="UPCOMING"))
    house.apply(await house.look(TRACKING, ring, BY_SLOT))
    (record,) = house.catalogue.anime_by_id.values()
    assert record.current.values["status"] == "ONGOING"
    # Far enough on for a look at the status to ask.
    house.now = SLOT + 5 * WEEK
    assert house.apply(await house.look(workflow, ring)) == []
    assert len(house.services.asked) > 2, "it was asked, and said so"


async def test_nothing_has_aired_of_a_show_that_is_to_come_after_all() -> None:
    house = House(now=SLOT)
    ring = str(house.show("ring", {1: SLOT + WEEK}, status="ONGOING", broadcast=FRIDAY))
    house.services.tell("anilist", Kind.AIRING, "1001", airing(status="UPCOMING"))
    house.apply(await house.look(TRACKING, ring))
    assert house.changed() == [("status",)], "a person decides"


async def test_a_premiere_that_does_not_come_is_a_miss_like_any_other() -> None:
    house = House(now=SLOT)
    ring = str(house.show("ring", status="UPCOMING", broadcast=FRIDAY, aired_dates={"aired_from": SLOT - DAY}))
    house.services.tell("anilist", Kind.AIRING, "1001", airing())
    await planned(house, ring, Due(SLOT, "the first slot from the premiere's day on"))
    await house.run_until(SLOT + DAY)
    assert [one.reason for one in house.misses] == [MissReason.SKIPPED]
    row = house.row(ring)
    assert row.reason.startswith(DAILY)
    assert row.due_at is not None
    assert row.due_at <= house.now + DAY


async def test_after_the_last_episode_the_status_is_asked_for_daily_until_it_turns() -> None:
    house, ring = at_slot(episode_count=5)
    turns = SLOT + 4 * DAY
    house.services.tell(
        "anilist", Kind.AIRING, "1001", lambda now: airing(5, status="FINISHED" if now >= turns else "ONGOING")
    )
    await planned(house, ring)
    await house.plan("schedule_rebuild", {"all": None})
    await house.run_until(SLOT + 6 * DAY)
    assert house.aired() == [5]
    looks = [(at, why) for at, key, why in house.looks if key.workflow == TRACKING]
    # A nightly rebuild in between does not plan the weekly slot instead.
    assert [why for _, why in looks[1:]] == [f"{DAILY}: {LAST_HAS_AIRED}"] * len(looks[1:])
    days = [at.date() for at, _ in looks[1:]]
    assert days == [days[0] + n * DAY for n in range(len(days))]
    assert looks[-1][0] >= turns > looks[-2][0]
    assert house.changed() == [("status",)]
    assert house.row(ring).due_at is None
    assert (house.misses, house.notices) == ([], [])


async def test_jikan_is_asked_for_the_status_at_the_end_where_anilist_does_not_know_the_show() -> None:
    house, ring = at_slot(episode_count=4, external_ids={"mal": "1"})
    house.services.tell("jikan", Kind.ANIME, "1", airing(None, source="jikan", status="FINISHED"))
    house.services.tell("jikan", Kind.EPISODES, "1", listed(weekly(range(1, 5), SLOT - WEEK)))
    found = await house.look(TRACKING, ring, f"{DAILY}: {LAST_HAS_AIRED}")
    assert [(one.field, one.new) for part in found.parts for one in part.changes] == [("status", "FINISHED")]
    assert found.end.next is Again.NEVER


@pytest.mark.parametrize("total", [None, 0])
async def test_an_unknown_total_never_ends_a_show(total: int | None) -> None:
    house = House(now=SLOT)
    ring = str(house.show("ring", weekly(range(1, 1151), SLOT - WEEK), broadcast=FRIDAY, episode_count=total))
    house.services.tell("anilist", Kind.AIRING, "1001", airing(1151))
    found = await house.look(TRACKING, ring, BY_SLOT)
    assert isinstance(found.end.next, Due)
    assert found.end.next.at == SLOT + WEEK
    assert found.end.next.reason == BY_SLOT


async def test_the_last_episode_of_a_show_that_is_already_over_is_not_lost() -> None:
    """The weekly look may hear of the end first, and one source may be away just then."""
    house, ring = at_slot(episode_count=5, status="FINISHED")
    house.services.tell("anilist", Kind.AIRING, "1001", airing(5, status="FINISHED"))
    house.services.trouble = {"anilist": DOWN}
    house.services.tell("jikan", Kind.EPISODES, "1", listed(weekly(range(1, 5), SLOT - WEEK)))
    await planned(house, ring)
    await house.run_until(SLOT + HOUR)
    assert house.row(ring).attempt == 2
    house.services.trouble = {}
    await house.run_until(SLOT + 3 * HOUR)
    assert house.aired() == [5]
    assert house.row(ring).due_at is None
    assert house.notices == []


async def test_a_show_over_whose_last_episode_nobody_lists_is_given_up_with_one_alert() -> None:
    house, ring = at_slot(episode_count=5, status="FINISHED", external_ids={"mal": "1"})
    house.services.tell("jikan", Kind.EPISODES, "1", listed(weekly(range(1, 5), SLOT - WEEK)))
    await planned(house, ring)
    await house.plan("schedule_rebuild", {"all": None})
    await house.run_until(SLOT + 5 * DAY)
    assert [one.reason for one in house.misses] == [MissReason.SKIPPED]
    assert len(house.notices) == 1
    # Four looks at its time, and one more by the next rebuild.
    assert len([key for _, key, _ in house.looks if key.workflow == TRACKING]) == 5
    assert house.row(ring).due_at is None


async def test_a_cancelled_show_is_not_looked_for_any_more() -> None:
    house, ring = at_slot(status="CANCELLED", episode_count=12)
    found = await house.look(TRACKING, ring, BY_SLOT)
    assert found.end.next is Again.NEVER


async def test_an_anime_that_is_gone_is_not_looked_at_any_more() -> None:
    house, ring = at_slot()
    await planned(house, ring)
    house.catalogue.anime_by_id.clear()
    await house.run_until(SLOT + DAY)
    assert (house.row(ring).due_at, house.row(ring).last_outcome) == (None, "it is not in the catalogue any more")


async def test_fourteen_of_twelve_is_told_as_it_is_said_and_then_the_status_is_asked_for() -> None:
    house = House(now=SLOT)
    ring = str(house.show("ring", weekly(range(1, 13), SLOT - WEEK), broadcast=FRIDAY, episode_count=12))
    house.services.tell("anilist", Kind.AIRING, "1001", airing(14, status="ONGOING"))
    found = await house.look(TRACKING, ring, BY_SLOT)
    house.apply(found)
    assert house.aired() == [13, 14]
    assert isinstance(found.end.next, Due)
    assert found.end.next.reason == f"{DAILY}: {LAST_HAS_AIRED}"
    assert found.end.next.at <= SLOT + DAY
