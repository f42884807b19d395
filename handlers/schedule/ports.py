"""What this room needs of NATS and of those who know what a look costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from handlers.schedule.row import Key


@dataclass(frozen=True, slots=True)
class HeldTimer:
    """A timer that NATS holds. `fires_at` is the machine's time; what cannot be read of a message is None."""

    subject: str
    sequence: int
    tick: UUID | None
    fires_at: datetime | None


class Timers(Protocol):
    """The stream of timers. Every method raises Outage when NATS does not answer."""

    async def held(self) -> Mapping[str, HeldTimer]:
        """Every timer that waits, by its subject."""
        ...

    async def last_sequence(self) -> int:
        """The sequence of the newest message of the stream."""
        ...

    async def made_at(self) -> datetime:
        """When the stream was made, by the machine's clock; later than a timer's setting means that it is lost."""
        ...

    async def cancel(self, subjects: Sequence[str], up_to_sequence: int) -> None:
        """Forget the timers of these subjects (`*` stands for one token) that are not newer than a sequence."""
        ...

    async def waiting_ticks(self, workflow: str) -> int:
        """How many fired ticks of a workflow were not handled yet; 0 as well when nobody reads them."""
        ...


@dataclass(frozen=True, slots=True)
class Cost:
    """What looks would cost at one source."""

    requests: int
    minutes: float


class Price(Protocol):
    """Prices looks at entities of one workflow, per source."""

    def __call__(self, workflow: str, looks: Sequence[tuple[Key, datetime]]) -> Mapping[str, Cost]:
        """The requests and the minutes of each source's budget that these looks take."""
        ...
