"""Readiness follows the progress of each consumer and of the relay; liveness asks nobody."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from streams.compose import wire
from streams.graph import Graph
from streams.services import build_services
from streams.settings import Settings
from streams.start import Servers
from streams.status import SILENCE_MAX_S, not_ready


class Database:
    """A pool that answers, or does not."""

    def __init__(self) -> None:
        self.is_away = False

    async def fetchval(self, _: str) -> int:
        if self.is_away:
            raise ConnectionRefusedError
        return 1


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def graph(database: Database) -> Graph:
    """Everything is wired, and each part has just shown life."""
    made = wire(Settings(_env_file=None), Servers(None, "nats://127.0.0.1:1", "", ()))  # type: ignore[call-arg]
    pool: Any = database
    made.runtime.hold(pool=pool)
    now = made.runtime.clock.monotonic()
    for puller in made.pullers.by_consumer.values():
        puller.progress.pulled_at = now
    made.relay.passed_at = now
    return made


async def reasons(graph: Graph) -> list[str]:
    return await not_ready(graph.runtime, graph.pullers, graph.relay)


async def test_when_all_get_on_it_is_ready(graph: Graph) -> None:
    assert graph.pullers.by_consumer
    assert await reasons(graph) == []


async def test_one_silent_consumer_is_enough_and_is_named(graph: Graph) -> None:
    for name, puller in graph.pullers.by_consumer.items():
        held = puller.progress.pulled_at
        assert held is not None
        for silent in (held - SILENCE_MAX_S - 1, None):
            puller.progress.pulled_at = silent
            assert await reasons(graph) == [f"{name} made no progress for {SILENCE_MAX_S:g} s"]
        puller.progress.pulled_at = held


async def test_a_relay_that_stands_still_is_named(graph: Graph) -> None:
    graph.relay.passed_at = None
    assert await reasons(graph) == [f"relay made no progress for {SILENCE_MAX_S:g} s"]


async def test_an_outage_makes_it_unready_and_leaves_it_alive(graph: Graph, database: Database) -> None:
    """Whoever restarts what is not alive does not restart the program for an outage."""
    database.is_away = True
    for puller in graph.pullers.by_consumer.values():
        puller.progress.pulled_at = None
    graph.relay.passed_at = None
    transport = httpx.ASGITransport(build_services(graph).http)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        ready, alive = await client.get("/healthz/ready"), await client.get("/healthz/live")
    assert (ready.status_code, alive.status_code) == (503, 200)
    for name in (*graph.pullers.by_consumer, "relay", "PostgreSQL"):
        assert name in ready.json()["detail"]
