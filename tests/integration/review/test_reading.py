"""Lists of reviews, one with the record as it is now, decisions by filter, and what expires."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from contracts.clock import Clock
from contracts.errors import Outage, Permanent, Refused
from handlers.persist import delete_anime
from handlers.persist.decided import turn_down, undo
from handlers.review import reading
from handlers.review.expire import expire_once
from handlers.review.wanted import Wanted
from streams.clock import SystemClock, WorldClock
from streams.housekeeping import Housekeeping
from streams.http.problems import NotFound
from streams.http.review_models import ApproveWish, BulkWish, RejectWish, ReviewQuery, UndoWish
from streams.reviews import ReviewDesk
from streams.settings import Settings
from tests.events import at, character_updated, enriched, uid, updated
from tests.integration.persist.helpers import anime, done
from tests.integration.persist.test_held import LONG, reviews
from tests.integration.review.test_decided import held, later
from tests.waiting import eventually

DAY = 24 * 60


@dataclass
class Now:
    """A clock that stands where a test puts it."""

    minute: float = 60

    def now(self) -> datetime:
        return at(self.minute)

    def monotonic(self) -> float:
        return self.minute * 60

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody waits here")


@dataclass
class Running:
    pool: asyncpg.Pool
    calendar: Clock
    settings: Settings | None = None


@pytest.fixture
def clock() -> Now:
    return Now()


@pytest.fixture
def desk(pool: asyncpg.Pool, clock: Now) -> ReviewDesk:
    return ReviewDesk(Running(pool, clock))


@pytest.fixture
async def five(pool: asyncpg.Pool) -> list[UUID]:
    """Five that wait: titles of two sources, a text, a total, and a character's description."""
    await held(pool, "Ring 1", minute=1, title="Ropes 1")
    await held(pool, "Ring 2", minute=2, source="kitsu", title="Ropes 2")
    await held(pool, "Ring 3", minute=3, source="anilist+kitsu", synopsis=None)
    await held(pool, "Other", minute=4, episode_count=10)
    hero = {"id": uid("hero"), "name": "Hero of the ring", "description": LONG}
    await done(pool, enriched("Cast", characters=[hero]), character_updated("hero", minute=5, description=None))
    return [row["id"] for row in await pool.fetch("SELECT id FROM review ORDER BY created_at")]


async def listed(desk: ReviewDesk, **filters: Any) -> list[tuple[str | None, str]]:
    found = await desk.listing(ReviewQuery(**filters))
    return [(one.title, one.field) for one in found.reviews]


async def test_the_newest_come_first_with_titles_and_names(desk: ReviewDesk, five: list[UUID]) -> None:
    assert await listed(desk) == [
        ("Hero of the ring", "description"),
        ("Other", "episode_count"),
        ("Ring 3", "synopsis"),
        ("Ring 2", "title"),
        ("Ring 1", "title"),
    ]


@pytest.mark.parametrize(
    ("filters", "titles"),
    [
        ({"source": "kitsu"}, ["Ring 3", "Ring 2"]),
        ({"source": "mal"}, ["Other", "Ring 1"]),
        ({"rule": "title changed"}, ["Ring 2", "Ring 1"]),
        ({"rule": "text removed"}, ["Hero of the ring", "Ring 3"]),
        ({"field": "episode_count"}, ["Other"]),
        ({"title": "RING"}, ["Hero of the ring", "Ring 3", "Ring 2", "Ring 1"]),
        ({"title": "%"}, []),
        ({"entity_id": uid("Other")}, ["Other"]),
        ({"entity_id": uid("hero")}, ["Hero of the ring"]),
        ({"older_than": "58min"}, ["Ring 1"]),
        ({"source": "kitsu", "rule": "title changed"}, ["Ring 2"]),
        ({"state": "approved"}, []),
        ({"state": "all", "title": "other"}, ["Other"]),
    ],
)
async def test_filters(desk: ReviewDesk, five: list[UUID], filters: dict[str, Any], titles: list[str]) -> None:
    assert [title for title, _ in await listed(desk, **filters)] == titles


@pytest.mark.parametrize(
    ("filters", "parameter"),
    [
        ({"rule": "boredom"}, "rule"),
        ({"state": "x"}, "state"),
        ({"field": "score"}, "field"),
        ({"older_than": "x"}, "older_than"),
    ],
)
async def test_a_wrong_word_is_named(desk: ReviewDesk, filters: dict[str, Any], parameter: str) -> None:
    with pytest.raises(Refused) as error:
        await listed(desk, **filters)
    assert error.value.field == parameter


