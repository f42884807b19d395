"""update: a tick that fires becomes a look, and what changed becomes events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, cast

from faststream import Context
from faststream.nats.message import NatsBatchMessage

from contracts.codec import PoisonMessage
from contracts.events import Event, ScheduleTickEvent
from handlers.update.look import Flow
from handlers.update.workflows import WORKFLOWS
from streams import topology
from streams.broker import Pullers
from streams.looks import Outcome
from streams.runtime import Runtime

Batch = Annotated[NatsBatchMessage, Context("message")]


def subscribe(pullers: Pullers, runtime: Runtime) -> None:
    """Declare one subscriber per workflow."""
    for name, flow in WORKFLOWS.items():
        _subscribe(pullers, runtime, flow, topology.DUE[name])


def _subscribe(pullers: Pullers, runtime: Runtime, flow: Flow, consumer: topology.ConsumerSpec) -> None:
    @pullers.subscriber(consumer, runtime.settings.update_looks_max)
    async def look(events: list[ScheduleTickEvent | PoisonMessage], message: Batch) -> None:
        """Ticks of one workflow."""

        async def step(good: Sequence[Event]) -> list[Outcome]:
            # A redelivery has the sequence of its message, by which the row tells it from a second tick.
            raw = zip(events, message.raw_message, strict=True)
            sequences = {id(event): sent.metadata.sequence.stream for event, sent in raw}
            ticks = cast("Sequence[ScheduleTickEvent]", good)
            return await runtime.looks.take(flow, [(tick, sequences[id(tick)]) for tick in ticks])

        await runtime.settler.deliver(consumer, message.raw_message, events, step)
