"""A house of sources over mock services, on a clock that jumps."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from handlers.sources.build import build_sources
from handlers.sources.fetch import Sources
from handlers.sources.notes import Surprise
from handlers.sources.sources import SOURCES
from tests.integration.sources.services import Services
from tests.unit.sources.clocks import JumpClock


@dataclass
class House:
    """What a test needs at hand."""

    sources: Sources
    services: Services
    clock: JumpClock
    counted: list[Surprise] = field(default_factory=list)
    logged: list[Surprise] = field(default_factory=list)
    met: list[tuple[str, str]] = field(default_factory=list)


Make = Callable[..., House]
SIXTY = tuple(str(number) for number in range(1001, 1061))


@pytest.fixture
async def house() -> AsyncIterator[Make]:
    """Makes houses; keyword arguments change the policy of every source."""
    made: list[House] = []

    def make(**policy: Any) -> House:
        services, clock = Services(), JumpClock()
        policies = {name: replace(one.policy, **{"enabled": True, **policy}) for name, one in SOURCES.items()}
        counted: list[Surprise] = []
        logged: list[Surprise] = []
        met: list[tuple[str, str]] = []
        sources = build_sources(
            clock,
            policies,
            transport=services.transport(),
            count_surprise=counted.append,
            log_surprise=logged.append,
            meter=lambda source, outcome: met.append((source, outcome)),
        )
        made.append(House(sources, services, clock, counted, logged, met))
        return made[-1]

    yield make
    for one in made:
        await one.sources.close()