async def test_pages_follow_each_other_without_a_gap(desk: ReviewDesk, pool: asyncpg.Pool, five: list[UUID]) -> None:
    # Those of one instant are told apart by their ids.
    await pool.execute("UPDATE review SET created_at = $1 WHERE id = ANY ($2)", at(3), five[1:4])
    seen: list[UUID] = []
    after: UUID | None = None
    for _ in range(5):
        page = await desk.listing(ReviewQuery(limit=2, after=after))
        seen += [one.id for one in page.reviews]
        after = page.after
        if after is None:
            break
    assert page.waiting == 5
    assert len(seen) == 5
    assert set(seen) == set(five)


async def test_one_is_shown_with_the_record_as_it_is_now(desk: ReviewDesk, pool: asyncpg.Pool) -> None:
    one = await held(pool, genres=["a"])
    shown = await desk.show(one)
    assert shown is not None
    assert (shown.current, shown.base_holds, shown.can_undo, shown.current_source) == (
        ["a", "b", "c"],
        True,
        False,
        "enrichment",
    )
    await done(pool, updated("Ring", minute=0.5, source="person", genres=["c", "a", "b"]))
    shown = await desk.show(one)
    assert shown is not None
    assert shown.base_holds, "the order of a list makes no difference"
    await desk.approve(one, ApproveWish(by="ann"))
    shown = await desk.show(one)
    assert shown is not None
    assert (shown.current, shown.state, shown.decision_reason, shown.can_undo) == (
        ["a"],
        "approved",
        "as proposed",
        True,
    )
    await done(pool, updated("Ring", minute=99, genres=["a", "z"]))
    shown = await desk.show(one)
    assert shown is not None
    assert (shown.current, shown.current_source, shown.can_undo) == (["a", "z"], "mal", False)
    assert await desk.show(uid("nobody")) is None


async def test_what_lives_in_no_column_of_its_own_is_shown_too(desk: ReviewDesk, pool: asyncpg.Pool) -> None:
    one = await held(pool, studios=None)
    shown = await desk.show(one)
    assert shown is not None
    assert shown.current == [{"name": "S"}]
    await delete_anime(pool, uid("Ring"))
    shown = await desk.show(one)
    assert shown is not None
    assert (shown.base_holds, shown.can_undo, shown.title) == (False, False, "Ring")


async def test_acts_end_as_answers_or_errors(desk: ReviewDesk, pool: asyncpg.Pool) -> None:
    one = await held(pool, title="Ropes")
    assert (await desk.approve(one, ApproveWish(by="ann", value="Rope"))).state == "approved"
    assert (await anime(pool, "Ring"))["title"] == "Rope"
    with pytest.raises(Permanent, match="it is approved by ann, not pending"):
        await desk.turn_down(one, RejectWish(by="bob", reason="no"))
    assert (await desk.undo(one, UndoWish(by="bob", reason="wrong"))).version == 3
    with pytest.raises(NotFound, match="there is no review"):
        await desk.approve(uid("nobody"), ApproveWish(by="ann"))


async def test_a_filter_is_decided_oldest_first_and_bounded(
    desk: ReviewDesk, pool: asyncpg.Pool, five: list[UUID]
) -> None:
    wish = BulkWish(decision="approve", by="ann", reason="all fine", rule="title changed")
    dry = await desk.decide(wish)
    assert (dry.is_dry, dry.matching, dry.left, [one.title for one in dry.sample]) == (
        True,
        2,
        0,
        ["Ring 1", "Ring 2"],
    )
    assert len(await reviews(pool, "pending")) == 5
    one = await desk.decide(wish.model_copy(update={"dry_run": False, "limit": 1}))
    assert (one.done, one.left) == (1, 1)
    assert (await anime(pool, "Ring 1"))["title"] == "Ropes 1"
    assert (await anime(pool, "Ring 2"))["title"] == "Ring 2"
    rest = await desk.decide(
        BulkWish(decision="reject", by="ann", reason="no", older_than="1min", title="ring", dry_run=False)
    )
    assert (rest.matching, rest.done, rest.problems) == (3, 3, [])
    assert [review["field"] for review in await reviews(pool, "pending")] == ["episode_count"]


