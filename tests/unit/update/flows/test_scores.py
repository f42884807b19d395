"""Score sync: the scope in parts, each compared with what was published last, in decimals."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from contracts.events import AnimeUpdatedEvent
from contracts.observation import Kind, Observation
from contracts.workflow import Again, LookEnd, MissReason
from handlers.update.flows.score_sync import PART_TITLES, bounds_of, part_id
from handlers.update.look import Wishes
from tests.events import NOON
from tests.unit.update.flows.house import DAY, HOUR, House
from tests.unit.update.flows.services import BUSY, DOWN
from tests.unit.update.said import heard

MEANS = ("arithmetic_geometric_mean", "arithmetic_mean", "median")


def figures(platform: str, score: float, **more: int) -> Observation:
    return heard(platform, 0, statistics={platform: {"score": score, **more}})


def scored(value: float) -> dict[str, object]:
    return {"statistics": {"mal": {"score": value}}, "score": dict.fromkeys(MEANS, value)}


def whole(house: House) -> str:
    ids = sorted(house.catalogue.anime_by_id)
    return part_id(ids[0], ids[-1])


async def test_the_daily_look_cuts_the_scope_into_parts_that_leave_nobody_out() -> None:
    house = House()
    ended = {"status": "FINISHED", "aired_dates": {"aired_to": NOON - 89 * DAY}}
    wanted = {house.show(f"on air {n}", None, n) for n in range(100)}
    wanted |= {house.show(f"just over {n}", None, 200 + n, **ended) for n in range(21)}
    house.show("long over", None, 300, status="FINISHED", aired_dates={"aired_to": NOON - 91 * DAY})
    house.show("never dated", None, 301, status="FINISHED")
    house.show("to come", None, 302, status="UPCOMING")
    found = await house.look("score_sync", "all")
    parts = found.plans["score_part"]
    assert found.end == LookEnd("121 titles in 3 parts")
    spans = sorted(bounds_of(name) for name in parts)
    covered = [[one for one in sorted(wanted) if first <= one <= last] for first, last in spans]
    assert [len(one) for one in covered] == [PART_TITLES, PART_TITLES, 21]
    assert {one for part in covered for one in part} == wanted
    assert all(due.at == house.now for due in parts.values())
    assert house.services.asked == [], "the parts ask"


async def test_an_empty_scope_has_no_parts() -> None:
    found = await House().look("score_sync", "all")
    assert (found.end.outcome, dict(found.plans)) == ("0 titles in 0 parts", {})


async def test_a_day_runs_through_and_the_next_day_cuts_anew() -> None:
    house = House(now=datetime(2026, 2, 18, 5, tzinfo=UTC))
    for n in range(PART_TITLES + 1):
        house.show(f"show {n}", None, n, **scored(8.0))
        house.services.tell("kitsu", Kind.STATISTICS, f"{2000 + n}", figures("kitsu", 8.4))
    await house.plan("score_sync", {"all": None})
    await house.run_until(datetime(2026, 2, 18, 7, tzinfo=UTC))
    assert [key.workflow for _, key, _ in house.looks] == ["score_sync", "score_part", "score_part"]
    assert house.changed() == [("score", "statistics")] * (PART_TITLES + 1)
    parts = [row for row in house.rows.values() if row.workflow == "score_part"]
    assert all(row.due_at is None for row in parts), "the next day plans its own"
    # The next day nothing has moved since the value that was told.
    await house.run_until(datetime(2026, 2, 19, 7, tzinfo=UTC))
    assert len(house.looks) == 6
    assert len(house.events) == PART_TITLES + 1


async def test_a_step_of_a_tenth_is_no_news_at_the_default_and_a_step_of_more_is() -> None:
    told = 0
    for tenths in range(90):
        house = House()
        house.show("ring", None, 1, **scored(tenths / 10 or 0.01))
        house.services.tell("jikan", Kind.STATISTICS, "1", figures("mal", (tenths + 1) / 10))
        told += len(house.apply(await house.look("score_part", whole(house))))
    assert told == 0, "in floats many of these exceed a tenth"
    for hundredths in (11, 15, 100):
        house = House()
        house.show("ring", None, 1, **scored(7.0))
        house.services.tell("jikan", Kind.STATISTICS, "1", figures("mal", 7 + hundredths / 100))
        (event,) = house.apply(await house.look("score_part", whole(house)))
        assert isinstance(event, AnimeUpdatedEvent)
        assert event.score is not None
        assert event.score.arithmetic_mean == 7 + hundredths / 100


async def test_the_threshold_is_a_setting() -> None:
    house = House(wishes=Wishes(score_threshold=Decimal("0.5")))
    house.show("ring", None, 1, **scored(7.0))
    house.services.tell("jikan", Kind.STATISTICS, "1", figures("mal", 7.5))
    assert house.apply(await house.look("score_part", whole(house))) == []
    house.services.tell("jikan", Kind.STATISTICS, "1", figures("mal", 7.51))
    assert len(house.apply(await house.look("score_part", whole(house)))) == 1


async def test_a_score_that_creeps_is_told_when_it_has_crept_a_tenth_since_it_was_told_last() -> None:
    house = House()
    house.show("ring", None, 1, **scored(7.0))
    told = []
    for step in range(1, 25):
        house.now += DAY
        house.services.tell("jikan", Kind.STATISTICS, "1", figures("mal", round(7 + step / 100, 2)))
        for event in house.apply(await house.look("score_part", whole(house))):
            assert isinstance(event, AnimeUpdatedEvent)
            assert event.score is not None
            told.append(event.score.arithmetic_mean)
    assert told == [7.11, 7.22]


@pytest.mark.parametrize(
    ("doors", "asked"),
    [
        (frozenset({"jikan", "anilist", "kitsu"}), {"jikan", "anilist", "kitsu"}),
        (frozenset({"jikan", "mal", "anilist", "kitsu"}), {"mal", "anilist", "kitsu"}),
        (frozenset({"anilist"}), {"anilist"}),
        (frozenset[str](), set[str]()),
    ],
)
async def test_one_door_to_each_platform_is_asked(doors: frozenset[str], asked: set[str]) -> None:
    house = House(sources=doors)
    house.show("ring", None, 1, **scored(7.0))
    await house.look("score_part", whole(house))
    assert house.services.sources() == asked


async def test_a_part_asks_each_source_once() -> None:
    house = House()
    for n in range(PART_TITLES):
        house.show(f"show {n}", None, n, **scored(7.0))
    await house.look("score_part", whole(house))
    assert sorted((one.source, len(one.ids)) for one in house.services.asked) == [
        ("anilist", PART_TITLES),
        ("jikan", PART_TITLES),
        ("kitsu", PART_TITLES),
    ]


async def test_a_source_that_is_silent_holds_nothing_up_and_is_asked_again() -> None:
    house = House()
    house.show("ring", None, 1, **scored(7.0))
    house.services.tell("jikan", Kind.STATISTICS, "1", figures("mal", 8.0))
    house.services.trouble = {"kitsu": DOWN}
    found = await house.look("score_part", whole(house))
    assert found.end.next is Again.RETRY
    assert found.end.miss is MissReason.SKIPPED
    assert len(house.apply(found)) == 1, "what was said is told now"
    assert house.apply(await house.look("score_part", whole(house), attempt=2)) == [], "and not again"


async def test_a_budget_that_is_used_up_is_the_reason_of_the_miss() -> None:
    house = House()
    house.show("ring", None, 1, **scored(7.0))
    house.services.trouble = dict.fromkeys(("jikan", "anilist", "kitsu"), BUSY)
    part = whole(house)
    await house.plan("score_part", (await house.look("score_sync", "all")).plans["score_part"])
    await house.run_until(house.now + 2 * HOUR)
    assert [(one.entity_id, one.reason) for one in house.misses] == [(part, MissReason.BUDGET)]
    row = house.row(part, "score_part")
    assert (row.due_at, row.attempt) == (None, 1)
    assert len(house.looks) == 4


async def test_titles_that_left_the_scope_are_left_out() -> None:
    house = House()
    house.show("ring", None, 1, **scored(7.0))
    part = whole(house)
    house.catalogue.anime_by_id = {
        one: replace(stored, current=replace(stored.current, values={"status": "CANCELLED"}))
        for one, stored in house.catalogue.anime_by_id.items()
    }
    found = await house.look("score_part", part)
    assert found.end == LookEnd("nothing in scope any more", Again.NEVER, otherwise=Again.NEVER)
    assert house.services.asked == []


@pytest.mark.parametrize("name", ["all", "", "abc_def", f"{UUID(int=1).hex}_", "ring"])
async def test_what_is_no_part_is_said_to_be_none(name: str) -> None:
    found = await House().look("score_part", name)
    assert found.end == LookEnd(f"{name} names no part of the scope", Again.NEVER)


async def test_the_first_and_the_last_possible_id_can_bound_a_part() -> None:
    house = House()
    least, most = UUID(int=0), UUID(int=2**128 - 1)
    for number, one in enumerate((least, most)):
        stored = house.catalogue.anime_by_id.pop(house.show(f"show {number}", None, number, **scored(7.0)))
        house.catalogue.anime_by_id[one] = replace(stored, id=one)
        house.services.tell("kitsu", Kind.STATISTICS, f"{2000 + number}", figures("kitsu", 9.0))
    found = await house.look("score_part", part_id(least, most))
    assert {part.entity_id for part in found.parts if part.changes} == {least, most}


async def test_a_part_whose_yesterday_is_still_being_repeated_is_not_planned_twice() -> None:
    house = House(now=datetime(2026, 2, 18, 6, tzinfo=UTC))
    house.show("ring", None, 1, **scored(7.0))
    house.services.trouble = {"kitsu": DOWN}
    await house.plan("score_part", (await house.look("score_sync", "all")).plans["score_part"])
    await house.run_until(house.now + timedelta(minutes=1))
    before = house.row(whole(house), "score_part")
    assert before.attempt == 2
    assert await house.plan("score_part", (await house.look("score_sync", "all")).plans["score_part"]) == 0
    assert house.row(whole(house), "score_part") == before
