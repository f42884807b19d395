"""The world over real HTTP on loopback, on a clock that only the test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from handlers.world.desk import Desk
from handlers.world.running import serving
from tests.unit.world.catalogue import HandClock, world


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def desk(clock: HandClock) -> Desk:
    return Desk(world(), clock)


@pytest.fixture
async def http(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(desk) as url, httpx.AsyncClient(base_url=url, timeout=30) as client:
        yield client
