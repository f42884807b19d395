"""Two programs on one Redis: one budget per source and one cache, and a world's minutes are no live service's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from uuid import uuid4

import httpx
import pytest

from contracts.observation import Kind
from handlers.sources.build import build_sources
from handlers.sources.fetch import Sources
from handlers.sources.sources import SOURCES
from tests.integration.sources.services import Services
from tests.unit.sources.clocks import JumpClock

PER_MIN = 50
Program = Callable[..., Sources]


class Watched:
    """Programs that ask the same services on one clock; `at_s` is when each request arrived."""

    def __init__(self, redis_url: str) -> None:
        self.clock = JumpClock()
        self.at_s: list[float] = []
        self.services = Services()
        self._redis_url = redis_url

    def program(self, base_url: str, redis: bool = True) -> Sources:
        policy = replace(SOURCES["jikan"].policy, base_url=base_url, rate_per_s=None, rate_per_min=PER_MIN)
        return build_sources(
            self.clock,
            {"jikan": policy},
            transport=httpx.MockTransport(self._answer),
            redis_url=self._redis_url if redis else None,
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.at_s.append(self.clock.elapsed_s)
        return self.services.jikan(request)

    def most_in_a_minute(self) -> int:
        return max(sum(1 for other in self.at_s if 0 <= other - start < 59.99) for start in self.at_s)


@pytest.fixture
async def watched(redis_url: str) -> AsyncIterator[tuple[Watched, Program]]:
    watched = Watched(redis_url)
    async with AsyncExitStack() as stack:

        def program(base_url: str, redis: bool = True) -> Sources:
            made = watched.program(base_url, redis)
            stack.push_async_callback(made.close)
            return made

        yield watched, program


def address() -> str:
    """An address of this test alone: Redis remembers what others used up."""
    return f"http://{uuid4().hex}.example/v1"


def ids(first: int, number: int) -> list[str]:
    return [str(1000 + one) for one in range(first, first + number)]


async def test_together_they_never_exceed_the_rate(watched: tuple[Watched, Program]) -> None:
    seen, program = watched
    url = address()
    one, other = program(url), program(url)
    results = await asyncio.gather(
        one.fetch("jikan", Kind.ANIME, ids(0, 40)), other.fetch("jikan", Kind.ANIME, ids(40, 40))
    )
    assert [len(result.observations) for result in results] == [40, 40]
    assert len(seen.at_s) == 80
    assert seen.most_in_a_minute() <= PER_MIN
    assert max(seen.at_s) >= 60, "the rest waited for the next minute"


async def test_without_redis_each_would_have_its_own(watched: tuple[Watched, Program]) -> None:
    """What the test above would look like if nothing were shared."""
    seen, program = watched
    url = address()
    await asyncio.gather(
        program(url, redis=False).fetch("jikan", Kind.ANIME, ids(0, 40)),
        program(url, redis=False).fetch("jikan", Kind.ANIME, ids(40, 40)),
    )
    assert seen.most_in_a_minute() == 80


async def test_what_one_has_fetched_the_other_has(watched: tuple[Watched, Program]) -> None:
    seen, program = watched
    url = address()
    first = await program(url).fetch("jikan", Kind.ANIME, ["5"])
    again = await program(url).fetch("jikan", Kind.ANIME, ["5"])
    assert again.observations == first.observations
    assert len(seen.at_s) == 1


async def test_another_address_is_another_service(watched: tuple[Watched, Program]) -> None:
    """A world has its own clock and its own bodies, and takes nothing from a live service's budget or cache."""
    seen, program = watched
    world, live = address(), address()
    await program(world).fetch("jikan", Kind.ANIME, ids(0, PER_MIN))
    await program(live).fetch("jikan", Kind.ANIME, ids(0, PER_MIN))
    assert len(seen.at_s) == 2 * PER_MIN, "no body of the world was taken for the service's"
    assert seen.clock.elapsed_s < 60, "and nobody waited"
