"""Episode air tracking when sources disagree, are away, or know nothing of the show."""

from __future__ import annotations

import pytest

from contracts.observation import Kind
from contracts.workflow import Again
from handlers.update.airtime import WEEKLY
from handlers.update.episodes import Confirmation
from handlers.update.look import Wishes
from tests.unit.update.flows.fridays import BY_SLOT, SLOT, at_slot, planned
from tests.unit.update.flows.house import DAY, TRACKING, WEEK, weekly
from tests.unit.update.flows.services import BUSY, DOWN, airing, listed


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"anilist": 5, "jikan": 5}, [5]),
        ({"anilist": 5, "jikan": 4}, []),
        ({"anilist": 6, "jikan": 5}, [5]),
        ({"anilist": 5}, []),
    ],
)
async def test_a_majority_confirms_when_the_setting_says_so(claims: dict[str, int], told: list[int]) -> None:
    house, ring = at_slot()
    house.wishes = Wishes(confirmation=Confirmation.MAJORITY)
    if "anilist" in claims:
        house.services.tell("anilist", Kind.AIRING, "1001", airing(claims["anilist"]))
    if "jikan" in claims:
        house.services.tell("jikan", Kind.EPISODES, "1", listed(weekly(range(1, claims["jikan"] + 1), SLOT)))
    found = await house.look(TRACKING, ring, BY_SLOT)
    house.apply(found)
    assert house.aired() == told
    assert (found.end.next is Again.RETRY) is (not told)


@pytest.mark.parametrize("failure", [DOWN, BUSY])
async def test_all_sources_down_is_looked_at_again(failure: object) -> None:
    house, ring = at_slot()
    house.services.trouble = dict.fromkeys(("jikan", "anilist"), failure)  # type: ignore[arg-type]
    found = await house.look(TRACKING, ring, BY_SLOT)
    assert (found.end.next, found.end.outcome) == (Again.RETRY, f"no source answered ({WEEKLY})")
    assert found.parts[0].changes == ()


async def test_one_source_down_holds_up_nothing() -> None:
    house, ring = at_slot()
    house.services.trouble = {"anilist": DOWN}
    house.services.tell("jikan", Kind.EPISODES, "1", listed(weekly(range(1, 6), SLOT)))
    await planned(house, ring)
    await house.run_until(SLOT)
    assert house.aired() == [5]
    assert house.row(ring).due_at == SLOT + WEEK


async def test_a_show_without_ids_is_said_to_be_nobodys_and_keeps_its_slot() -> None:
    house, ring = at_slot(external_ids={"livechart": "9"})
    await planned(house, ring)
    await house.run_until(SLOT + DAY)
    row = house.row(ring)
    assert row.last_outcome == "nobody was asked: it has no id on a source that is switched on"
    assert row.due_at == SLOT + WEEK
    assert (house.services.asked, house.notices, house.misses) == ([], [], [])
