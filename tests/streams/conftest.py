"""The graph as it is wired, with a settler that notes instead of acknowledging, on a broker in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from faststream.nats import NatsBroker, TestNatsBroker

from contracts.codec import PoisonMessage
from contracts.events import Event
from streams import advisories, index, persist, update
from streams.broker import Pullers, build_broker
from streams.clock import SystemClock
from streams.letters import LetterDesk
from streams.runtime import Runtime
from streams.settings import Settings
from streams.topology import ConsumerSpec

Delivered = tuple[str, list[Event | PoisonMessage]]


@dataclass
class Notes:
    """Stands where the settler does."""

    delivered: list[Delivered] = field(default_factory=list)
    steps: dict[str, Any] = field(default_factory=dict)
    given_up: dict[str, Any] = field(default_factory=dict)

    async def deliver(
        self, consumer: ConsumerSpec, raw: Sequence[Any], events: Sequence[Any], step: Any, given_up: Any = None
    ) -> None:
        assert len(raw) == len(events)
        self.delivered.append((consumer.name, list(events)))
        self.steps[consumer.name] = step
        self.given_up[consumer.name] = given_up


@dataclass
class Wired:
    """The broker, and what its subscribers handed over."""

    broker: NatsBroker
    notes: Notes
    runtime: Runtime


@pytest.fixture
async def wired() -> AsyncIterator[Wired]:
    notes = Notes()
    broker = build_broker("nats://127.0.0.1:1", shutdown_grace_s=1, name="wiring")
    runtime = Runtime(Settings(_env_file=None), SystemClock(), notes)  # type: ignore[arg-type,call-arg]
    pullers = Pullers(broker, SystemClock())
    persist.subscribe(pullers, runtime)
    index.subscribe(pullers, runtime)
    update.subscribe(pullers, runtime)
    advisories.subscribe(pullers, runtime)
    LetterDesk(runtime).subscribe(pullers)
    async with TestNatsBroker(broker) as in_memory:
        yield Wired(in_memory, notes, runtime)
    runtime.release()
