"""Every error is a problem document (RFC 9457) that says nothing of the inside of the program."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest

from contracts.errors import Outage, Permanent, Refused
from tests.unit.http.fakes import ID, Program

NOBODY = UUID("5f7c7a5c-0b9f-4d0c-9d53-0f2f7b3ad1ce")


def document(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = response.json()
    assert found["status"] == status
    assert found["type"] == "about:blank"
    assert found["title"]
    assert found["detail"]
    assert found["instance"] == response.request.url.path
    assert "Traceback" not in response.text
    return found


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("POST", "/search", 405),
        ("GET", "/ingest", 405),
        ("GET", f"/anime/{NOBODY}", 404),
        ("DELETE", f"/anime/{NOBODY}", 404),
        ("GET", "/anime/5", 422),
        ("DELETE", "/anime/5", 422),
    ],
)
async def test_what_is_not_there(program: Program, method: str, path: str, status: int) -> None:
    async with program.client() as client:
        document(await client.request(method, path), status)


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({}, "q"),
        ({"q": ""}, "q"),
        ({"q": "x" * 2_001}, "q"),
        ({"q": "x", "year": "abc"}, "year"),
        ({"q": "x", "year": "2020..2015"}, "year"),
        ({"q": "x", "year": ".."}, "year"),
        ({"q": "x", "year": "20152016"}, "year"),
        ({"q": "x", "status": "PAUSED"}, "status"),
        ({"q": "x", "type": "FILM"}, "type"),
        ({"q": "x", "limit": "0"}, "limit"),
        ({"q": "x", "limit": "1000"}, "limit"),
        ({"q": "x", "limit": "many"}, "limit"),
        ({"q": "x", "offset": "-1"}, "offset"),
        ({"q": "x", "min_score": "11"}, "min_score"),
        ({"q": "x", "genre": ""}, "genre"),
    ],
)
async def test_a_bad_value_is_named_by_its_parameter(program: Program, parameters: dict[str, str], name: str) -> None:
    async with program.client() as client:
        found = document(await client.get("/search", params=parameters), 422)
    assert [error["parameter"] for error in found["errors"]] == [name]
    assert found["detail"].startswith(f"{name}: ")
    assert program.searches == []


@pytest.mark.parametrize(
    ("failure", "status", "words"),
    [
        (Outage("PostgreSQL", "refused"), 503, "PostgreSQL is not available"),
        (Refused("search", "q", "is empty"), 422, "is empty"),
        (Permanent("cannot be"), 409, "cannot be"),
        (RuntimeError("a secret of the inside"), 500, "the log of the program says what"),
    ],
)
@pytest.mark.parametrize("path", ["/search?q=x", "/status", f"/anime/{ID}"])
async def test_what_fails_behind_the_routes(
    program: Program, path: str, failure: Exception, status: int, words: str
) -> None:
    program.failure = failure
    async with program.client() as client:
        response = await client.get(path)
    found = document(response, status)
    assert words in found["detail"]
    assert "secret" not in response.text
    if status == 503:
        assert int(response.headers["retry-after"]) > 0


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", None])
async def test_a_body_of_another_type_is_not_read(program: Program, kind: str | None) -> None:
    headers = {"content-type": kind} if kind else {}
    async with program.client() as client:
        found = document(await client.post("/ingest", content=b"{}", headers=headers), 415)
    assert "application/json" in found["detail"]
    assert program.received == []


async def test_a_body_that_says_it_is_too_large_is_not_read(program: Program) -> None:
    headers = {"content-type": "application/json", "content-length": str(10**12)}
    async with program.client() as client:
        document(await client.post("/ingest", content=b"[]", headers=headers), 413)


async def test_what_this_process_does_not_run_is_said_so(program: Program) -> None:
    services = replace(program.services(), ingest=None, search=None, delete=None)
    json = {"content-type": "application/json"}
    async with program.client(services) as client:
        for response, role in (
            (await client.get("/search?q=x"), "search"),
            (await client.post("/ingest", content=b"[{}]", headers=json), "ingest"),
            (await client.delete(f"/anime/{ID}"), "persist"),
        ):
            assert f"`{role}`" in document(response, 503)["detail"]
