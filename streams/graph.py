"""The wired program as one value, passed to whatever serves it."""

from __future__ import annotations

from dataclasses import dataclass

from faststream.nats import NatsBroker

from streams.broker import Pullers
from streams.letters import LetterDesk
from streams.relay import Relay
from streams.runtime import Runtime
from streams.settings import Settings
from streams.start import Servers


@dataclass(frozen=True, slots=True)
class Graph:
    """The wired program, before it runs."""

    settings: Settings
    servers: Servers
    broker: NatsBroker
    runtime: Runtime
    pullers: Pullers
    relay: Relay
    letters: LetterDesk
