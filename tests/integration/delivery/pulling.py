"""A pull loop over a lane, and what notes the batches that it is handed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from nats.aio.msg import Msg

from streams.clock import SystemClock
from streams.delivery.pull import Puller
from tests.events import updated
from tests.integration.delivery.lane import Lane


@dataclass
class Sink:
    """Acknowledges what it gets and notes it; while `gate` is closed it holds its batch."""

    batches: list[list[int]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    begun: int = 0

    async def __call__(self, batch: list[Msg]) -> None:
        self.begun += 1
        await self.gate.wait()
        self.batches.append([message.metadata.sequence.stream for message in batch])
        for message in batch:
            await message.ack()

    @property
    def sequences(self) -> list[int]:
        return [sequence for batch in self.batches for sequence in batch]


def puller(lane: Lane, handle: Any, batch_max: int = 10, **more: Any) -> Puller:
    return Puller(lambda: lane.client, lane.consumer, batch_max, handle, SystemClock(), **more)


def open_sink() -> Sink:
    sink = Sink()
    sink.gate.set()
    return sink


async def fill(lane: Lane, number: int) -> list[int]:
    return await lane.publish(*(updated(str(n), status="ONGOING") for n in range(number)))
