"""Who may change something over HTTP, from where, and how much may be sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from pydantic import BaseModel, SecretStr

from streams.http.guard import BODY_BYTES_MAX, Guard
from streams.http.problems import add_problem_handlers

TOKEN = "a-token-of-the-operator"
HERE = "http://127.0.0.1:8000"


class Wish(BaseModel):
    reason: str


def guarded(token: str | None = None) -> Guard:
    app = FastAPI()
    add_problem_handlers(app)

    @app.get("/things")
    async def look() -> str:
        return "seen"

    @app.post("/things")
    async def change(wish: Wish) -> str:
        return wish.reason

    @app.post("/ingest")
    async def take(request: Request) -> int:
        return len(await request.body())

    return Guard(app, SecretStr(token) if token else None)


def client(token: str | None = None, base_url: str = HERE, **headers: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(guarded(token)), base_url=base_url, headers=headers)


async def posted(one: httpx.AsyncClient, **what: Any) -> httpx.Response:
    async with one as open_client:
        return await open_client.post("/things", **(what or {"json": {"reason": "x"}}))


def is_problem(answer: httpx.Response, status: int, words: str) -> bool:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return words in answer.json()["detail"]


@pytest.mark.parametrize("base_url", [HERE, "http://localhost:8000", "http://[::1]:8000"])
async def test_this_machine_may_change_things(base_url: str) -> None:
    assert (await posted(client(base_url=base_url))).json() == "x"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
async def test_a_page_of_another_site_may_not(headers: dict[str, str]) -> None:
    assert is_problem(await posted(client(**headers)), 403, "page of another site")


async def test_our_own_page_may() -> None:
    assert (await posted(client(**{"Origin": HERE, "Sec-Fetch-Site": "same-origin"}))).is_success


@pytest.mark.parametrize("host", ["attacker.example", "127.0.0.1.attacker.example", "", "[", "10.0.0.5:8000"])
async def test_a_name_that_was_bent_to_this_machine_is_refused(host: str) -> None:
    assert is_problem(await posted(client(Host=host)), 403, "ECHORA_API_TOKEN")


@pytest.mark.parametrize(
    "given", [None, "", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \xe4"]
)
async def test_without_the_right_token_nobody_may(given: str | None) -> None:
    headers = {} if given is None else {"Authorization": given.encode("latin-1")}
    async with client(TOKEN) as one:
        answer = await one.post("/things", json={"reason": "x"}, headers=headers)
    assert is_problem(answer, 401, "Bearer")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert TOKEN not in answer.text


async def test_with_the_token_anybody_may_from_anywhere() -> None:
    one = client(TOKEN, "http://10.0.0.5:8000", Authorization=f"bearer {TOKEN}", Origin="https://tool.example")
    assert (await posted(one)).json() == "x"


async def test_looking_needs_nothing() -> None:
    async with client(TOKEN, "http://10.0.0.5:8000", Origin="https://elsewhere.example") as one:
        assert (await one.get("/things")).json() == "seen"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_what_a_form_could_send_is_not_read(kind: str) -> None:
    answer = await posted(client(), content=b'{"reason": "x"}', headers={"content-type": kind})
    assert is_problem(answer, 415, "application/json")


async def test_a_body_that_says_it_is_too_large_is_not_read() -> None:
    large = b'{"reason": "' + b"x" * BODY_BYTES_MAX + b'"}'
    answer = await posted(client(), content=large, headers={"content-type": "application/json"})
    assert is_problem(answer, 413, str(BODY_BYTES_MAX))


async def test_a_body_that_grows_too_large_is_cut_off() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(BODY_BYTES_MAX // 65_536 + 1):
            yield b" " * 65_536

    answer = await posted(client(), content=chunks(), headers={"content-type": "application/json"})
    assert is_problem(answer, 413, str(BODY_BYTES_MAX))


async def test_whole_catalogues_bound_themselves() -> None:
    async with client() as one:
        answer = await one.post("/ingest", content=b"x" * (BODY_BYTES_MAX + 1))
    assert answer.json() == BODY_BYTES_MAX + 1
