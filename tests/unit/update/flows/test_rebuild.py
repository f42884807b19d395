"""The nightly rebuild: every show and character gets its looks, and doing it again changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from contracts.observation import Kind
from contracts.workflow import Due
from handlers.schedule.row import Key
from handlers.update.airtime import ANNOUNCED, DAILY, WEEKLY
from handlers.update.current import Current
from handlers.update.flows import schedule_rebuild
from handlers.update.planning import FIRST, LAST_HAS_AIRED
from handlers.update.stored import StoredCharacter
from tests.events import uid
from tests.unit.update.flows.house import DAY, TRACKING, WEEK, House, weekly
from tests.unit.update.flows.services import airing
from tests.unit.update.said import record

MIDNIGHT = datetime(2026, 2, 18, tzinfo=UTC)
FRIDAY = {"day": "friday", "time": "25:30", "timezone": "Asia/Tokyo"}
SLOT = datetime(2026, 2, 20, 16, 30, tzinfo=UTC)


def house_of(*shows: Mapping[str, Any]) -> House:
    house = House(now=MIDNIGHT)
    for number, values in enumerate(shows, 1):
        house.show(
            f"show {number}", values.get("episodes"), number, **{k: v for k, v in values.items() if k != "episodes"}
        )
    return house


async def rebuilt(house: House) -> str:
    return (await house.look("schedule_rebuild", "all")).end.outcome


@pytest.mark.parametrize(
    ("values", "at", "reason"),
    [
        ({"broadcast": FRIDAY}, SLOT, f"{WEEKLY}: friday 25:30 Asia/Tokyo"),
        ({"broadcast": {"next_episode_at": MIDNIGHT + DAY}}, MIDNIGHT + DAY, ANNOUNCED),
        ({"broadcast": {"next_episode_at": MIDNIGHT + 7 * DAY}}, MIDNIGHT + 7 * DAY, ANNOUNCED),
        ({"broadcast": {"next_episode_at": MIDNIGHT + 8 * DAY}}, None, ""),
        ({"broadcast": {"next_episode_at": MIDNIGHT - DAY}}, "daily", f"{DAILY}: no broadcast day is known"),
        ({"broadcast": FRIDAY | {"next_episode_at": MIDNIGHT - DAY}}, SLOT, f"{WEEKLY}: friday 25:30 Asia/Tokyo"),
        ({}, "daily", f"{DAILY}: no broadcast day is known"),
        ({"broadcast": FRIDAY, "hiatus": {"hiatus_until": SLOT + 2 * WEEK}}, None, ""),
        ({"status": "UPCOMING"}, None, ""),
        ({"status": "UPCOMING", "broadcast": {"premiere_jp": SLOT}}, SLOT, "the premiere that is announced"),
        ({"status": "UPCOMING", "aired_dates": {"aired_from": SLOT + WEEK}}, None, ""),
        ({"status": "FINISHED", "broadcast": FRIDAY}, None, ""),
        ({"status": "CANCELLED", "broadcast": FRIDAY}, None, ""),
        ({"status": "UNKNOWN", "broadcast": FRIDAY}, None, ""),
        (
            {"broadcast": FRIDAY, "episode_count": 3, "episodes": weekly({1, 2, 3}, MIDNIGHT - DAY)},
            "daily",
            f"{DAILY}: {LAST_HAS_AIRED}",
        ),
        (
            {"broadcast": FRIDAY, "episode_count": 3, "episodes": weekly({1, 2}, SLOT - WEEK) | {3: SLOT}},
            SLOT,
            f"{WEEKLY}: friday 25:30 Asia/Tokyo",
        ),
    ],
)
async def test_the_air_time_within_the_window(
    values: Mapping[str, Any], at: datetime | str | None, reason: str
) -> None:
    house = house_of(values)
    outcome = await rebuilt(house)
    row = next((row for key, row in house.rows.items() if key.workflow == TRACKING), None)
    if at is None:
        assert row is None
        assert "0 air times within the window" in outcome
        return
    assert row is not None
    assert row.reason == reason
    assert row.due_at is not None
    assert row.due_at == at if isinstance(at, datetime) else MIDNIGHT < row.due_at <= MIDNIGHT + DAY


async def test_everybody_gets_their_regular_looks_and_only_open_shows_are_checked() -> None:
    house = house_of({"broadcast": FRIDAY}, {"status": "FINISHED"}, {"status": "UPCOMING"})
    frodo = uid("frodo")
    house.catalogue.characters_by_id[frodo] = StoredCharacter(frodo, Current({}, record().provenance, 1))
    assert await rebuilt(house) == "3 anime and 1 characters, 1 air times within the window, 7 plans changed"
    planned = sorted(key.workflow for key in house.rows)
    assert planned == [
        "character_refresh",
        TRACKING,
        "metadata_refresh",
        "metadata_refresh",
        "metadata_refresh",
        "status_check",
        "status_check",
    ]
    assert all(row.due_at is not None and house.now < row.due_at <= house.now + WEEK for row in house.rows.values())


async def test_doing_it_again_changes_nothing() -> None:
    house = house_of({"broadcast": FRIDAY}, {}, {"status": "FINISHED"}, {"status": "UPCOMING"})
    await rebuilt(house)
    before = dict(house.rows)
    assert (await rebuilt(house)).endswith("0 plans changed")
    assert house.rows == before
    # So does the next night, but for what came nearer.
    house.now += timedelta(minutes=1)
    assert (await rebuilt(house)).endswith("0 plans changed")


async def test_a_slot_that_moved_moves_the_look_and_one_that_is_due_stays() -> None:
    house = house_of({"broadcast": FRIDAY})
    await rebuilt(house)
    (entity,) = house.catalogue.anime_by_id
    house.show("show 1", None, 1, broadcast=FRIDAY | {"time": "23:00"})
    assert (await rebuilt(house)).endswith("1 plans changed")
    assert house.row(entity).due_at == SLOT - timedelta(hours=2, minutes=30)
    # The tick of this slot is on its way or waits to be handled: it is looked for first.
    house.now = SLOT
    house.show("show 1", None, 1, broadcast=FRIDAY | {"time": "26:00"})
    await rebuilt(house)
    assert house.row(entity).due_at == SLOT - timedelta(hours=2, minutes=30)


async def test_the_catalogue_is_read_in_pages_and_nobody_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule_rebuild, "PAGE_ROWS", 7)
    house = house_of(*[{"broadcast": FRIDAY}] * 50)
    for number in range(15):
        one = uid("character", number)
        house.catalogue.characters_by_id[one] = StoredCharacter(one, Current({}, record().provenance, 1))
    pages: list[int] = []
    read = house.catalogue.shows

    async def shows(after: UUID | None, rows_max: int) -> Sequence[Any]:
        page = await read(after, rows_max)
        pages.append(len(page))
        return page

    house.catalogue.shows = shows  # type: ignore[method-assign]
    assert (await rebuilt(house)).startswith("50 anime and 15 characters, 50 air times within the window, 165 plans")
    assert pages == [7] * 7 + [1, 0]


async def test_looks_that_came_at_once_are_served_by_one_pass() -> None:
    house = house_of({"broadcast": FRIDAY})
    await house.plan("schedule_rebuild", {"all": Due(house.now, "a"), "all2": Due(house.now, "b")})
    await house.fire(*[key for key in house.rows if key.workflow == "schedule_rebuild"])
    outcomes = {row.last_outcome for key, row in house.rows.items() if key.workflow == "schedule_rebuild"}
    assert len(outcomes) == 1


async def test_it_happens_every_midnight() -> None:
    house = house_of({"broadcast": FRIDAY})
    house.now = MIDNIGHT + timedelta(hours=9)
    await house.plan("schedule_rebuild", {"all": None})
    await house.run_until(MIDNIGHT + 3 * DAY)
    nights = [at for at, key, _ in house.looks if key.workflow == "schedule_rebuild"]
    assert nights == [MIDNIGHT + n * DAY for n in (1, 2, 3)]


async def test_a_show_that_began_unannounced_is_looked_at_by_the_next_rebuild() -> None:
    """Its status turned by another look; what aired before that is not found a week later only."""
    house = house_of({"broadcast": FRIDAY, "external_ids": {"anilist": "1001"}}, {"status": "UPCOMING"})
    began, announced = uid("show 1"), uid("show 2")
    house.catalogue.untracked |= {began, announced}
    house.services.tell("anilist", Kind.AIRING, "1001", airing(2))
    await rebuilt(house)
    row = house.row(began)
    assert (row.due_at, row.reason) == (MIDNIGHT, f"{FIRST}: nobody has looked for its episodes yet")
    assert Key(TRACKING, str(announced)) not in house.rows
    await house.run_until(MIDNIGHT)
    assert house.aired() == [1, 2]
    assert house.row(began).due_at == SLOT
