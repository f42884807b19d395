from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.types import Message

from contracts.errors import Outage
from handlers.ingest import Kind, Verdict
from streams.http import http_application
from streams.http.ingest import VERDICTS_HELD_MAX
from streams.http.models import Summary
from streams.http.tally import IGNORED_KEYS_MAX, Tally
from tests.unit.http.fakes import ID, Program

JSON = {"content-type": "application/json"}
LINES = {"content-type": "application/x-ndjson"}


async def post(program: Program, body: bytes, headers: dict[str, str]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    async with program.client() as client:
        posted = client.post("/ingest", params={"artifact": "file.json"}, content=body, headers=headers)
        response = await asyncio.wait_for(posted, 30)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-ndjson"
    *verdicts, last = [json.loads(line) for line in response.text.splitlines()]
    assert last.keys() == {"summary"}
    return verdicts, last["summary"]


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b'[{"n": 1}, {"n": 2}]', JSON),
        (b'{"license": {}, "data": [{"n": 1}, {"n": 2}]}', JSON | {"content-type": "application/json; charset=utf-8"}),
        (b'{"n": 1}\n{"n": 2}\n', JSON),
        (b'{"n": 1}\n{"n": 2}\n', LINES),
        (b'{"n": 1}\r\n\r\n{"n": 2}', LINES),
    ],
)
async def test_records_go_in_whichever_way_they_are_written(
    program: Program, body: bytes, headers: dict[str, str]
) -> None:
    verdicts, summary = await post(program, body, headers)
    assert [record.value for record in program.received] == [{"n": 1}, {"n": 2}]
    assert verdicts == [
        {"position": number, "label": f"r{number}", "id": str(ID), "verdict": "new"} for number in (1, 2)
    ]
    assert summary == {
        "records": 2,
        "new": 2,
        "changed": 0,
        "unchanged": 0,
        "refused": 0,
        "undecided": 0,
        "ignored_keys": {"anime.mood": 4},
    }
    assert program.artifacts == ["file.json"]


async def test_one_record_alone(program: Program) -> None:
    _, summary = await post(program, b'{"anime": {"id": 1}}', JSON)
    assert summary["records"] == 1
    assert program.received[0].value == {"anime": {"id": 1}}


async def test_a_refused_record_and_a_broken_one_say_why_and_the_rest_goes_in(program: Program) -> None:
    verdicts, summary = await post(program, b'{"n": 1}\n{"ok": false}\n{"n": \n{"n": 4}\n', LINES)
    assert [verdict["verdict"] for verdict in verdicts] == ["new", "refused", "refused", "new"]
    assert verdicts[1]["reason"] == "not ok"
    assert "not JSON" in verdicts[2]["reason"]
    assert (summary["new"], summary["refused"]) == (2, 2)


@pytest.mark.parametrize("body", [b"", b"  \n ", b"[]", b'{"data": []}'])
async def test_a_body_without_a_record_is_a_problem(program: Program, body: bytes) -> None:
    async with program.client() as client:
        response = await client.post("/ingest", content=body, headers=JSON)
    assert response.status_code == 422
    assert "no record" in response.json()["detail"]


async def test_an_outage_before_the_first_verdict_has_a_status_of_its_own(program: Program) -> None:
    program.failure = Outage("PostgreSQL", "away")
    async with program.client() as client:
        response = await client.post("/ingest", content=b"[{}]", headers=JSON)
    assert response.status_code == 503


@pytest.mark.parametrize(
    ("failure", "words"), [(Outage("PostgreSQL", "away"), "PostgreSQL"), (RuntimeError("a secret"), "the log")]
)
async def test_what_ends_it_after_the_first_verdict_is_told_in_the_summary(
    program: Program, failure: Exception, words: str
) -> None:
    program.ingest_failure = failure
    verdicts, summary = await post(program, b"[{}, {}]", JSON)
    assert len(verdicts) == 2
    assert words in summary["error"]
    assert "secret" not in summary["error"]


async def exchange(program: Program, incoming: AsyncIterator[bytes]) -> AsyncIterator[Message]:
    """Speaks ASGI as uvicorn does, so that sending and receiving can be interleaved."""
    sent: asyncio.Queue[Message] = asyncio.Queue()

    async def receive() -> Message:
        chunk = await anext(incoming, None)
        if chunk is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": chunk, "more_body": chunk != b""}

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "path": "/ingest",
        "raw_path": b"/ingest",
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "headers": [(b"content-type", b"application/x-ndjson")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }
    app = http_application(program.services(), version="0")
    task = asyncio.create_task(app(scope, receive, sent.put))  # type: ignore[arg-type]
    try:
        while True:
            message = await asyncio.wait_for(sent.get(), 10)
            yield message
            if message["type"] == "http.response.body" and not message.get("more_body"):
                break
        await asyncio.wait_for(task, 10)
    finally:
        task.cancel()


async def test_verdicts_come_while_the_body_is_still_on_its_way(program: Program) -> None:
    heard: list[dict[str, Any]] = []
    first_heard = asyncio.Event()

    async def incoming() -> AsyncIterator[bytes]:
        yield b'{"n": 1}\n'
        await first_heard.wait()  # The second half is sent only after the first verdict was read.
        yield b'{"n": 2}\n'
        yield b""

    async for message in exchange(program, incoming()):
        if message.get("body"):
            heard.append(json.loads(message["body"]))
            first_heard.set()
    assert [one.get("position") for one in heard] == [1, 2, None]
    assert [record.value for record in program.received] == [{"n": 1}, {"n": 2}]


async def test_a_client_that_goes_away_ends_the_reading(program: Program) -> None:
    async def incoming() -> AsyncIterator[bytes]:
        yield b'{"n": 1}\n{"n": 2}\n{"n"'

    messages = [message async for message in exchange(program, incoming())]
    last = [json.loads(message["body"]) for message in messages if message.get("body")][-1]
    assert last["summary"]["error"] == "the client went away"
    assert last["summary"]["new"] == 2


def test_however_many_keys_come_only_so_many_are_counted_by_name() -> None:
    tally = Tally()
    for number in range(5_000):
        tally.add(Verdict("x", None, Kind.NEW, None, {f"anime.key{number}": 1}))
    found: Summary = tally.summary(None)
    assert len(found.ignored_keys) == IGNORED_KEYS_MAX + 1
    assert sum(found.ignored_keys.values()) == 5_000
    assert VERDICTS_HELD_MAX > 0
