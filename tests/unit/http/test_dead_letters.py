from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from contracts.errors import Outage
from handlers.dead_letters import State
from streams.http.letter_models import LetterQuery
from tests.unit.http.fakes import Program
from tests.unit.http.letter_fakes import LETTER
from tests.unit.http.test_problems import document


async def test_the_list_and_the_groups_hand_on_their_conditions(program: Program) -> None:
    async with program.client() as client:
        found = (await client.get("/dead-letters")).json()
        assert found["letters"][0]["id"] == str(LETTER)
        parameters = [("consumer", "c"), ("since", "12h"), ("state", "dropped"), ("state", "replayed"), ("limit", "5")]
        groups = (await client.get("/dead-letters/groups", params=parameters)).json()
        assert groups["groups"][0]["waiting"] == 3
    assert program.letters.asked == [
        LetterQuery(),
        LetterQuery(consumer="c", since="12h", state=[State.DROPPED, State.REPLAYED], limit=5),
    ]


async def test_one_letter_or_404(program: Program) -> None:
    async with program.client() as client:
        found = (await client.get(f"/dead-letters/{LETTER}")).json()
        assert (found["sample_hex"], found["headers"]) == ("ff 00", {"a": "b"})
        nobody = f"/dead-letters/{LETTER.hex[:-1]}0"
        assert "there is no dead letter" in document(await client.get(nobody), 404)["detail"]


async def test_a_replay_says_how_far_it_is_and_ends_with_its_account(program: Program) -> None:
    async with program.client() as client:
        body = {"fingerprint": "3f9a0c27d41be865", "per_second": 7}
        response = await client.post("/dead-letters/replay", json=body)
        assert response.headers["content-type"].startswith("application/x-ndjson")
        progress, last = [json.loads(line) for line in response.text.splitlines()]
        assert progress == {"queued": 2}
        assert (last["summary"]["letters"], last["summary"]["done"], last["summary"]["not_whole"]) == (3, 2, 1)
        (wish,) = program.letters.asked
        assert (wish.per_second, wish.by, wish.dry_run) == (7, "http", False)
        program.letters.failure = Outage("PostgreSQL", "gone")
        last = json.loads((await client.post("/dead-letters/replay", json=body)).text.splitlines()[-1])
        assert "gone" in last["summary"]["error"]


async def test_a_drop_needs_a_reason(program: Program) -> None:
    async with program.client() as client:
        for body in ({"all": True}, {"all": True, "reason": "   "}, {"all": True, "reason": "x" * 501}):
            assert "reason" in document(await client.post("/dead-letters/drop", json=body), 422)["detail"]
        dropped = await client.post("/dead-letters/drop", json={"all": True, "reason": " known "})
        assert dropped.json()["done"] == 3
    assert program.letters.asked[0].reason == "known"


@pytest.mark.parametrize(
    ("path", "body", "names"),
    [
        ("/dead-letters?since=soon", None, "since"),
        ("/dead-letters?state=lost", None, "state"),
        ("/dead-letters?limit=0", None, "limit"),
        ("/dead-letters?colour=red", None, "colour"),
        ("/dead-letters?consumer=a%00b", None, "consumer"),
        ("/dead-letters/nobody", None, "letter_id"),
        ("/dead-letters/replay", {"per_second": 0}, "per_second"),
        ("/dead-letters/replay", {"ids": []}, "ids"),
        ("/dead-letters/replay", {"ids": ["x"]}, "ids"),
        ("/dead-letters/replay", {"colour": "red"}, "colour"),
    ],
)
async def test_a_wrong_wish_is_named(program: Program, path: str, body: Any, names: str) -> None:
    async with program.client() as client:
        response = await (client.get(path) if body is None else client.post(path, json=body))
        assert names in document(response, 422)["detail"]
    assert program.letters.asked == []


async def test_a_process_without_the_role_says_which_one_to_ask(program: Program) -> None:
    async with program.client(replace(program.services(), dead_letters=None)) as client:
        for path in ("/dead-letters", "/dead-letters/groups", f"/dead-letters/{LETTER}"):
            assert "`letters`" in document(await client.get(path), 503)["detail"]
        assert "`letters`" in document(await client.post("/dead-letters/replay", json={"all": True}), 503)["detail"]
