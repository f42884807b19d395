"""GET /activity over an activity of memory."""

from __future__ import annotations

from dataclasses import replace

from handlers.activity.happening import Happening
from handlers.activity.reading import Activity, WorkflowActivity
from tests.unit.http.fakes import NOW, Program

HAPPENED = Happening(9, NOW, "score", "e", "A Show", "score 8.10, says mal", ("score",))
WORKFLOW = WorkflowActivity("score_sync", 1, 1, 0, 0, 0, 1, NOW, outcomes={"N titles": 1}, misses={"down": 2})
ACTIVITY = Activity((WORKFLOW,), {"anime.updated": 3}, 4, {"pending": {"title changed": 1}}, (HAPPENED,), 9)


async def test_the_activity_is_told_from_a_place_on(program: Program) -> None:
    asked: list[tuple[int | None, int]] = []

    async def read(after: int | None, limit: int) -> tuple[Activity, object, str]:
        asked.append((after, limit))
        return ACTIVITY, NOW, "http://127.0.0.1:8400"

    async with program.client(replace(program.services(), activity=read)) as client:  # type: ignore[arg-type]
        found = (await client.get("/activity", params={"after": 5, "limit": 3})).json()
        refused = await client.get("/activity", params={"after": -1})
    assert asked == [(5, 3)]
    assert found["happenings"][0]["text"] == "score 8.10, says mal"
    assert (found["after"], found["outbox_pending"], found["world_url"]) == (9, 4, "http://127.0.0.1:8400")
    assert found["workflows"][0]["misses"] == {"down": 2}
    assert refused.status_code == 422


async def test_a_process_that_looks_at_nothing_says_who_does(program: Program) -> None:
    async with program.client() as client:
        answer = await client.get("/activity")
    assert answer.status_code == 503
    assert "update" in answer.json()["detail"]