async def test_those_of_a_filter_that_do_not_fit_any_more_are_named_and_the_rest_is_done(
    desk: ReviewDesk, pool: asyncpg.Pool, five: list[UUID]
) -> None:
    await delete_anime(pool, uid("Ring 1"))
    found = await desk.decide(BulkWish(decision="approve", by="ann", reason="x", rule="title changed", dry_run=False))
    assert (found.matching, found.done) == (2, 1)
    assert [(one.id, one.state, one.problem) for one in found.problems] == [
        (five[0], "failed", "the anime was deleted since")
    ]


async def test_everything_at_once_is_not_a_filter(desk: ReviewDesk) -> None:
    with pytest.raises(Refused, match="say which reviews"):
        await desk.decide(BulkWish(decision="approve", by="ann", reason="x"))


async def test_what_nobody_decided_expires_and_is_proposed_anew(pool: asyncpg.Pool) -> None:
    one = await held(pool, title="Ropes")
    assert await expire_once(pool, at(1 + 30 * DAY), 30) == 0
    assert await expire_once(pool, at(2 + 30 * DAY), 30) == 1
    assert await expire_once(pool, at(2 + 30 * DAY), 30) == 0
    (review,) = await reviews(pool)
    assert (review["state"], review["decided_at"], review["decision_reason"]) == (
        "expired",
        at(2 + 30 * DAY),
        "nobody decided within 30 days",
    )
    # A word that comes late brings nothing back; a source that still says it proposes it anew.
    await done(pool, updated("Ring", minute=0.5, title="Rong"))
    assert await reviews(pool, "pending") == []
    await done(pool, updated("Ring", minute=31 * DAY, title="Ropes"))
    (again,) = await reviews(pool, "pending")
    assert again["id"] != one


async def test_housekeeping_lets_reviews_expire_by_the_catalogues_clock_and_the_setting(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await held(pool, title="Ropes")
    monkeypatch.setenv("REVIEW_EXPIRY_DAYS", "2")
    calendar = Now(1 * DAY)
    runtime: Any = Running(pool, calendar, Settings(_env_file=None))
    house = Housekeeping(runtime, SystemClock())
    await house.expire()
    assert len(await reviews(pool, "pending")) == 1
    calendar.minute = 3 * DAY
    await house.expire()
    assert [review["state"] for review in await reviews(pool)] == ["expired"]


async def test_in_a_fast_world_reviews_expire_at_the_worlds_pace(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day passes there in a second and a half; one look every five real minutes would come months late."""
    await held(pool, title="Ropes")
    monkeypatch.setenv("REVIEW_EXPIRY_DAYS", "0.5")
    calendar = WorldClock(at(0), datetime.now(UTC), 57_600)
    house = Housekeeping(Running(pool, calendar, Settings(_env_file=None)), SystemClock())
    house.start()
    try:
        assert len(await reviews(pool, "pending")) == 1
        await eventually(lambda: reviews(pool, "expired"))
    finally:
        await house.stop()
    (review,) = await reviews(pool)
    assert review["decided_at"] >= at(0.5 * DAY)


async def test_what_a_person_brought_back_waits_its_whole_time_again(pool: asyncpg.Pool) -> None:
    one = await held(pool, title="Ropes")
    await turn_down(pool, [one], later(0))
    await undo(pool, [one], later(20 * DAY))
    assert await expire_once(pool, at(40 * DAY), 30) == 0
    assert await expire_once(pool, at(51 * DAY), 30) == 1


async def test_expiring_goes_around_what_is_being_decided(pool: asyncpg.Pool, other_pool: asyncpg.Pool) -> None:
    one = await held(pool, title="Ropes")
    async with other_pool.acquire() as holder, holder.transaction():
        await holder.execute("SELECT FROM review WHERE id = $1 FOR UPDATE", one)
        assert await expire_once(pool, at(99 * DAY), 30) == 0


async def test_a_database_that_is_away_is_an_outage(pool: asyncpg.Pool) -> None:
    pool.terminate()
    with pytest.raises(Outage):
        await reading.count(pool, Wanted())


def test_a_span_is_at_least_one_condition() -> None:
    assert not Wanted(state="pending").is_narrow
    assert Wanted(before=at(0) + timedelta(days=1)).is_narrow
