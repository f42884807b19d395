"""The schedule as people see and move it, on a real database: streams/desk.py between the routes and the room."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from contracts.errors import Refused
from contracts.observation import Kind
from contracts.workflow import DAY_S, Due, EntityKind, MissReason, Policy, Workflow
from handlers.schedule.desk import Desk
from handlers.schedule.entities import plain_id
from handlers.schedule.overview import Late, overview
from handlers.schedule.ports import Price
from handlers.schedule.store import ScheduleStore
from handlers.sources.policy import SourcePolicy
from handlers.sources.port import Offer
from streams.desk import ScheduleDesk
from streams.http.problems import NotFound
from streams.http.schedule_models import BackfillWish, Section, SourceCost
from streams.price import Asking, price_list
from tests.events import uid
from tests.integration.schedule.clockwork import TABLE
from tests.integration.schedule.test_desk import NoTimers

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
PARTS = Workflow("parts", Policy(interval_s=None), EntityKind.CATALOGUE, "test")
CAST = Workflow("cast", Policy(interval_s=DAY_S), EntityKind.CHARACTER, "test")
RING, OTHER, SPIKE = str(uid("Ring")), str(uid("Other")), str(uid("Spike"))


class Still:
    """A clock that stands."""

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing here waits")


async def priced(_: str) -> Price:
    offer = {Kind.ANIME: Offer(frozenset())}
    return price_list(
        {"daily": Asking({"jikan": (Kind.ANIME,)}), "single": Asking({"jikan": (Kind.ANIME,)})},
        {"jikan": (offer, SourcePolicy("https://jikan", rate_per_min=30))},
    )


async def aired(ids: Sequence[str], start: datetime, end: datetime) -> Mapping[str, Sequence[datetime]]:
    """Everything airs at noon of the day before yesterday, and Other never does."""
    at = NOW - 2 * DAY
    return {one: (at,) if start <= at < end and one != OTHER else () for one in ids}


@pytest.fixture
async def people(pool: asyncpg.Pool) -> ScheduleDesk:
    store = ScheduleStore({**TABLE, "parts": PARTS, "cast": CAST}, horizon_s=DAY_S)
    await pool.execute(
        "INSERT INTO anime (id, title) VALUES ($1, 'The Ring'), ($2, 'Other')", uid("Ring"), uid("Other")
    )
    await pool.execute("INSERT INTO character (id, name) VALUES ($1, 'Spike Ring')", uid("Spike"))
    return ScheduleDesk(pool, store, Desk(pool, store, NoTimers()), Still(), priced, aired)


async def planned(people: ScheduleDesk) -> None:
    await people.desk.plan("single", {RING: Due(NOW - DAY, "late"), OTHER: Due(NOW + DAY, "soon")}, NOW - 2 * DAY)
    await people.desk.plan("parts", {"part-1": Due(NOW + 2 * DAY, "a part")}, NOW)


async def test_the_list_leaves_out_what_is_paused_and_says_how_much_that_is(people: ScheduleDesk) -> None:
    await planned(people)
    await people.pause("single", [RING.upper()], "a source is down")
    found = await people.listing(workflow=None, title=None, sections=list(Section), limit=20)
    assert found.now == NOW
    assert [(one.entity_id, one.title) for one in found.due] == [(OTHER, "Other"), ("part-1", None)]
    assert [(one.title, one.paused_reason, one.state) for one in found.paused] == [
        ("The Ring", "a source is down", "paused")
    ]
    assert [(one.workflow, one.count, one.reason) for one in found.pauses] == [("single", 1, "a source is down")]
    assert (await people.listing(workflow="single", title="ring", sections=[Section.DUE], limit=20)).due == []
    titled = await people.listing(workflow=None, title="RING", sections=[Section.PAUSED], limit=20)
    assert [one.entity_id for one in titled.paused] == [RING]
    assert (await people.listing(workflow="parts", title=None, sections=[Section.DUE], limit=1)).pauses == []


async def test_a_workflow_that_is_paused_as_a_whole_takes_what_is_new_with_it(
    people: ScheduleDesk, pool: asyncpg.Pool
) -> None:
    assert (await people.pause("daily", None, "nothing there yet")).changed == 0
    assert (await people.pause("daily", None, "said twice")).changed == 0
    (group,) = (await people.listing(workflow="daily", title=None, sections=[Section.DUE], limit=5)).pauses
    assert (group.count, group.is_whole, group.reason, group.since) == (0, True, "nothing there yet", NOW)
    await people.desk.plan_regular("daily", [RING], NOW)
    await people.policy("daily", [OTHER], {"phase_s": 60})
    await people.desk.plan_regular("daily", [OTHER], NOW)
    await people.desk.plan("single", {RING: Due(NOW + DAY, "another workflow")}, NOW)
    assert (await people.trigger("daily", [RING], "x")).came == {RING: "paused"}
    found = await people.listing(workflow=None, title=None, sections=list(Section), limit=5)
    assert [(one.workflow, one.entity_id) for one in found.due] == [("single", RING)]
    assert {one.entity_id: one.paused_reason for one in found.paused} == {
        RING: "nothing there yet",
        OTHER: "nothing there yet",
    }
    assert await pool.fetchval("SELECT count(*) FROM outbox") == 1, "only the other workflow has a timer"
    assert (await people.resume("daily", [RING], None)).changed == 1
    await people.desk.plan_regular("daily", [SPIKE], NOW)
    (group,) = (await people.listing(workflow="daily", title=None, sections=[Section.DUE], limit=5)).pauses
    assert (group.count, group.is_whole) == (2, True), "some are looked at again, what is new is not"
    assert (await people.resume("daily", None, None)).changed == 2
    await people.desk.plan_regular("daily", [str(uid("new"))], NOW)
    found = await people.listing(workflow="daily", title=None, sections=list(Section), limit=5)
    assert (len(found.due), found.paused, found.pauses) == (4, [], [])


async def test_a_row_that_is_made_while_its_workflow_is_paused_does_not_slip_through(
    people: ScheduleDesk, pool: asyncpg.Pool
) -> None:
    """The row is made before the pause and committed after it: the pause waits, and then finds it."""
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await people.store.plan(connection, "daily", {RING: Due(NOW + DAY, "x")}, NOW)
        pausing = asyncio.create_task(people.pause("daily", None, "now"))
        locked = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        while not await pool.fetchval(locked):
            assert not pausing.done()
            await asyncio.sleep(0.01)
        await transaction.commit()
    assert (await pausing).changed == 1


async def test_one_entity_is_shown_with_the_policy_that_counts(people: ScheduleDesk) -> None:
    await planned(people)
    done = await people.policy("single", [RING.upper()], {"retries_max": 5})
    assert (done.ids, done.policy["retries_max"], done.own_policy) == ([RING], 5, {"retries_max": 5})
    found = await people.show(RING, None)
    assert found is not None
    (one,) = found.schedules
    assert (found.title, one.policy["retries_max"], one.own_policy) == ("The Ring", 5, {"retries_max": 5})
    assert (one.due_at, one.last_outcome, one.state) == (NOW - DAY, None, "waiting")
    assert (await people.policy("single", [RING], None)).own_policy is None
    again = await people.show(RING, None)
    assert again is not None
    assert (again.schedules[0].policy["retries_max"], again.schedules[0].own_policy) == (2, None)
    with pytest.raises(Refused, match="there is no hour; its values are interval_s") as refused:
        await people.policy("single", [RING], {"hour": 6})
    assert refused.value.field == "policy"
    assert await people.show(OTHER, "daily") is None
    assert await people.show("../x", None) is None


async def test_why_it_was_resumed_is_shown_until_it_is_paused_again(people: ScheduleDesk) -> None:
    await planned(people)

    async def told(entity_id: str) -> tuple[datetime | None, str | None]:
        found = await people.show(entity_id, "single")
        assert found is not None
        return found.schedules[0].resumed_at, found.schedules[0].resumed_reason

    await people.pause("single", None, "a source is down")
    assert (await people.resume("single", [RING], "it answers for this one")).changed == 1
    assert (await people.resume("single", None, "it answers")).changed == 1
    assert await told(RING) == (NOW, "it answers for this one"), "it was not paused any more"
    assert await told(OTHER) == (NOW, "it answers")
    await people.pause("single", [RING, OTHER], "down again")
    assert await told(RING) == (None, None)
    await people.resume("single", [RING], None)
    assert await told(RING) == (NOW, None)


async def test_what_is_not_there_is_named_and_nothing_is_done(people: ScheduleDesk, pool: asyncpg.Pool) -> None:
    await planned(people)
    for act in (
        people.pause("single", [RING, "nobody"], "x"),
        people.resume("single", [SPIKE], None),
        people.trigger("single", [RING, str(uid("nobody"))], "x"),
        people.trigger("single", [SPIKE], "a character is no anime"),
        people.trigger("parts", ["part-2"], "x"),
        people.policy("single", [RING, SPIKE], {"retries_max": 5}),
        people.backfill("daily", BackfillWish(start="7d", ids=["nobody"])),
        people.backfill("daily", BackfillWish(start="7d", title="nothing like it")),
    ):
        with pytest.raises(NotFound):
            await act
    assert (
        await pool.fetchval(
            "SELECT count(*) FROM schedule WHERE paused_at IS NOT NULL OR policy IS NOT NULL OR due_at = $1", NOW
        )
        == 0
    )


async def test_unknown_workflows_are_refused_by_every_act(people: ScheduleDesk) -> None:
    for act in (
        people.listing(workflow="nightly", title=None, sections=[Section.DUE], limit=1),
        people.show(RING, "nightly"),
        people.pause("nightly", None, "x"),
        people.resume("nightly", None, None),
        people.trigger("nightly", [RING], "x"),
        people.policy("nightly", [RING], None),
        people.backfill("nightly", BackfillWish(start="7d")),
    ):
        with pytest.raises(Refused, match="there is no workflow 'nightly'; there are daily, single, parts, cast"):
            await act


async def test_trigger_looks_at_what_is_in_the_catalogue_and_has_no_row_yet(people: ScheduleDesk) -> None:
    assert (await people.trigger("daily", [RING, RING.upper()], "asked")).came == {RING: "triggered"}
    found = await people.show(RING, "daily")
    assert found is not None
    assert (found.schedules[0].due_at, found.schedules[0].reason) == (NOW, "asked")
    assert (await people.trigger("cast", [SPIKE], "asked")).came == {SPIKE: "triggered"}


async def test_a_backfill_of_regular_slots_by_ids_by_title_and_of_all(people: ScheduleDesk) -> None:
    dry = await people.backfill("daily", BackfillWish(start="3d", ids=[RING]))
    assert (dry.is_dry, dry.tick_count, dry.entities, dry.start, dry.end) == (True, 3, 1, NOW - 3 * DAY, NOW)
    assert dry.costs == {"jikan": SourceCost(requests=3, minutes=0.1)}
    assert await people.show(RING, "daily") is None, "a dry run leaves no row"
    by_title = await people.backfill("daily", BackfillWish(start="2026-11-20", end="2026-11-21", title="oTHer"))
    (tick,) = by_title.ticks
    assert (tick.entity_id, tick.title, tick.slot_at) == (OTHER, "Other", datetime(2026, 11, 20, tzinfo=UTC))
    assert (await people.backfill("daily", BackfillWish(start="3d"))).tick_count == 0, "it has no rows yet"
    done = await people.backfill("daily", BackfillWish(start="3d", ids=[RING], dry_run=False))
    assert (done.is_dry, done.ticks) == (False, dry.ticks)
    found = await people.show(RING, "daily")
    assert found is not None
    assert found.schedules[0].slot_at == dry.ticks[0].slot_at
    assert found.schedules[0].backfill == [tick.slot_at for tick in dry.ticks[1:]]
    assert (await people.backfill("daily", BackfillWish(start="3d"))).tick_count == 3


async def test_a_backfill_says_what_of_it_is_paused(people: ScheduleDesk) -> None:
    await people.desk.plan_regular("daily", [RING], NOW)
    await people.pause("daily", [RING], "x")
    wish = BackfillWish(start="2d", ids=[RING, OTHER])
    assert (await people.backfill("daily", wish)).paused == 1
    await people.pause("daily", None, "x")
    assert (await people.backfill("daily", wish)).paused == 2
    await people.resume("daily", None, None)
    assert (await people.backfill("daily", wish)).paused == 0


async def test_a_backfill_of_air_times_asks_for_them(people: ScheduleDesk) -> None:
    await planned(people)
    found = await people.backfill("single", BackfillWish(start="7d"))
    assert [(one.entity_id, one.slot_at) for one in found.ticks] == [(RING, NOW - 2 * DAY)]
    assert (await people.backfill("single", BackfillWish(start="7d", end="3d"))).ticks == []
    with pytest.raises(Refused, match="the looks of parts are planned by another workflow"):
        await people.backfill("parts", BackfillWish(start="7d", ids=["part-1"]))


@pytest.mark.parametrize(
    ("wish", "parameter", "words"),
    [
        (BackfillWish(start="soon"), "start", "'soon' is no time"),
        (BackfillWish(start="7d", end="later"), "end", "'later' is no time"),
        (BackfillWish(start="7d", end="2027-01-01"), "end", "looks back"),
        (BackfillWish(start="1d", end="2d"), "start", "before the end"),
        (BackfillWish(start="1d", ids=[RING], title="x"), "title", "not both"),
        (BackfillWish(start="1950-01-01", ids=[RING]), "start", "are too many"),
    ],
)
async def test_a_range_that_cannot_be(people: ScheduleDesk, wish: BackfillWish, parameter: str, words: str) -> None:
    with pytest.raises(Refused, match=words) as refused:
        await people.backfill("daily", wish)
    assert refused.value.field == parameter


async def test_the_figures_of_the_schedule(people: ScheduleDesk, pool: asyncpg.Pool) -> None:
    await planned(people)
    await people.desk.plan("single", {SPIKE: Due(NOW - timedelta(seconds=30), "only slow")}, NOW - 2 * DAY)
    await people.pause("parts", None, "x")
    for hours, reason in ((1, "budget"), (2, "budget"), (23, "down"), (25, "down")):
        await pool.execute(
            "INSERT INTO schedule_miss (workflow, entity_id, due_at, reason, at) VALUES ('single', 'a', $1, $2, $1)",
            NOW - timedelta(hours=hours),
            reason,
        )
    found = await overview(pool, NOW, 60.0)
    assert found.next_due_at == NOW + DAY
    assert found.late == {"single": Late(1, NOW - DAY)}
    assert found.paused == {"parts": 1}
    assert found.misses == {("single", MissReason.BUDGET): 2, ("single", MissReason.DOWN): 1}


async def test_a_row_of_a_workflow_that_is_no_more_is_no_trouble(people: ScheduleDesk, pool: asyncpg.Pool) -> None:
    await planned(people)
    await pool.execute("INSERT INTO schedule (workflow, entity_id) VALUES ('gone', $1)", RING)
    found = await people.show(RING, None)
    assert found is not None
    assert [one.workflow for one in found.schedules] == ["single"]


def test_ids_in_any_form() -> None:
    assert plain_id(RING.upper()) == RING
    assert plain_id(uid("Ring").hex) == RING
    assert plain_id("part-1") == "part-1"
