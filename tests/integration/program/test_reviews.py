"""A held change in the real program: from the stream to a person, and from the decision to a search."""

from __future__ import annotations

import json
from typing import Any

from contracts import codec, subjects
from contracts.events import ReviewReadyEvent
from tests.events import enriched, uid, updated
from tests.integration.program.running import Program, until
from tests.integration.program.wire import Wire, wire

NAME = "Lighthouse under review"
WORDS = "the keeper of a lighthouse writes letters to ships that never answer"
SHORT = "to be written"


def waiting(program: Program) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = program.json("review", "list", "--title", NAME)["reviews"]
    return found


def state(program: Program, review_id: str) -> str:
    return str(program.json("review", "show", review_id)["state"])


async def held(behind: Wire, program: Program) -> dict[str, Any]:
    """The record, and a change of it of which only the text waits."""
    await behind.send("anime.enriched", enriched(NAME, synopsis=WORDS, year=2019))
    assert until(lambda: NAME in program.titles(WORDS, limit=1))
    await behind.send("anime.updated", updated(NAME, source="kitsu", synopsis=SHORT, year=2020))
    assert until(lambda: waiting(program))
    (review,) = waiting(program)
    return review


async def test_a_change_waits_is_approved_and_is_taken_back(program: Program) -> None:
    async with wire(program) as behind:
        review = await held(behind, program)
        assert (review["field"], review["old"], review["new"], review["source"]) == ("synopsis", WORDS, SHORT, "kitsu")
        program.settle()
        (hit,) = [one for one in program.hits(WORDS, limit=5) if one["title"] == NAME]
        assert (hit["synopsis"], hit["year"]) == (WORDS, 2020), "the rest of the event was applied"

        told = await behind.client.jetstream().get_last_msg("ANIME_EVENTS", subjects.REVIEW_READY)
        ready = codec.decode(subjects.REVIEW_READY, told.data or b"")
        assert isinstance(ready, ReviewReadyEvent)
        assert str(ready.review_id) == review["id"]

    done = program.echora("review", "approve", review["id"], "--by", "ann", "--reason", "the page says so")
    assert done.returncode == 0, done.stderr
    program.settle()
    (hit,) = [one for one in program.hits(SHORT, limit=100) if one["title"] == NAME]
    assert hit["synopsis"] == SHORT
    shown = program.get(f"/anime/{uid(NAME)}").json()
    assert shown["provenance"]["synopsis"]["source"] == "kitsu"

    again = program.echora("review", "approve", review["id"])
    assert again.returncode == 1
    assert "it is approved by ann, not pending" in again.stderr

    undone = program.echora("review", "undo", review["id"], "--reason", "it was the wrong page", "--json")
    assert json.loads(undone.stdout)["state"] == "undone"
    program.settle()
    (hit,) = [one for one in program.hits(WORDS, limit=5) if one["title"] == NAME]
    assert hit["synopsis"] == WORDS
    assert state(program, review["id"]) == "undone"
    assert [act["act"] for act in program.json("review", "show", review["id"])["story"]] == ["approved", "undone"]

    # The source says it once more: a person has decided, so nobody is asked again.
    async with wire(program) as behind:
        await behind.send("anime.updated", updated(NAME, minute=5, source="kitsu", synopsis=SHORT))
        program.settle()
    assert waiting(program) == []
