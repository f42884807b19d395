"""A person who asks a source does not wait for ever, and what came too late is there for the next question."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from contracts.errors import Transient
from contracts.observation import Kind
from streams.asking import FETCH_TIMEOUT_S, ask_source
from streams.cli import client
from tests.integration.sources.conftest import Make


async def test_a_slow_source_is_waited_for_a_bounded_time_and_its_answer_kept(house: Make) -> None:
    here = house()
    ready = asyncio.Event()

    async def slow(request: httpx.Request) -> httpx.Response:
        await ready.wait()
        return here.services.jikan(request)

    here.services.tricks["jikan"] = slow  # type: ignore[assignment]
    with pytest.raises(Transient, match=r"jikan had not said everything after 0\.05 s; .* ask again"):
        await ask_source(here.sources, "jikan", Kind.ANIME, ["5"], timeout_s=0.05)
    ready.set()
    account = await ask_source(here.sources, "jikan", Kind.ANIME, ["5"])
    assert list(account["observations"]) == ["5"]
    assert here.services.counts()["jikan"] == 1, "the request of the first question answered the second"


def test_the_command_line_waits_longer_than_the_program() -> None:
    assert client.FETCH_TIMEOUT_S > FETCH_TIMEOUT_S
