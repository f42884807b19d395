from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from contracts.errors import Outage, Refused
from streams.http.schedule_models import BackfillWish, Section
from tests.unit.http.fakes import Program
from tests.unit.http.schedule_fakes import RING
from tests.unit.http.test_problems import document


async def test_the_list_hands_on_its_filters(program: Program) -> None:
    async with program.client() as client:
        found = (await client.get("/schedules")).json()
        assert [one["entity_id"] for one in found["due"]] == ["part-1", RING]
        assert found["misses"][0]["reason"] == "budget"
        assert found["paused"] == []
        assert found["pauses"][0]["count"] == 41
        parameters = [("workflow", "score_sync"), ("title", "ring"), ("section", "paused"), ("limit", "5")]
        assert (await client.get("/schedules", params=parameters)).json()["paused"][0]["paused_reason"] == "Kitsu moves"
    assert program.schedule.asked == [
        ("list", None, None, (Section.DUE, Section.MISSES), 20),
        ("list", "score_sync", "ring", (Section.PAUSED,), 5),
    ]


async def test_one_entity_with_its_policy_or_404(program: Program) -> None:
    async with program.client() as client:
        found = (await client.get(f"/schedules/{RING}")).json()
        assert found["schedules"][0]["policy"]["retries_max"] == 2
        assert found["schedules"][0]["attempt"] == 2
        assert "nothing is scheduled for nobody" in document(await client.get("/schedules/nobody"), 404)["detail"]


async def test_acts_hand_on_who_and_why(program: Program) -> None:
    async with program.client() as client:
        paused = await client.post("/schedules/score_sync/pause", json={"reason": " Kitsu moves "})
        assert paused.json() == {"workflow": "score_sync", "changed": 41}
        await client.post("/schedules/score_sync/resume", json={"ids": [RING]})
        await client.post("/schedules/score_sync/resume", json={"reason": " Kitsu answers "})
        came = await client.post("/schedules/score_sync/trigger", json={"ids": [RING], "why": "asked"})
        assert came.json()["came"] == {RING: "triggered"}
    assert program.schedule.asked == [
        ("pause", "score_sync", None, "Kitsu moves"),
        ("resume", "score_sync", [RING], None),
        ("resume", "score_sync", None, "Kitsu answers"),
        ("trigger", "score_sync", [RING], "asked"),
    ]


async def test_a_policy_is_given_and_taken_back(program: Program) -> None:
    async with program.client() as client:
        given = await client.post("/schedules/x/policy", json={"ids": [RING], "policy": {"retries_max": 7}})
        assert (given.json()["policy"]["retries_max"], given.json()["own_policy"]) == (7, {"retries_max": 7})
        back = await client.post("/schedules/x/policy", json={"ids": [RING], "policy": None})
        assert back.json().get("own_policy") is None
    assert program.schedule.asked == [("policy", "x", [RING], {"retries_max": 7}), ("policy", "x", [RING], None)]


async def test_a_backfill_is_dry_unless_said_otherwise(program: Program) -> None:
    async with program.client() as client:
        dry = await client.post("/schedules/score_sync/backfill", json={"start": "7d"})
        assert (dry.json()["is_dry"], dry.json()["costs"]["jikan"]["requests"]) == (True, 6)
        done = await client.post("/schedules/score_sync/backfill", json={"start": "7d", "dry_run": False})
        assert done.json()["is_dry"] is False
    assert program.schedule.asked[0] == ("backfill", "score_sync", BackfillWish(start="7d", end="now", dry_run=True))


@pytest.mark.parametrize(
    ("act", "body", "parameter"),
    [
        ("pause", {}, "reason"),
        ("pause", {"reason": "  "}, "reason"),
        ("pause", {"reason": "x" * 501}, "reason"),
        ("pause", {"reason": "x", "ids": []}, "ids"),
        ("pause", {"reason": "x", "id": ["a"]}, "id"),
        ("resume", {"ids": ["x"] * 1_001}, "ids"),
        ("resume", {"ids": [""]}, "ids"),
        ("resume", {"reason": "  "}, "reason"),
        ("pause", {"reason": "x\0"}, "reason"),
        ("pause", {"reason": "\ud800"}, "reason"),
        ("pause", {"reason": "x", "ids": ["a.b"]}, "ids"),
        ("trigger", {"ids": ["x" * 101], "why": "x"}, "ids"),
        ("trigger", {"ids": ["a", "b\0"], "why": "x"}, "ids"),
        ("backfill", {"start": "7d", "title": "a\0"}, "title"),
        ("trigger", {"why": "x"}, "ids"),
        ("trigger", {"ids": ["x"]}, "why"),
        ("policy", {"ids": ["x"]}, "policy"),
        ("policy", {"policy": None}, "ids"),
        ("policy", {"ids": ["x"], "policy": "daily"}, "policy"),
        ("backfill", {}, "start"),
        ("backfill", {"start": "7d", "title": ""}, "title"),
        ("backfill", {"start": "7d", "dry_run": "perhaps"}, "dry_run"),
    ],
)
async def test_a_bad_wish_is_named_and_nothing_is_done(
    program: Program, act: str, body: dict[str, Any], parameter: str
) -> None:
    async with program.client() as client:
        # Escaped, so that half a character goes through as a client may send it.
        content = json.dumps(body).encode()
        headers = {"content-type": "application/json"}
        found = document(await client.post(f"/schedules/score_sync/{act}", content=content, headers=headers), 422)
    assert {error["parameter"] for error in found["errors"]} == {parameter}
    assert program.schedule.asked == []


@pytest.mark.parametrize(
    ("failure", "status"),
    [(Refused("schedule", "workflow", "there is no workflow 'x'; there are a, b"), 422), (Outage("NATS", "away"), 503)],
)
async def test_what_fails_behind_the_routes(program: Program, failure: Exception, status: int) -> None:
    program.schedule.failure = failure
    async with program.client() as client:
        for response in (
            await client.get("/schedules", params={"workflow": "x"}),
            await client.get(f"/schedules/{RING}"),
            await client.post("/schedules/x/pause", json={"reason": "r"}),
            await client.post("/schedules/x/resume", json={}),
            await client.post("/schedules/x/trigger", json={"ids": ["a"], "why": "w"}),
            await client.post("/schedules/x/policy", json={"ids": ["a"], "policy": None}),
            await client.post("/schedules/x/backfill", json={"start": "7d"}),
        ):
            document(response, status)


async def test_a_process_without_a_schedule_says_who_has_one(program: Program) -> None:
    async with program.client(replace(program.services(), schedules=None)) as client:
        for response in (
            await client.get("/schedules"),
            await client.post("/schedules/x/pause", json={"reason": "r"}),
        ):
            assert "`update`" in document(response, 503)["detail"]


async def test_limits_of_the_list(program: Program) -> None:
    async with program.client() as client:
        for parameters in ({"limit": "0"}, {"limit": "1001"}, {"section": "late"}, {"title": ""}, {"title": "a\0"}):
            document(await client.get("/schedules", params=parameters), 422)
        for one in ("a.b", "%00", "x" * 101):
            document(await client.get(f"/schedules/{one}"), 422)
    assert program.schedule.asked == []
