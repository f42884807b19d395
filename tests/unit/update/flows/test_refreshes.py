"""Metadata, characters and status: what changed is told once, by who said it; who is silent is asked again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings

from contracts.observation import Kind, Observation
from contracts.workflow import Again, LookEnd, MissReason
from handlers.update.current import Current
from handlers.update.proposals import Proposal
from handlers.update.stored import StoredAnime, StoredCharacter
from tests.events import uid
from tests.unit.update.flows.house import DAY, WEEK, House, events_of, weekly
from tests.unit.update.flows.services import BUSY, DOWN, NOT_FOUND, Services
from tests.unit.update.said import heard, heard_character, record, told
from tests.unit.update.test_diff_laws import looks, records

REFRESHES = ("metadata_refresh", "status_check", "character_refresh")


def ring(house: House, **values: Any) -> UUID:
    return house.show("ring", None, 1, **values)


async def test_metadata_is_asked_of_every_source_and_only_what_changed_is_told() -> None:
    house = House(sources=frozenset({"jikan", "anilist", "kitsu", "mal"}))
    entity = ring(house, synopsis="A ring.", genres=["Drama"])
    house.services.tell("jikan", Kind.ANIME, "1", heard("jikan", 0, synopsis="A ring.", genres=["Drama", "Action"]))
    house.services.tell("jikan", Kind.STAFF, "1", heard("jikan", 0, staff_data={"Director": [{"name": "Aya Kudo"}]}))
    house.services.tell("anilist", Kind.ANIME, "1001", heard("anilist", 0, tags=["Robots"]))
    found = await house.look("metadata_refresh", entity)
    (part,) = found.parts
    assert sorted(told(part.changes)) == ["genres", "staff_data", "tags"]
    assert part.heard == {"jikan", "anilist"}
    asked = sorted((one.source, one.kind.value, one.urgent, one.fresh) for one in house.services.asked)
    assert asked == [
        ("anilist", "anime", False, False),
        ("anilist", "staff", False, False),
        ("jikan", "anime", False, False),
        ("jikan", "staff", False, False),
        ("kitsu", "anime", False, False),
        ("mal", "anime", False, False),
    ]
    # Neither a page that is not there nor a title that one source does not know is a reason to ask again.
    assert found.end.next is Again.REGULAR


async def test_figures_alone_are_no_news_and_a_score_that_moved_is() -> None:
    house = House()
    means = dict.fromkeys(("arithmetic_geometric_mean", "arithmetic_mean", "median"), 8.0)
    entity = ring(house, statistics={"mal": {"score": 8.0, "members": 10}}, score=means)
    said = {"score": 8.0, "members": 9_999}
    house.services.tell("jikan", Kind.ANIME, "1", heard("jikan", 0, statistics={"mal": said}))
    assert house.apply(await house.look("metadata_refresh", entity)) == []
    house.services.tell("jikan", Kind.ANIME, "1", heard("jikan", 0, statistics={"mal": {**said, "score": 8.2}}))
    house.apply(await house.look("metadata_refresh", entity))
    assert house.changed() == [("score", "statistics")]


async def test_what_waits_for_a_person_is_not_proposed_again() -> None:
    house = House()
    entity = ring(house, synopsis="A long story about a ring.")
    house.services.tell("jikan", Kind.ANIME, "1", heard("jikan", 0, title="The Ring", duration=1440))
    house.apply(await house.look("metadata_refresh", entity))
    assert house.changed() == [("duration", "title")], "the risk travels in the same message"
    stored = house.catalogue.anime_by_id[entity]
    house.catalogue.anime_by_id[entity] = replace(stored, proposals=(Proposal("title", "ring", "The Ring"),))
    house.now += WEEK
    assert house.apply(await house.look("metadata_refresh", entity)) == []


async def test_a_character_is_compared_with_its_voice_actors() -> None:
    house = House()
    ids = {"mal": "7", "anilist": "1007", "kitsu": "2007"}
    frodo = uid("frodo")
    current = Current({"name": "Frodo", "external_ids": ids, "favorites": 5}, record().provenance, 2)
    house.catalogue.characters_by_id[frodo] = StoredCharacter(frodo, current)
    actors = [{"id": "95", "name": "Rin Mori", "language": "Japanese"}]
    said = heard_character("jikan", 0, name="Frodo", description="He is brave.", voice_actors=actors)
    house.services.tell("jikan", Kind.CHARACTER, "7", said)
    found = await house.look("character_refresh", frodo)
    assert sorted(told(found.parts[0].changes)) == ["description", "voice_actors"]
    house.apply(found)
    assert house.changed() == [("description", "voice_actors")]
    house.now += WEEK
    assert house.apply(await house.look("character_refresh", frodo)) == []


@pytest.mark.parametrize(
    ("values", "episodes", "why"),
    [
        ({"status": "UPCOMING", "aired_dates": {"aired_from": "2026-02-10T15:00:00Z"}}, {}, "its premiere has passed"),
        ({"status": "UPCOMING", "aired_dates": {"aired_from": "2026-03-10T15:00:00Z"}}, {}, None),
        ({"status": "UPCOMING"}, {}, None),
        ({"episode_count": 3}, {1, 2, 3}, "its last episode has aired"),
        ({"episode_count": 4}, {1, 2, 3}, None),
        ({"aired_dates": {"aired_to": "2026-02-10T15:00:00Z"}}, {1, 2}, "its last air date has passed"),
        ({}, {1, 2}, None),
        ({}, set(), None),
    ],
)
async def test_only_shows_that_should_have_turned_are_asked_for(
    values: dict[str, Any], episodes: set[int], why: str | None
) -> None:
    house = House()
    rows = weekly(episodes, house.now - DAY) if episodes else {}
    entity = house.show("ring", rows, 1, **values)
    found = await house.look("status_check", entity)
    assert bool(house.services.asked) is (why is not None)
    if why is None:
        assert found.end.outcome.endswith("and nothing speaks against it")
    else:
        assert found.end.outcome.startswith(f"{why}: 0 changes")


@pytest.mark.parametrize(
    ("quiet", "away", "is_asked"), [(5, None, True), (3, None, False), (5, {"reason": "x"}, False)]
)
async def test_a_show_that_fell_silent_is_asked_for_unless_it_is_on_a_break(
    quiet: int, away: dict[str, str] | None, is_asked: bool
) -> None:
    house = House()
    entity = house.show("ring", weekly({1, 2}, house.now - quiet * WEEK), 1, hiatus=away)
    await house.look("status_check", entity)
    assert bool(house.services.asked) is is_asked


async def test_the_end_of_a_show_is_found_and_then_it_is_checked_no_more() -> None:
    house = House()
    entity = house.show("ring", weekly({1, 2, 3}, house.now - DAY), 1, episode_count=3)
    house.services.tell("anilist", Kind.ANIME, "1001", heard("anilist", 0, status="FINISHED", title="Not asked"))
    found = await house.look("status_check", entity)
    house.apply(found)
    assert house.changed() == [("status",)], "only the status and what belongs to it"
    assert {one.fields for one in house.services.asked} == {
        frozenset({"status", "aired_dates", "episode_count", "hiatus"})
    }
    assert (await house.look("status_check", entity)).end == LookEnd("it is FINISHED", Again.NEVER)


# --- what all three have in common ----------------------------------------------------------------------------------


def peopled(house: House, workflow: str, ids: dict[str, str] | None = None) -> UUID:
    """An entity that this workflow looks at, with the ids 1, 1001 and 2001."""
    known = {"mal": "1", "anilist": "1001", "kitsu": "2001"} if ids is None else ids
    if workflow != "character_refresh":
        rows = weekly({1, 2, 3}, house.now - DAY)
        return house.show("ring", rows, 1, episode_count=3, external_ids=known or None)
    frodo = uid("frodo")
    current = Current({"name": "Frodo", "external_ids": known}, record().provenance, 2)
    house.catalogue.characters_by_id[frodo] = StoredCharacter(frodo, current)
    return frodo


@pytest.mark.parametrize("workflow", REFRESHES)
async def test_all_sources_down_is_looked_at_again_and_then_missed(workflow: str) -> None:
    house = House()
    entity = peopled(house, workflow)
    house.services.trouble = dict.fromkeys(("jikan", "anilist", "kitsu"), DOWN)
    await house.plan(workflow, {str(entity): None})
    due = house.row(entity, workflow).due_at
    assert due is not None
    await house.run_until(due + timedelta(days=1))
    assert [at - due for at, _, _ in house.looks] == [timedelta(hours=6 * n) for n in range(3)]
    assert [(one.due_at, one.reason) for one in house.misses] == [(due, MissReason.SKIPPED)]
    assert house.row(entity, workflow).due_at == due + WEEK, "it goes on at its own time"
    assert house.notices == [], "a week later is soon enough to raise no alarm"


@pytest.mark.parametrize("workflow", REFRESHES)
@pytest.mark.parametrize(("failure", "again"), [(DOWN, Again.RETRY), (BUSY, Again.RETRY), (NOT_FOUND, Again.REGULAR)])
async def test_one_source_that_fails_is_asked_again_only_when_that_may_help(
    workflow: str, failure: Any, again: Again
) -> None:
    house = House()
    entity = peopled(house, workflow)
    said = heard_character("kitsu", 0) if workflow == "character_refresh" else heard("kitsu", 0)
    house.services.tell("kitsu", Kind.CHARACTER if workflow == "character_refresh" else Kind.ANIME, "2001", said)
    house.services.trouble = {"jikan": failure}
    found = await house.look(workflow, entity)
    assert found.end.next is again
    assert f"jikan: {failure.kind}" in found.end.outcome
    assert found.end.miss == {"throttled": MissReason.BUDGET, "outage": MissReason.SKIPPED}.get(failure.kind)


@pytest.mark.parametrize("workflow", REFRESHES)
async def test_an_entity_without_ids_is_said_to_be_nobodys(workflow: str) -> None:
    house = House()
    found = await house.look(workflow, peopled(house, workflow, {"livechart": "9"}))
    assert found.end.outcome == "nobody was asked: it has no id on a source that is switched on"
    assert found.end.next is Again.REGULAR
    assert house.services.asked == []


@pytest.mark.parametrize("workflow", REFRESHES)
async def test_what_is_gone_is_not_looked_at_any_more(workflow: str) -> None:
    found = await House().look(workflow, uid("nobody"))
    assert found.end == LookEnd("it is not in the catalogue any more", Again.NEVER)


@pytest.mark.parametrize("workflow", REFRESHES)
async def test_every_entity_of_a_batch_gets_its_own_answer(workflow: str) -> None:
    house = House()
    entity = peopled(house, workflow)
    said = (
        heard_character("anilist", 0, favorites=77)
        if workflow == "character_refresh"
        else heard("anilist", 0, status="FINISHED")
    )
    house.services.tell("anilist", Kind.CHARACTER if workflow == "character_refresh" else Kind.ANIME, "1001", said)
    await house.plan(workflow, {str(entity): None, str(uid("nobody")): None})
    house.now += WEEK
    await house.fire(*house.rows)
    assert house.row(uid("nobody"), workflow).last_outcome == "it is not in the catalogue any more"
    assert len(house.events) == 1


# --- laws -----------------------------------------------------------------------------------------------------------


def says(services: Services, seen: list[Observation]) -> None:
    ids = {"jikan": "1", "mal": "1", "anilist": "1001", "kitsu": "2001"}
    for one in seen:
        services.tell(one.source, Kind.ANIME, ids[one.source], one)


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(records(), looks())
async def test_fetching_the_same_again_gives_no_event_but_what_waits_for_a_person(
    current: Current, seen: list[Observation]
) -> None:
    house = House(sources=frozenset({"jikan", "mal", "anilist", "kitsu"}))
    values = {**current.values, "external_ids": {"mal": "1", "anilist": "1001", "kitsu": "2001"}}
    entity = uid("ring")
    house.catalogue.anime_by_id[entity] = StoredAnime(entity, replace(current, values=values))
    says(house.services, seen)
    first = await house.look("metadata_refresh", entity)
    again = await house.look("metadata_refresh", entity)
    assert ids_of(first, house.now) == ids_of(again, house.now + DAY), "a crash gives the same events"
    house.apply(first)
    house.now += DAY
    for _ in range(3):
        stored = house.catalogue.anime_by_id[entity]
        found = await house.look("metadata_refresh", entity)
        # What is risky waits: it is found again as long as nobody put it before a person.
        waiting = tuple(Proposal(one.field, one.old, one.new) for part in found.parts for one in part.changes)
        house.catalogue.anime_by_id[entity] = replace(stored, proposals=(*stored.proposals, *waiting))
        house.apply(found)
        house.now += DAY
    assert house.apply(await house.look("metadata_refresh", entity)) == []


def ids_of(found: Any, now: datetime) -> list[UUID]:
    return [one.event_id for one in events_of(found, now)]
