"""A risky change waits for a person: what is held, what is applied beside it, and that no order of arrival matters."""

from __future__ import annotations

import asyncio
from itertools import permutations
from typing import Any

import asyncpg
import orjson
import pytest

from contracts import codec, subjects
from contracts.errors import Permanent
from contracts.events import AnimeUpdatedEvent, Event, ReviewReadyEvent, RiskFlag
from handlers.persist import delete_anime
from tests.events import aired, at, character_updated, enriched, uid, updated
from tests.integration.persist.helpers import anime, character, count, done, outbox, outcomes, tables
from tests.integration.persist.test_once_and_alone import unchecked

LONG = "A boxer learns that the ring is round after all."
JSON = {"old", "new", "reasons", "story", "edited", "before"}
STANDS = ("title", "status", "episode_count", "synopsis", "genres", "provenance")


async def reviews(pool: asyncpg.Pool, *states: str) -> list[dict[str, Any]]:
    """The reviews in these states (all where none is named), JSON read."""
    rows = await pool.fetch(
        "SELECT * FROM review WHERE cardinality($1::text[]) = 0 OR state = ANY ($1) ORDER BY created_at, field",
        list(states),
    )
    json = {"old", "new", "reasons", "story", "edited", "before"}
    return [
        {key: orjson.loads(value) if key in json and value else value for key, value in row.items()} for row in rows
    ]


async def ready(pool: asyncpg.Pool) -> list[ReviewReadyEvent]:
    """What was told of held changes."""
    rows = await pool.fetch("SELECT payload FROM outbox WHERE subject = $1 ORDER BY id", subjects.REVIEW_READY)
    events = [codec.decode(subjects.REVIEW_READY, row["payload"]) for row in rows]
    assert all(isinstance(event, ReviewReadyEvent) for event in events)
    return events  # type: ignore[return-value]


def flagged(event: AnimeUpdatedEvent, *fields: str) -> AnimeUpdatedEvent:
    return event.model_copy(update={"risks": [RiskFlag(field=name, rule="r", reason="x") for name in fields]})


