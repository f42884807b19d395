from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.errors import Outage, Permanent, Refused
from streams.http.review_models import BulkWish
from tests.unit.http.fakes import Program
from tests.unit.http.review_fakes import MOVED, REVIEW, RING
from tests.unit.http.test_problems import document

WISH = {"by": "ann", "reason": "checked"}


async def test_the_list_hands_on_its_filters_and_names_the_next_page(program: Program) -> None:
    async with program.client() as client:
        found = (await client.get("/reviews")).json()
        assert [one["new"] for one in found["reviews"]] == ["Ropes", [{"name": "C"}, {"name": "D"}]]
        assert (found["waiting"], found["after"]) == (41, str(MOVED))
        parameters = [("state", "all"), ("source", "kitsu"), ("rule", "title changed"), ("field", "title")]
        more = [
            ("title", "ring"),
            ("entity_id", str(RING)),
            ("older_than", "7d"),
            ("after", str(MOVED)),
            ("limit", "5"),
        ]
        assert (await client.get("/reviews", params=[*parameters, *more])).status_code == 200
    said: dict[str, Any] = {"source": "kitsu", "rule": "title changed", "field": "title", "title": "ring"}
    assert program.review.asked == [
        ("list", "pending", {}, None, None, 50),
        ("list", "all", said | {"entity_id": RING}, "7d", MOVED, 5),
    ]


async def test_one_review_with_the_record_as_it_is_now_or_404(program: Program) -> None:
    async with program.client() as client:
        found = (await client.get(f"/reviews/{REVIEW}")).json()
        assert (found["current"], found["base_holds"], found["can_undo"]) == ("Rope", False, True)
        assert found["story"][0]["by"] == "ann"
        assert "there is no review" in document(await client.get(f"/reviews/{uuid4()}"), 404)["detail"]
        document(await client.get("/reviews/5"), 422)


@pytest.mark.parametrize(("act", "state"), [("approve", "approved"), ("reject", "rejected"), ("undo", "undone")])
async def test_an_act_hands_on_who_and_why(program: Program, act: str, state: str) -> None:
    async with program.client() as client:
        done = await client.post(f"/reviews/{REVIEW}/{act}", json={"by": " ann ", "reason": "checked"})
        assert done.json() == {"id": str(REVIEW), "state": state, "version": 4, "problem": None}
        moved = document(await client.post(f"/reviews/{MOVED}/{act}", json=WISH), 409)
        assert "the record has changed since" in moved["detail"]
        document(await client.post(f"/reviews/{uuid4()}/{act}", json=WISH), 404)
    assert program.review.asked[0] == (act, REVIEW, WISH)


@pytest.mark.parametrize("value", [None, "Rope", ["a"], 12, False])
async def test_an_edited_value_is_told_from_none_at_all(program: Program, value: Any) -> None:
    async with program.client() as client:
        await client.post(f"/reviews/{REVIEW}/approve", json={**WISH, "value": value})
    assert program.review.asked == [("approve", REVIEW, {**WISH, "value": value})]


async def test_a_bulk_decision_is_dry_unless_said_otherwise(program: Program) -> None:
    async with program.client() as client:
        wish = {"decision": "approve", "rule": "title changed", **WISH}
        assert (await client.post("/reviews/decide", json=wish)).json()["is_dry"] is True
        done = (await client.post("/reviews/decide", json={**wish, "dry_run": False})).json()
    assert (done["done"], done["left"], done["problems"][0]["state"]) == (1, 1, "failed")
    assert [wish.dry_run for _, wish in program.review.asked] == [True, False]
    assert program.review.asked[0][1] == BulkWish(decision="approve", by="ann", reason="checked", rule="title changed")


@pytest.mark.parametrize(
    ("path", "body", "parameter"),
    [
        (f"{REVIEW}/approve", {}, "by"),
        (f"{REVIEW}/approve", {"by": "  "}, "by"),
        (f"{REVIEW}/approve", {"by": "x" * 101}, "by"),
        (f"{REVIEW}/approve", {"by": "x", "values": 1}, "values"),
        (f"{REVIEW}/reject", {"by": "ann"}, "reason"),
        (f"{REVIEW}/reject", {"by": "ann", "reason": " "}, "reason"),
        (f"{REVIEW}/reject", {"by": "ann", "reason": "x" * 501}, "reason"),
        (f"{REVIEW}/undo", {"by": "ann"}, "reason"),
        ("decide", {"decision": "wave", **WISH}, "decision"),
        ("decide", {"decision": "approve", "limit": 1_001, **WISH}, "limit"),
        ("decide", {"decision": "approve", "title": "", **WISH}, "title"),
        ("decide", {"decision": "approve", "source": "a\0", **WISH}, "source"),
        (f"{REVIEW}/approve", {"by": "a\0b"}, "by"),
        (f"{REVIEW}/reject", {"by": "ann", "reason": "\ud800"}, "reason"),
    ],
)
async def test_a_bad_wish_is_named_and_nothing_is_done(
    program: Program, path: str, body: dict[str, Any], parameter: str
) -> None:
    async with program.client() as client:
        json_body = {"content-type": "application/json"}
        response = await client.post(f"/reviews/{path}", content=json.dumps(body), headers=json_body)
        found = document(response, 422)
    assert {error["parameter"] for error in found["errors"]} == {parameter}
    assert program.review.asked == []


@pytest.mark.parametrize(
    ("parameters", "parameter"),
    [
        ({"state": "open"}, "state"),
        ({"rule": "boredom"}, "rule"),
        ({"field": "score"}, "field"),
        ({"limit": "0"}, "limit"),
        ({"limit": "201"}, "limit"),
        ({"after": "5"}, "after"),
        ({"entity_id": "5"}, "entity_id"),
        ({"title": ""}, "title"),
        ({"title": "a\0b"}, "title"),
        ({"source": "\0"}, "source"),
        ({"sorce": "kitsu"}, "sorce"),
    ],
)
async def test_a_bad_filter_is_named(program: Program, parameters: dict[str, str], parameter: str) -> None:
    async with program.client() as client:
        found = document(await client.get("/reviews", params=parameters), 422)
    assert [error["parameter"] for error in found["errors"]] == [parameter]


@pytest.mark.parametrize(
    ("failure", "status"),
    [(Refused("reviews", "rule", "is wrong"), 422), (Outage("PostgreSQL", "away"), 503), (Permanent("cannot"), 409)],
)
async def test_what_fails_behind_the_routes(program: Program, failure: Exception, status: int) -> None:
    program.review.failure = failure
    async with program.client() as client:
        for response in (
            await client.get("/reviews"),
            await client.get(f"/reviews/{REVIEW}"),
            await client.post(f"/reviews/{REVIEW}/approve", json=WISH),
            await client.post(f"/reviews/{REVIEW}/reject", json=WISH),
            await client.post(f"/reviews/{REVIEW}/undo", json=WISH),
            await client.post("/reviews/decide", json={"decision": "reject", **WISH}),
        ):
            document(response, status)


async def test_a_process_without_reviews_says_who_has_them(program: Program) -> None:
    async with program.client(replace(program.services(), reviews=None)) as client:
        for response in (
            await client.get("/reviews"),
            await client.get(f"/reviews/{UUID(int=1)}"),
            await client.post("/reviews/decide", json={"decision": "reject", **WISH}),
        ):
            assert "`update`" in document(response, 503)["detail"]
