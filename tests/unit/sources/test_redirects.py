"""Redirects: each one that is followed is a request to the source, and waits for its turn as every other does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise

import httpx
import pytest

from contracts.errors import Outage, Permanent
from handlers.sources.breaker import Breaker
from handlers.sources.budget import WAY_S, Budget
from handlers.sources.gate import Gate, Priority
from handlers.sources.http import Http, http_client
from handlers.sources.policy import SourcePolicy
from handlers.sources.port import Call, Reply
from handlers.sources.sender import REDIRECTS_MAX, Sender
from handlers.sources.sources import SOURCES
from handlers.sources.storage import limit_storage
from tests.unit.sources.clocks import JumpClock

POLICY = SourcePolicy(base_url="https://api.example", rate_per_s=1, concurrency=4, attempts=2, failures_to_open=1)
Answer = Callable[[httpx.Request], httpx.Response]


class Service:
    """A source that answers as it is told, and writes down when it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.clock = JumpClock()
        self.asked_at: list[float] = []
        self.met: list[str] = []
        self._answer = answer

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked_at.append(self.clock.elapsed_s)
        return self._answer(request)

    async def ask(self, *paths: str) -> list[Reply]:
        """The replies to these calls, which are sent at once."""
        async with http_client(httpx.MockTransport(self.answer)) as client:
            clock = self.clock
            gate = Gate("jikan", Budget("jikan", POLICY, limit_storage(clock, None), clock), 4, 100, clock)
            breaker = Breaker("jikan", POLICY.failures_to_open, POLICY.open_s, clock)
            http = Http("jikan", POLICY, client)
            sender = Sender(
                SOURCES["jikan"], POLICY, http, gate, breaker, clock, lambda _, outcome: self.met.append(outcome)
            )
            try:
                return list(await asyncio.gather(*(sender.send(Call(path), Priority.STALE) for path in paths)))
            finally:
                await gate.close()


def moved(request: httpx.Request) -> httpx.Response:
    """Whatever is old has moved."""
    if request.url.path.startswith("/old"):
        return httpx.Response(301, headers={"Location": request.url.path.replace("/old", "/new")})
    return httpx.Response(200, json={"data": request.url.path})


async def test_each_request_that_leaves_takes_a_turn_of_the_budget() -> None:
    service = Service(moved)
    replies = await service.ask("/old/1", "/old/2", "/new/3")
    assert [reply.data["data"] for reply in replies] == ["/new/1", "/new/2", "/new/3"]
    assert len(service.asked_at) == 5
    assert min(later - earlier for earlier, later in pairwise(service.asked_at)) >= 1.0 + WAY_S - 1e-6
    assert sorted(service.met) == ["ok", "ok", "ok", "redirected", "redirected"]


async def test_what_redirects_for_ever_is_given_up() -> None:
    service = Service(lambda _: httpx.Response(302, headers={"Location": "/again"}))
    with pytest.raises(Permanent, match="jikan redirected more than 3 times"):
        await service.ask("/a")
    assert len(service.asked_at) == 1 + REDIRECTS_MAX


async def test_another_host_is_refused_before_anything_is_sent_to_it() -> None:
    hosts: list[str] = []

    def away(request: httpx.Request) -> httpx.Response:
        hosts.append(request.url.host)
        return httpx.Response(302, headers={"Location": "https://evil.example/x"})

    with pytest.raises(Permanent, match=r"evil\.example, which is not one of its hosts"):
        await Service(away).ask("/a")
    assert hosts == ["api.example"]


async def test_a_source_that_fails_behind_a_redirect_is_left_alone() -> None:
    def fails(request: httpx.Request) -> httpx.Response:
        return moved(request) if request.url.path.startswith("/old") else httpx.Response(500)

    service = Service(fails)
    with pytest.raises(Outage, match="left alone"):
        await service.ask("/old/1")
    assert len(service.asked_at) == 2, "the open breaker sends nothing more"