async def test_only_the_risky_field_is_held_and_the_rest_of_the_event_is_applied(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", synopsis=LONG, genres=["Drama", "Sports"], year=2019))
    event = updated("Ring", minute=5, synopsis=None, genres=["Drama", "Sports", "Boxing"], year=2020)
    await done(pool, event)
    row = await anime(pool, "Ring")
    assert (row["synopsis"], row["genres"], row["year"]) == (LONG, ["Drama", "Sports", "Boxing"], 2020)
    (review,) = await reviews(pool)
    assert (review["entity_type"], review["entity_id"], review["field"]) == ("anime", uid("Ring"), "synopsis")
    assert (review["old"], review["new"], review["source"], review["state"]) == (LONG, None, "mal", "pending")
    assert (review["event_id"], review["observed_at"], review["created_at"]) == (event.event_id, at(5), at(5))
    assert review["base_version"] == row["version"] == 2
    (reason,) = review["reasons"]
    assert reason["rule"] == "text removed"
    assert "synopsis is removed" in reason["reason"]
    assert (await outbox(pool, uid("Ring")))[-1] == (subjects.ANIME_SYNCED, uid("Ring"), 2, ["genres", "year"])
    # Nobody said the held value, so a later word of the same time is compared with who said what stands.
    assert "synopsis" not in row["provenance"]


async def test_a_total_that_a_source_blanks_stays_and_the_rest_of_its_event_is_applied(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", episode_count=12, year=2019))
    await done(pool, updated("Ring", minute=5, episode_count=None, year=2020))
    row = await anime(pool, "Ring")
    assert (row["episode_count"], row["year"]) == (12, 2020)
    assert "episode_count" not in row["provenance"], "nobody has said it anew"
    assert await count(pool, "review") == 0
    # A total that is lower than the one that stayed is a risk as before; a person's word counts as it is.
    await done(pool, updated("Ring", minute=6, episode_count=11))
    assert [review["field"] for review in await reviews(pool, "pending")] == ["episode_count"]
    await done(pool, updated("Ring", minute=7, source="person", episode_count=None))
    assert (await anime(pool, "Ring"))["episode_count"] is None


async def test_an_event_with_nothing_but_risks_changes_no_row(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring"))
    before = await tables(pool, ("anime",))
    await done(pool, updated("Ring", title="Ropes"))
    assert await tables(pool, ("anime",)) == before
    assert [row[0] for row in await outbox(pool)] == [subjects.ANIME_CREATED, subjects.REVIEW_READY]


async def test_what_the_event_did_not_flag_is_told_and_what_it_flagged_is_not_told_twice(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", synopsis=LONG))
    await done(pool, flagged(updated("Ring", title="Ropes", synopsis=None), "title", "year"))
    (told,) = await ready(pool)
    (held,) = [review for review in await reviews(pool, "pending") if review["field"] == "synopsis"]
    assert (told.review_id, told.field, told.entity_id, told.source) == (held["id"], "synopsis", uid("Ring"), "mal")
    assert told.reasons == [held["reasons"][0]["reason"]]
    assert (told.base_version, told.causation_id, told.timestamp) == (1, held["event_id"], held["created_at"])
    assert await count(pool, "review") == 2


async def test_a_flag_of_the_event_holds_nothing_by_itself(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", year=2019))
    await done(pool, flagged(updated("Ring", year=2020), "year"))
    assert (await anime(pool, "Ring"))["year"] == 2020
    assert await count(pool, "review") == 0


async def test_an_event_twice_makes_one_review_and_tells_once(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring"))
    event = updated("Ring", title="Ropes")
    assert await outcomes(pool, event, event) == [None, None]
    before = await tables(pool, ("review", "guarded_word", "outbox", "anime"))
    await done(pool, event)
    # Beyond the inbox too: what is remembered knows the event.
    await pool.execute("DELETE FROM inbox")
    await done(pool, event)
    assert await tables(pool, ("review", "guarded_word", "outbox", "anime")) == before
    assert len(await ready(pool)) == 1


async def test_a_newer_proposal_supersedes_the_one_that_waits_and_the_same_makes_no_second(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring"), updated("Ring", minute=1, title="Ropes"))
    await done(pool, updated("Ring", minute=2, source="kitsu", title=" Ropes "))
    assert len(await reviews(pool)) == 1
    await done(pool, updated("Ring", minute=3, title="Rope"))
    first, second = await reviews(pool)
    assert (first["state"], first["decided_at"], first["decided_by"]) == ("superseded", at(3), None)
    assert (second["state"], second["old"], second["new"]) == ("pending", "Ring", "Rope")


async def test_a_late_proposal_does_not_take_the_place_of_a_newer_one(pool: asyncpg.Pool) -> None:
    await done(
        pool, enriched("Ring"), updated("Ring", minute=3, title="Rope"), updated("Ring", minute=2, title="Ropes")
    )
    (review,) = await reviews(pool)
    assert (review["new"], review["state"]) == ("Rope", "pending")


async def test_what_is_said_newly_and_safely_ends_the_waiting(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", episode_count=12))
    await done(pool, updated("Ring", minute=1, episode_count=10), updated("Ring", minute=2, episode_count=13))
    assert [review["state"] for review in await reviews(pool)] == ["superseded"]
    assert (await anime(pool, "Ring"))["episode_count"] == 13


async def test_a_proposal_waits_again_when_a_late_word_brings_its_base_back(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", episode_count=12), updated("Ring", minute=4, episode_count=10))
    (first,) = await reviews(pool, "pending")
    await done(pool, updated("Ring", minute=1, episode_count=24))
    assert [(one["old"], one["new"]) for one in await reviews(pool, "pending")] == [(24, 10)]
    await done(pool, updated("Ring", minute=2, source="person", episode_count=12))
    (again,) = await reviews(pool, "pending")
    assert (again["id"], again["old"], again["decided_at"]) == (first["id"], 12, None)
    assert len(await reviews(pool)) == 2


async def test_a_whole_record_is_never_held_and_ends_the_waiting_of_what_is_older(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", synopsis=LONG), updated("Ring", minute=1, title="Ropes"))
    await done(pool, enriched("Ring", minute=2, title="Rings", synopsis=LONG))
    assert [review["state"] for review in await reviews(pool)] == ["superseded"]
    assert (await anime(pool, "Ring"))["title"] == "Rings"


async def test_the_word_of_a_person_is_never_held(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", synopsis=LONG, status="FINISHED"))
    await done(pool, updated("Ring", source="person", title="Ropes", synopsis=None, status="CANCELLED"))
    row = await anime(pool, "Ring")
    assert (row["title"], row["synopsis"], row["status"]) == ("Ropes", None, "CANCELLED")
    assert await count(pool, "review") == 0


async def test_a_character_is_held_the_same_way(pool: asyncpg.Pool) -> None:
    hero = {"id": uid("hero"), "name": "Hero", "description": LONG, "traits": ["shy", "kind", "tall"]}
    await done(pool, enriched("Ring", characters=[hero]))
    await done(pool, character_updated("hero", minute=2, description=None, traits=["kind"], favorites=7))
    row = await character(pool, "hero")
    assert (row["description"], row["traits"], row["favorites"]) == (LONG, ["shy", "kind", "tall"], 7)
    assert [(one["entity_type"], one["field"]) for one in await reviews(pool, "pending")] == [
        ("character", "description"),
        ("character", "traits"),
    ]
    assert {event.entity_type.value for event in await ready(pool)} == {"CHARACTER"}


async def test_of_a_deleted_anime_nothing_is_held(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring"))
    await delete_anime(pool, uid("Ring"))
    await done(pool, updated("Ring", title="Ropes"))
    assert await count(pool, "review") == 0


async def test_a_total_that_is_announced_below_what_aired_is_no_risk(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", episode_count=12), aired("Ring", 14, minute=1))
    await done(pool, updated("Ring", minute=2, episode_count=13))
    assert await count(pool, "review") == 0
    assert (await anime(pool, "Ring"))["episode_count"] == 14


Story = list[dict[str, Any]]


@pytest.mark.parametrize(
    "story",
    {
        "held, safe, held": [{"episode_count": 10}, {"episode_count": 13}, {"episode_count": 11}],
        "up, down": [{"episode_count": 24}, {"episode_count": 13}, {"status": "ONGOING"}],
        "back and forth": [{"status": "FINISHED"}, {"status": "ONGOING"}, {"status": "CANCELLED"}],
        "texts": [{"synopsis": LONG * 3}, {"synopsis": LONG}, {"synopsis": None}],
        "lists": [{"genres": ["a", "b", "c"]}, {"genres": ["a"]}, {"genres": ["a", "b", "d"]}],
        "two proposals": [{"title": "Ropes"}, {"title": "Rope"}, {"title": "Ring"}],
    }.items(),
    ids=lambda item: item[0],
)
async def test_every_order_of_arrival_ends_the_same(pool: asyncpg.Pool, story: tuple[str, Story]) -> None:
    ends = {}
    for order in permutations(range(3)):
        name = f"Ring {order}"
        base = {"title": "Ring", "episode_count": 12, "status": "ONGOING", "synopsis": LONG, "genres": ["a", "b"]}
        await done(pool, enriched(name, minute=0, event_id=uid("record"), **base))
        events = [
            updated(name, minute=1 + at_, event_id=uid("word", at_), **fields) for at_, fields in enumerate(story[1])
        ]
        await pool.execute("DELETE FROM inbox")  # The events of every order have the same ids.
        await done(pool, *(events[position] for position in order), *(events[position] for position in order))
        row = await anime(pool, name)
        waits = await pool.fetch(
            "SELECT field, old, new, observed_at, reasons FROM review WHERE entity_id = $1 AND state = 'pending'",
            uid(name),
        )
        ends[order] = [row[field] for field in STANDS], [tuple(one) for one in waits]
    assert len({repr(end) for end in ends.values()}) == 1, ends


async def test_a_record_among_updates_ends_the_same_in_every_order(pool: asyncpg.Pool) -> None:
    ends = {}
    for order in permutations(range(3)):
        name = f"Ring {order}"
        await done(pool, enriched(name, minute=0, event_id=uid("record"), title="Ring", episode_count=12))
        await pool.execute("DELETE FROM inbox")
        events: list[Event] = [
            updated(name, minute=1, event_id=uid("one"), episode_count=24),
            enriched(name, minute=2, event_id=uid("two"), title="Ring", episode_count=30),
            updated(name, minute=3, event_id=uid("three"), episode_count=26),
        ]
        # The first update has to be there before the record, or nothing is remembered of the field yet.
        await done(pool, *(events[position] for position in order))
        row = await anime(pool, name)
        waits = await pool.fetch("SELECT old, new FROM review WHERE entity_id = $1 AND state = 'pending'", uid(name))
        ends[order] = row["episode_count"], [tuple(one) for one in waits]
    assert set(map(repr, ends.values())) == {repr((30, [("30", "26")]))}, ends


async def test_two_processes_with_risks_of_one_anime_leave_one_that_waits(
    pool: asyncpg.Pool, other_pool: asyncpg.Pool
) -> None:
    for number in range(10):
        name = f"Ring {number}"
        await done(pool, enriched(name))
        await asyncio.gather(
            outcomes(pool, updated(name, minute=1, title="Ropes")),
            outcomes(other_pool, updated(name, minute=2, title="Rope")),
        )
        (review,) = [one for one in await reviews(pool, "pending") if one["entity_id"] == uid(name)]
        assert review["new"] == "Rope"


async def test_a_held_value_that_the_database_cannot_have_falls_alone(pool: asyncpg.Pool) -> None:
    names = [f"Ring {number}" for number in range(8)]
    assert await outcomes(pool, *(enriched(name, synopsis=LONG) for name in names)) == [None] * 8
    batch = [updated(name, title=f"{name}!", synopsis=None) for name in names]
    # Our own types refuse it on the way in; behind the part that a reason quotes it would get as far as the database.
    batch[5] = unchecked(batch[5], title="Ring" * 30 + "\x00")
    results = await outcomes(pool, *batch)
    assert [number for number, result in enumerate(results) if result is not None] == [5]
    assert isinstance(results[5], Permanent)
    assert await count(pool, "review") == 14


@pytest.mark.parametrize("odd", ["\u202e\u0007", "\U0001f94a" * 300, '"quoted" \\ {"a": null}', "null", "0"])
async def test_odd_texts_are_held_as_they_are(pool: asyncpg.Pool, odd: str) -> None:
    await done(pool, enriched("Ring"), updated("Ring", title=odd))
    (review,) = await reviews(pool)
    assert review["new"] == odd


async def test_what_is_remembered_of_a_field_is_bounded(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring"))
    await outcomes(pool, *(updated("Ring", minute=number, title=f"Ring {number}") for number in range(1, 60)))
    await outcomes(pool, *(updated("Ring", minute=number, title=f"Ring {number}") for number in range(60, 90)))
    assert 10 < await count(pool, "guarded_word") <= 24
    assert [review["new"] for review in await reviews(pool, "pending")] == ["Ring 89"]
