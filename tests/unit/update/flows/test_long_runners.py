"""Episode air tracking of shows that are asked for by number, and of more episodes than one look tells."""

from __future__ import annotations

from datetime import timedelta

from contracts.observation import Kind
from contracts.workflow import Again, Due
from handlers.update.airtime import DAILY, WEEKLY
from handlers.update.episodes import AT_ONCE_MAX
from tests.unit.update.flows.fridays import BY_SLOT, FRIDAY, SLOT, planned
from tests.unit.update.flows.house import DAY, HOUR, TRACKING, WEEK, House, weekly
from tests.unit.update.flows.services import listed


async def test_a_long_runner_is_asked_for_by_number() -> None:
    house = House(now=SLOT)
    ring = str(house.show("ring", weekly(range(1, 151), SLOT - WEEK), broadcast=FRIDAY))
    house.services.tell("jikan", Kind.EPISODE, "1:151", listed({151: SLOT}))
    house.services.tell("jikan", Kind.EPISODE, "1:152", listed({152: SLOT}))
    house.apply(await house.look(TRACKING, ring, BY_SLOT))
    asked = sorted((one.kind, one.ids) for one in house.services.asked if one.source == "jikan")
    assert asked == [(Kind.EPISODE, ("1:151",)), (Kind.EPISODE, ("1:152",))]
    assert house.aired() == [151, 152]


async def test_a_long_runner_catches_up_with_a_month_in_two_looks() -> None:
    """Only two of its numbers are asked for by themselves; a look that found both is followed by one that lists all."""
    house = House(now=SLOT)
    ring = str(house.show("ring", weekly(range(1, 151), SLOT - 5 * WEEK), broadcast=FRIDAY, external_ids={"mal": "1"}))
    rows = weekly(range(1, 156), SLOT)
    house.services.tell("jikan", Kind.EPISODES, "1", listed(rows))
    for number in range(151, 156):
        house.services.tell("jikan", Kind.EPISODE, f"1:{number}", listed({number: rows[number]}))
    await planned(house, ring)
    await house.run_until(SLOT + DAY)
    assert house.aired() == [151, 152, 153, 154, 155]
    assert [at - SLOT for at, _, _ in house.looks] == [timedelta(), HOUR]
    assert [one.kind for one in house.services.asked] == [Kind.EPISODE, Kind.EPISODE, Kind.EPISODES]
    assert house.row(ring).due_at == SLOT + WEEK
    assert (house.misses, house.notices) == ([], [])


async def test_more_episodes_than_one_look_tells_are_told_by_the_looks_after_it() -> None:
    house = House(now=SLOT)
    ring = str(house.show("ring", None, broadcast=FRIDAY))
    house.services.tell("jikan", Kind.EPISODES, "1", listed(weekly(range(1, 2 * AT_ONCE_MAX + 21), SLOT)))
    await planned(house, ring)
    await house.run_until(SLOT + DAY)
    assert house.aired() == list(range(1, 2 * AT_ONCE_MAX + 21))
    assert [at - SLOT for at, _, _ in house.looks] == [timedelta(), HOUR, 2 * HOUR]
    assert house.row(ring).due_at == SLOT + WEEK


async def test_a_long_runner_whose_number_is_not_there_yet_is_looked_for_again_and_a_daily_one_is_not() -> None:
    house = House(now=SLOT)
    ring = str(house.show("ring", weekly(range(1, 151), SLOT - WEEK), broadcast=FRIDAY, external_ids={"mal": "1"}))
    found = await house.look(TRACKING, ring, BY_SLOT)
    assert (found.end.outcome, found.end.next) == (f"episode 151 is not there yet ({WEEKLY})", Again.RETRY)
    found = await house.look(TRACKING, ring, f"{DAILY}: no broadcast day is known")
    assert isinstance(found.end.next, Due)
    assert found.notices == ()
