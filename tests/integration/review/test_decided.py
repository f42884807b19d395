"""What a person decides about held changes: once, with its message, and back again while nothing newer came."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest

from contracts import subjects
from contracts.errors import Outage, Permanent, Refused
from handlers.persist import delete_anime
from handlers.persist.decided import approve, turn_down, undo
from handlers.persist.decision import Decided, Decision
from handlers.persist.edits import Edit
from tests.events import aired, at, character_updated, enriched, uid, updated
from tests.integration.persist.helpers import anime, character, count, done, outbox, tables
from tests.integration.persist.test_held import LONG, reviews

NOW = at(60)
WHY = Decision("ann", "checked the site", NOW)


def later(minutes: float, by: str = "bob") -> Decision:
    return Decision(by, "looked again", NOW + timedelta(minutes=minutes))


async def held(pool: asyncpg.Pool, name: str = "Ring", /, minute: float = 1, **fields: Any) -> UUID:
    """A record with one change of a field that waits; gives its review."""
    base = {"synopsis": LONG, "episode_count": 12, "genres": ["a", "b", "c"], "studios": [{"name": "S"}]}
    await done(pool, enriched(name, minute=0, **base), updated(name, minute=minute, **fields))
    found: UUID = await pool.fetchval("SELECT id FROM review WHERE entity_id = $1", uid(name))
    return found


async def review(pool: asyncpg.Pool, review_id: UUID) -> dict[str, Any]:
    (found,) = [one for one in await reviews(pool) if one["id"] == review_id]
    return found


async def test_an_approval_applies_the_change_with_its_message_and_keeps_who_when_and_why(pool: asyncpg.Pool) -> None:
    one = await held(pool, title="Ropes")
    assert await approve(pool, [one], WHY) == [Decided(one, "approved", None, 2)]
    row = await anime(pool, "Ring")
    assert (row["title"], row["version"]) == ("Ropes", 2)
    kept = await review(pool, one)
    assert (kept["state"], kept["decided_by"], kept["decision_reason"], kept["decided_at"]) == (
        "approved",
        "ann",
        "checked the site",
        NOW,
    )
    assert kept["story"] == [{"act": "approved", "by": "ann", "at": NOW.isoformat(), "reason": "checked the site"}]
    # The source keeps its word, so that it may change it later; it holds as of the decision.
    assert row["provenance"]["title"][0] == "mal"
    assert datetime.fromisoformat(row["provenance"]["title"][1]) == NOW
    assert row["provenance"]["title"][2] == str(kept["decision_event"])
    sent = await outbox(pool, uid("Ring"))
    assert sent[-1] == (subjects.ANIME_SYNCED, uid("Ring"), 2, ["title"])
    cause = await pool.fetchval("SELECT causation_id FROM outbox WHERE entity_id = $1 AND version = 2", uid("Ring"))
    assert cause == kept["decision_event"]


async def test_an_approval_brings_the_linked_tables_along(pool: asyncpg.Pool) -> None:
    one = await held(pool, studios=None)
    assert await pool.fetchval("SELECT count(*) FROM anime_company") == 1
    await approve(pool, [one], WHY)
    assert await pool.fetchval("SELECT count(*) FROM anime_company") == 0


async def test_an_edited_value_is_a_persons_word(pool: asyncpg.Pool) -> None:
    one = await held(pool, synopsis=None)
    await approve(pool, [one], WHY, Edit("A boxer learns."))
    row, kept = await anime(pool, "Ring"), await review(pool, one)
    assert row["synopsis"] == "A boxer learns."
    assert row["provenance"]["synopsis"][0] == "person"
    assert (kept["edited"], kept["new"]) == ("A boxer learns.", None)


@pytest.mark.parametrize(
    ("field", "value", "edit", "words"),
    [
        ("title", "Ropes", None, "cannot be removed"),
        ("title", "Ropes", " ", "at least 1 character"),
        ("title", "Ropes", "a\x00b", "NUL"),
        ("title", "Ropes", 5, "valid string"),
        ("title", "Ropes", "\ud800", "string"),
        ("episode_count", 10, -1, "greater than or equal to 0"),
        ("episode_count", 10, "many", "valid integer"),
        ("genres", ["a"], {"a": 1}, "valid list"),
    ],
)
async def test_an_edited_value_that_the_field_cannot_have_is_refused_and_nothing_happens(
    pool: asyncpg.Pool, field: str, value: Any, edit: Any, words: str
) -> None:
    one = await held(pool, **{field: value})
    before = await tables(pool, ("anime", "review", "outbox"))
    with pytest.raises(Refused, match=words) as error:
        await approve(pool, [one], WHY, Edit(edit))
    assert error.value.field == field
    assert await tables(pool, ("anime", "review", "outbox")) == before


async def test_an_edit_to_nothing_removes_what_may_be_removed(pool: asyncpg.Pool) -> None:
    one = await held(pool, genres=["a"])
    await approve(pool, [one], WHY, Edit([]))
    assert (await anime(pool, "Ring"))["genres"] is None
    assert (await review(pool, one))["edited"] is None
    assert await pool.fetchval("SELECT edited = 'null' FROM review")


async def test_a_change_whose_base_moved_fails_and_says_so(pool: asyncpg.Pool) -> None:
    one = await held(pool, minute=5, episode_count=10)
    # An older record, so that the change still waits; an episode that aired raises the total.
    await done(pool, aired("Ring", 13, minute=2))
    (outcome,) = await approve(pool, [one], WHY)
    assert outcome.state == "failed"
    assert outcome.problem == "the record has changed since: episode count is “13” now"
    assert (await anime(pool, "Ring"))["episode_count"] == 13
    kept = await review(pool, one)
    assert (kept["state"], kept["decision_reason"], kept["decided_by"]) == ("failed", outcome.problem, "ann")
    # That is its end.
    (again,) = await approve(pool, [one], later(1))
    assert again.problem == "it is failed by ann, not pending"


async def test_a_version_that_rose_for_other_fields_is_no_moved_base(pool: asyncpg.Pool) -> None:
    one = await held(pool, title="Ropes")
    await done(pool, updated("Ring", minute=2, score={"median": 8.0}), updated("Ring", minute=3, year=2001))
    assert (await approve(pool, [one], WHY))[0].problem is None


async def test_a_change_of_a_deleted_anime_fails(pool: asyncpg.Pool) -> None:
    one = await held(pool, title="Ropes")
    await delete_anime(pool, uid("Ring"))
    assert (await approve(pool, [one], WHY))[0].problem == "the anime was deleted since"
    assert (await review(pool, one))["state"] == "failed"


async def test_of_two_approvals_at_once_one_counts(pool: asyncpg.Pool, other_pool: asyncpg.Pool) -> None:
    for number in range(10):
        one = await held(pool, f"Ring {number}", title="Ropes")
        both = await asyncio.gather(
            approve(pool, [one], WHY), approve(other_pool, [one], later(0), Edit("Rope")), return_exceptions=False
        )
        states = sorted(outcome.problem or "done" for (outcome,) in both)
        assert states[0] == "done"
        assert states[1].startswith("it is approved by ")
        assert (await anime(pool, f"Ring {number}"))["version"] == 2
        assert len(await outbox(pool, uid(f"Ring {number}"))) == 2


async def test_an_approval_and_a_rejection_at_once_are_one_decision(
    pool: asyncpg.Pool, other_pool: asyncpg.Pool
) -> None:
    for number in range(10):
        one = await held(pool, f"Ring {number}", title="Ropes")
        (yes,), (no,) = await asyncio.gather(approve(pool, [one], WHY), turn_down(other_pool, [one], later(0)))
        assert (yes.problem is None) != (no.problem is None)
        title = (await anime(pool, f"Ring {number}"))["title"]
        assert title == ("Ropes" if yes.problem is None else f"Ring {number}")


async def test_an_approval_while_the_source_says_more_ends_in_one_of_two_orders(
    pool: asyncpg.Pool, other_pool: asyncpg.Pool
) -> None:
    for number in range(10):
        name = f"Ring {number}"
        one = await held(pool, name, title="Ropes")
        (decided,), _ = await asyncio.gather(
            approve(pool, [one], WHY), done(other_pool, updated(name, minute=2, title="Rope"))
        )
        row = await anime(pool, name)
        waits = [found for found in await reviews(pool, "pending") if found["entity_id"] == uid(name)]
        if decided.problem is None:
            # The newer word of the source came before the decision was known, or is older than it.
            assert (row["title"], waits) == ("Ropes", [])
        else:
            assert (row["title"], [found["new"] for found in waits]) == (name, ["Rope"])
            assert decided.state == "superseded"


async def test_what_was_rejected_is_not_proposed_again_but_another_value_is(pool: asyncpg.Pool) -> None:
    one = await held(pool, title="Ropes")
    assert await turn_down(pool, [one], WHY) == [Decided(one, "rejected")]
    await done(
        pool, updated("Ring", minute=2, title="Ropes "), updated("Ring", minute=3, source="kitsu", title="Ropes")
    )
    assert [found["state"] for found in await reviews(pool)] == ["rejected"]
    await done(pool, updated("Ring", minute=4, title="Rope"))
    assert [found["new"] for found in await reviews(pool, "pending")] == ["Rope"]
    assert (await turn_down(pool, [one], later(1)))[0].problem == "it is rejected by ann, not pending"


async def test_a_source_may_change_its_word_after_an_approval_and_is_judged_anew(pool: asyncpg.Pool) -> None:
    one = await held(pool, synopsis=None)
    await approve(pool, [one], WHY)
    # What was observed before the decision does not come back.
    await done(pool, updated("Ring", minute=30, synopsis="An older text."))
    assert (await anime(pool, "Ring"))["synopsis"] is None
    await done(pool, updated("Ring", minute=90, synopsis="A new text."))
    assert (await anime(pool, "Ring"))["synopsis"] == "A new text."


async def test_an_approval_is_undone_with_value_attribution_and_message(pool: asyncpg.Pool) -> None:
    one = await held(pool, studios=None)
    before = await anime(pool, "Ring")
    await approve(pool, [one], WHY)
    assert await undo(pool, [one], later(5)) == [Decided(one, "undone", None, 3)]
    row = await anime(pool, "Ring")
    assert (row["meta"], row["provenance"]) == (before["meta"], before["provenance"])
    assert await pool.fetchval("SELECT count(*) FROM anime_company WHERE role = 'studio'") == 1
    assert (await outbox(pool, uid("Ring")))[-1] == (subjects.ANIME_SYNCED, uid("Ring"), 3, ["studios"])
    kept = await review(pool, one)
    assert [(act["act"], act["by"]) for act in kept["story"]] == [("approved", "ann"), ("undone", "bob")]
    # And the proposal is known: it is not made again.
    await done(pool, updated("Ring", minute=99, studios=None))
    assert [found["state"] for found in await reviews(pool)] == ["undone"]
    assert (await undo(pool, [one], later(6)))[0].problem == "it is undone by bob, not approved or rejected"


async def test_undoing_gives_the_field_back_to_the_one_who_had_said_it(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", synopsis=LONG), updated("Ring", minute=1, source="anilist", synopsis=LONG * 2))
    before = (await anime(pool, "Ring"))["provenance"]
    assert before["synopsis"][0] == "anilist"
    await done(pool, updated("Ring", minute=2, source="kitsu", synopsis=None))
    (waits,) = await reviews(pool, "pending")
    await approve(pool, [waits["id"]], WHY)
    assert (await anime(pool, "Ring"))["provenance"] != before
    await undo(pool, [waits["id"]], later(1))
    row = await anime(pool, "Ring")
    assert (row["synopsis"], row["provenance"]) == (LONG * 2, before)


async def test_an_approval_is_not_undone_once_something_newer_was_said(pool: asyncpg.Pool) -> None:
    one = await held(pool, synopsis=None)
    await approve(pool, [one], WHY)
    await done(pool, updated("Ring", minute=90, source="kitsu", synopsis="A new text."))
    (outcome,) = await undo(pool, [one], later(60))
    assert outcome.state == "approved"
    assert outcome.problem == "something newer was said of synopsis since, by kitsu; it stays"
    assert (await anime(pool, "Ring"))["synopsis"] == "A new text."
    assert (await review(pool, one))["story"][-1]["act"] == "approved"


async def test_a_proposal_on_top_of_an_approval_does_not_keep_it_from_being_undone(pool: asyncpg.Pool) -> None:
    one = await held(pool, title="Ropes")
    await approve(pool, [one], WHY)
    await done(pool, updated("Ring", minute=90, title="Rope"))
    (on_top,) = await reviews(pool, "pending")
    assert on_top["old"] == "Ropes"
    await undo(pool, [one], later(60))
    assert (await anime(pool, "Ring"))["title"] == "Ring"
    # Its base is gone, and the next word of the source is judged against what stands.
    assert (await approve(pool, [on_top["id"]], later(61)))[0].state == "failed"
    await done(pool, updated("Ring", minute=200, title="Rope"))
    (again,) = await reviews(pool, "pending")
    assert (again["old"], again["new"]) == ("Ring", "Rope")
    assert (await anime(pool, "Ring"))["title"] == "Ring"


async def test_undoing_gives_back_what_the_episodes_allow(pool: asyncpg.Pool) -> None:
    one = await held(pool, episode_count=10)
    await approve(pool, [one], WHY)
    await done(pool, aired("Ring", 13, minute=70))
    assert (await anime(pool, "Ring"))["episode_count"] == 13
    await undo(pool, [one], later(20))
    assert (await anime(pool, "Ring"))["episode_count"] == 13


async def test_a_rejection_is_undone_while_its_base_holds(pool: asyncpg.Pool) -> None:
    one = await held(pool, title="Ropes")
    await turn_down(pool, [one], WHY)
    assert await undo(pool, [one], later(1)) == [Decided(one, "pending", None, 1)]
    kept = await review(pool, one)
    assert (kept["state"], kept["decided_by"], kept["decided_at"]) == ("pending", None, None)
    assert [act["act"] for act in kept["story"]] == ["rejected", "undone"]
    await approve(pool, [one], later(2))
    assert (await anime(pool, "Ring"))["title"] == "Ropes"


async def test_a_rejection_is_not_undone_when_its_base_moved_or_another_waits(pool: asyncpg.Pool) -> None:
    one = await held(pool, title="Ropes")
    await turn_down(pool, [one], WHY)
    await done(pool, updated("Ring", minute=2, title="Rope"))
    (outcome,) = await undo(pool, [one], later(1))
    assert (outcome.state, outcome.problem) == (
        "rejected",
        "another change of title waits by now; decide about that one",
    )
    (other,) = await reviews(pool, "pending")
    await approve(pool, [other["id"]], later(2))
    (outcome,) = await undo(pool, [one], later(3))
    assert outcome.problem == "the record has changed since: title is “Rope” now"


async def test_many_are_decided_together_and_one_row_rises_once(pool: asyncpg.Pool) -> None:
    ids = [await held(pool, f"Ring {number}", title="Ropes") for number in range(5)]
    await done(pool, updated("Ring 0", minute=2, synopsis=None), updated("Ring 1", minute=2, synopsis=None))
    ids = [row["id"] for row in await reviews(pool, "pending")]
    await done(pool, enriched("Ring 3", minute=4, title="Rung"))
    missing = uid("nobody")
    outcomes = {one.id: one for one in await approve(pool, [*ids, missing, ids[0]], WHY)}
    assert len(outcomes) == 8
    assert outcomes[missing].problem == f"there is no review {missing}"
    assert sum(one.problem is None for one in outcomes.values()) == 6
    assert {one.state for one in outcomes.values() if one.problem} == {"superseded", "missing"}
    row = await anime(pool, "Ring 0")
    assert (row["title"], row["synopsis"], row["version"]) == ("Ropes", None, 2)
    assert (await outbox(pool, uid("Ring 0")))[-1][3] == ["synopsis", "title"]


async def test_a_character_is_approved_and_undone_the_same_way(pool: asyncpg.Pool) -> None:
    hero = {"id": uid("hero"), "name": "Hero", "description": LONG}
    await done(pool, enriched("Ring", characters=[hero]), character_updated("hero", description=None))
    (waits,) = await reviews(pool, "pending")
    await approve(pool, [waits["id"]], WHY)
    assert (await character(pool, "hero"))["description"] is None
    assert (await outbox(pool, uid("hero")))[-1] == (subjects.CHARACTER_SYNCED, uid("hero"), 2, ["description"])
    await undo(pool, [waits["id"]], later(1))
    assert (await character(pool, "hero"))["description"] == LONG


async def test_a_decision_that_the_clock_puts_before_the_value_is_newer_all_the_same(pool: asyncpg.Pool) -> None:
    one = await held(pool, minute=120, title="Ropes")
    await done(pool, updated("Ring", minute=130, source="person", synopsis="x"))
    await approve(pool, [one], Decision("ann", "", at(-500)))
    row = await anime(pool, "Ring")
    assert row["title"] == "Ropes"
    assert datetime.fromisoformat(row["provenance"]["title"][1]) > at(0)


async def test_a_database_that_is_away_is_an_outage(pool: asyncpg.Pool) -> None:
    one = await held(pool, title="Ropes")
    pool.terminate()
    with pytest.raises(Outage):
        await approve(pool, [one], WHY)


async def test_what_the_database_refuses_falls_alone_and_is_named(pool: asyncpg.Pool) -> None:
    ids = [await held(pool, f"Ring {number}", title="Ropes") for number in range(4)]
    await pool.execute("UPDATE review SET new = '\"\"' WHERE id = $1", ids[2])
    with pytest.raises(Permanent, match=str(ids[2])):
        await approve(pool, [ids[2]], WHY)
    assert await count(pool, "review") == 4
    assert orjson.loads(await pool.fetchval("SELECT new::text FROM review WHERE id = $1", ids[2])) == ""
