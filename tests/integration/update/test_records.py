"""What looks read of the database: the shows with what their times follow from, and what is in a day's scope."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from contracts.events import AnimeUpdatedEvent
from contracts.model.enums import AnimeStatus
from handlers.catalogue.assemble import anime_values, character_values
from handlers.update.diff import diff_anime
from handlers.update.events import Cause, anime_events
from handlers.update.proposals import news
from handlers.update.records import RecordStore
from tests.events import at, enriched, uid, updated
from tests.integration.ingest.persisting import hand_in
from tests.integration.persist.helpers import anime, done
from tests.integration.persist.test_held import reviews
from tests.unit.update.said import heard
from tests.unit.world.catalogue import ORIGIN, HandClock, catalogue

DAY = timedelta(days=1)


@pytest.fixture
async def records(pool: asyncpg.Pool) -> RecordStore:
    """A reader of a database that holds the small catalogue as of its beginning."""
    await hand_in(pool, catalogue(), clock=HandClock(ORIGIN))
    return RecordStore(pool, anime_values, character_values, frozenset())


def show(number: int) -> UUID:
    return uid(number)


async def test_pages_leave_nobody_out_and_end(records: RecordStore, pool: asyncpg.Pool) -> None:
    ids: list[UUID] = []
    after = None
    while page := await records.shows(after, 7):
        after = page[-1].id
        ids += [one.id for one in page]
    assert ids == sorted(row["id"] for row in await pool.fetch("SELECT id FROM anime"))
    people: list[UUID] = []
    after = None
    while some := await records.people(after, 7):
        after = some[-1]
        people += some
    assert people == sorted(row["id"] for row in await pool.fetch("SELECT id FROM character"))
    await pool.execute("UPDATE anime SET deleted_at = now() WHERE id = $1", show(1))
    assert show(1) not in {one.id for one in await records.shows(None, 100)}


async def test_a_shows_slot_break_and_premiere_are_read(records: RecordStore, pool: asyncpg.Pool) -> None:
    break_of = '{"reason": "a break", "hiatus_until": "2026-09-01T00:00:00Z"}'
    await pool.execute(
        "UPDATE anime SET meta = meta || jsonb_build_object('hiatus', $2::jsonb) WHERE id = $1", show(1), break_of
    )
    rows = {one.id: one.show for one in await records.shows(None, 100)}
    first, to_come = rows[show(1)], rows[show(201)]
    assert first.broadcast is not None
    assert (first.status, first.broadcast.day, first.broadcast.time) == (AnimeStatus.ONGOING, "monday", "22:00")
    assert first.hiatus is not None
    assert first.hiatus.reason == "a break"
    assert rows[show(6)].broadcast is None
    assert (to_come.status, to_come.aired_from) == (AnimeStatus.UPCOMING, ORIGIN + DAY * 8 + timedelta(hours=15))


@pytest.mark.parametrize(
    ("number", "aired", "said_at", "counts"),
    [
        (13, ORIGIN - DAY, ORIGIN, True),
        (14, ORIGIN - DAY, ORIGIN, True),  # More than the total: the last one has aired all the same.
        (12, ORIGIN - DAY, ORIGIN, False),
        (13, None, ORIGIN, False),
        # Dated before it came: an announcement, also when the day has passed.
        (13, ORIGIN - DAY, ORIGIN - 2 * DAY, False),
    ],
)
async def test_when_the_last_episode_aired(
    records: RecordStore, pool: asyncpg.Pool, number: int, aired: datetime | None, said_at: datetime, counts: bool
) -> None:
    said = f'{{"*": ["jikan", "{said_at.isoformat()}", "{uid("said")}"]}}'
    await pool.execute(
        "INSERT INTO episode (id, anime_id, episode_number, aired, provenance) VALUES ($1, $2, $3, $4, $5::jsonb)",
        uid("episode"), show(1), number, aired, said,
    )  # fmt: skip
    rows = {one.id: one for one in await records.shows(None, 100)}
    assert rows[show(1)].last_aired_at == (aired if counts else None)
    assert rows[show(3)].last_aired_at is None, "an unknown total has no last episode"


async def test_a_window_was_skipped_when_the_slot_that_was_looked_for_last_is_a_miss(
    records: RecordStore, pool: asyncpg.Pool
) -> None:
    async def is_skipped() -> bool:
        return {one.id: one for one in await records.shows(None, 100)}[show(1)].was_skipped

    key = ("episode_air_tracking", str(show(1)))
    await pool.execute("INSERT INTO schedule (workflow, entity_id, last_slot_at) VALUES ($1, $2, $3)", *key, ORIGIN)
    assert not await is_skipped()
    miss = "INSERT INTO schedule_miss (workflow, entity_id, due_at, reason, at) VALUES ($1, $2, $3, $4, now())"
    await pool.execute(miss, *key, ORIGIN - 7 * DAY, "skipped")
    await pool.execute(miss, *key, ORIGIN - DAY, "down")
    assert not await is_skipped(), "that was another slot, or another reason"
    await pool.execute(miss, *key, ORIGIN, "skipped")
    assert await is_skipped()
    await pool.execute("UPDATE schedule_miss SET reason = 'budget' WHERE due_at = $1", ORIGIN)
    assert await is_skipped(), "that nobody had budget left makes no difference"


async def test_a_show_without_a_row_was_never_looked_for(records: RecordStore, pool: asyncpg.Pool) -> None:
    insert = "INSERT INTO schedule (workflow, entity_id) VALUES ($1, $2)"
    await pool.execute(insert, "episode_air_tracking", str(show(1)))
    await pool.execute(insert, "status_check", str(show(2)))
    untracked = {row.id: row.is_untracked for row in await records.shows(None, 1_000)}
    assert (untracked[show(1)], untracked[show(2)]) == (False, True)


async def test_the_scope_of_scores_is_what_airs_or_ended_lately(records: RecordStore, pool: asyncpg.Pool) -> None:
    await pool.execute("UPDATE anime SET aired_to = $2 WHERE id = $1", show(101), ORIGIN - 89 * DAY)
    await pool.execute("UPDATE anime SET aired_to = $2 WHERE id = $1", show(102), ORIGIN - 91 * DAY)
    # A film is shown on one day, and MyAnimeList gives it no last one.
    film = "UPDATE anime SET aired_from = $2, aired_to = NULL WHERE id = $1"
    await pool.execute(film, show(103), ORIGIN - 89 * DAY)
    await pool.execute(film, show(104), ORIGIN - 91 * DAY)
    scope = await records.scored(ORIGIN - 90 * DAY, None, None, 100)
    assert set(scope) == {show(number) for number in (*range(1, 15), 101, 103)}
    assert list(scope) == sorted(scope)
    middle = scope[4]
    assert await records.scored(ORIGIN - 90 * DAY, None, middle, 100) == scope[:5]
    assert await records.scored(ORIGIN - 90 * DAY, middle, None, 3) == scope[5:8]


async def test_a_record_is_read_with_its_episodes_ids_and_who_said_it(records: RecordStore) -> None:
    found = await records.anime([show(1), uid("nobody"), show(5)])
    assert set(found) == {show(1), show(5)}
    one = found[show(1)]
    assert one.ids == {"mal": "1001", "anilist": "2001", "kitsu": "3001"}
    assert sorted(one.episodes) == [1, 2, 3, 4, 5]
    assert one.current.highest_episode == 5
    assert one.current.version == 1
    assert one.current.provenance["*"][1].startswith("2026-08-10T00:00:00")
    assert max(found[show(5)].episodes) == 250


async def test_a_held_change_that_its_source_takes_back_waits_no_longer_and_is_not_taken_back_twice(
    pool: asyncpg.Pool,
) -> None:
    records = RecordStore(pool, anime_values, character_values, frozenset())
    await done(pool, enriched("Ring", title="Ring"), updated("Ring", minute=1, source="jikan", title="Ropes"))

    async def looked(minute: float, title: str) -> list[AnimeUpdatedEvent]:
        stored = (await records.anime([uid("Ring")]))[uid("Ring")]
        seen = [heard("jikan", minute, title=title)]
        found = diff_anime(stored.current, seen).changes
        changes = news(found, stored.current, seen, stored.proposals)
        return anime_events(stored.id, stored.current.version, changes, Cause(uid("tick", minute), at(minute)))

    assert await looked(2, "Ropes") == []
    (event,) = await looked(3, "Ring")
    assert (event.changed_fields, event.risks) == (["title"], [])
    await done(pool, event)
    (review,) = await reviews(pool)
    assert (review["state"], review["decided_at"], review["decided_by"]) == ("superseded", at(3), None)
    row = await anime(pool, "Ring")
    assert (row["title"], row["version"]) == ("Ring", 1)
    assert await looked(4, "Ring") == []
    # What it says once more is asked once more.
    (event,) = await looked(5, "Ropes")
    await done(pool, event)
    assert [one["state"] for one in await reviews(pool)] == ["superseded", "pending"]
