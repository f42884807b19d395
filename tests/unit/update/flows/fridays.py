"""A show that airs on Fridays, looked at in the minute of its slot."""

from __future__ import annotations

from datetime import UTC, datetime

from contracts.workflow import Due
from handlers.update.airtime import WEEKLY
from tests.unit.update.flows.house import TRACKING, WEEK, House, weekly

# Saturday 01:30 in Tokyo.
SLOT = datetime(2026, 2, 20, 16, 30, tzinfo=UTC)
FRIDAY = {"day": "friday", "time": "25:30", "timezone": "Asia/Tokyo"}
BY_SLOT = f"{WEEKLY}: friday 25:30 Asia/Tokyo"


def at_slot(**values: object) -> tuple[House, str]:
    """A house at the minute of the slot, with a show of which four episodes have aired."""
    house = House(now=SLOT)
    values.setdefault("broadcast", FRIDAY)
    return house, str(house.show("ring", weekly(range(1, 5), SLOT - WEEK), **values))


async def planned(house: House, entity: str, due: Due | None = None) -> None:
    await house.plan(TRACKING, {entity: due or Due(SLOT, BY_SLOT)})
