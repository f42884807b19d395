"""Why a word was believed is stored with the value, in the transaction that writes it, also when it had to wait."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

from contracts.events import AnimeUpdatedEvent, Belief
from handlers.persist.decided import approve, turn_down, undo
from handlers.persist.decision import Decision
from handlers.persist.edits import Edit
from handlers.review.reading import show
from tests.events import at, character_updated, enriched, uid, updated
from tests.integration.persist.helpers import anime, character, count, done, outbox
from tests.integration.persist.test_held import LONG, reviews

RULE = Belief(rule="most believed", dissents={"kitsu": "Bands"})
OTHER = Belief(rule="most believed", dissents={"anilist": "Loops"})
KEPT = {"rule": "most believed", "dissents": {"kitsu": "Bands"}}
NOW = at(60)


def believed(event: AnimeUpdatedEvent, **beliefs: Belief) -> AnimeUpdatedEvent:
    return event.model_copy(update={"beliefs": beliefs})


async def said(pool: asyncpg.Pool, field: str, name: str = "Ring") -> list[Any]:
    found: list[Any] = (await anime(pool, name))["provenance"][field]
    return found


async def waiting(pool: asyncpg.Pool) -> UUID:
    (one,) = await reviews(pool, "pending")
    found: UUID = one["id"]
    return found


async def test_it_is_stored_with_each_value_and_nothing_is_of_a_message_without_it(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", year=2019, genres=["a"]))
    event = updated("Ring", year=2020, genres=["a", "b"], statistics={"mal": {"score": 8}}, rating="R")
    figures = Belief(rule="the platform's own figures")
    await done(pool, event.model_copy(update={"beliefs": {"year": RULE, "genres": OTHER, "statistics.mal": figures}}))
    who = ["mal", "2026-02-17T12:01:00Z", str(event.event_id)]
    assert await said(pool, "year") == [*who, KEPT]
    assert await said(pool, "genres") == [*who, {"rule": "most believed", "dissents": {"anilist": "Loops"}}]
    assert await said(pool, "statistics.mal") == [*who, {"rule": "the platform's own figures"}]
    assert await said(pool, "rating") == who, "an older message says nothing of it, and stays valid"


async def test_also_of_a_character(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", characters=[{"id": uid("Hero"), "name": "Hero", "favorites": 5}]))
    event = character_updated("Hero", favorites=7)
    await done(pool, event.model_copy(update={"beliefs": {"favorites": RULE}}))
    assert (await character(pool, "Hero"))["provenance"]["favorites"][3] == KEPT


async def test_another_dissent_alone_makes_no_version_and_no_message(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring"), believed(updated("Ring", year=2020, synopsis=LONG), year=RULE, synopsis=RULE))
    before, sent = await anime(pool, "Ring"), await outbox(pool, uid("Ring"))
    again = believed(updated("Ring", minute=2, year=2020, synopsis=LONG), year=OTHER, synopsis=OTHER)
    await done(pool, again)
    row = await anime(pool, "Ring")
    assert (row["version"], row["year"], await outbox(pool, uid("Ring"))) == (before["version"], 2020, sent)
    assert row["provenance"]["year"][2:] == [str(again.event_id), OTHER.model_dump()], "the newest word is kept"
    assert row["provenance"]["synopsis"][3] == OTHER.model_dump()


async def test_it_waits_with_a_held_change_and_stands_with_the_value_once_that_is_approved(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", synopsis=LONG))
    await done(pool, believed(updated("Ring", title="Ropes", synopsis=None), title=RULE, synopsis=OTHER))
    title, synopsis = await reviews(pool, "pending")
    if title["field"] != "title":
        title, synopsis = synopsis, title
    shown = await show(pool, title["id"])
    assert shown is not None
    assert shown.belief == RULE
    assert "title" not in (await anime(pool, "Ring"))["provenance"], "it is the decision of what is held"
    decision = Decision("ann", "checked", NOW)
    before = (await anime(pool, "Ring"))["provenance"]
    await approve(pool, [title["id"]], decision)
    assert await said(pool, "title") == ["mal", "2026-02-17T13:00:00Z", (await said(pool, "title"))[2], KEPT]
    # A person's own value rests on nobody's word.
    await approve(pool, [synopsis["id"]], decision, Edit("A boxer learns."))
    assert len(await said(pool, "synopsis")) == 3
    later = Decision("bob", "wrong", NOW + timedelta(minutes=1))
    await undo(pool, [title["id"], synopsis["id"]], later)
    assert (await anime(pool, "Ring"))["provenance"] == before


async def test_what_had_been_believed_before_comes_back_with_an_undo(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring"), believed(updated("Ring", minute=1, synopsis=LONG), synopsis=RULE))
    before = await said(pool, "synopsis")
    assert before[3] == KEPT
    await done(pool, believed(updated("Ring", minute=2, synopsis=None), synopsis=OTHER))
    one = await waiting(pool)
    await approve(pool, [one], Decision("ann", "checked", NOW))
    assert (await said(pool, "synopsis"))[3] == OTHER.model_dump()
    await undo(pool, [one], Decision("ann", "wrong", NOW + timedelta(minutes=1)))
    assert await said(pool, "synopsis") == before


async def test_a_word_that_stands_again_after_a_late_one_stands_with_its_belief(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", episode_count=12))
    # Applied as a first word; once the earlier one is known it would lower the total, and waits.
    await done(pool, believed(updated("Ring", minute=2, episode_count=13), episode_count=OTHER))
    assert (await said(pool, "episode_count"))[3] == OTHER.model_dump()
    await done(pool, believed(updated("Ring", minute=1, episode_count=24), episode_count=RULE))
    assert (await anime(pool, "Ring"))["episode_count"] == 24
    assert (await said(pool, "episode_count"))[3] == KEPT
    shown = await show(pool, await waiting(pool))
    assert shown is not None
    assert shown.belief == OTHER


async def test_the_same_proposal_with_another_dissent_is_no_second_one(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring"), believed(updated("Ring", minute=1, title="Ropes"), title=RULE))
    one = await waiting(pool)
    await done(pool, believed(updated("Ring", minute=2, title="Ropes"), title=OTHER))
    assert (await waiting(pool), await count(pool, "review")) == (one, 1)
    await turn_down(pool, [one], Decision("ann", "no", NOW))
    await done(pool, believed(updated("Ring", minute=3, title="Ropes"), title=OTHER))
    assert [found["state"] for found in await reviews(pool)] == ["rejected"]
