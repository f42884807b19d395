"""The books of ingest as the work sees them: what was handed in, and what persist decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from handlers.ingest.verdict import Kind

Payload = tuple[UUID, str]
"""The id of an anime and the hash of the record that was handed in for it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event on its way: its encoded message, and the record that it belongs to."""

    event_id: UUID
    payload: Payload
    label: str
    message: bytes
    part: int
    parts: int


@dataclass(frozen=True, slots=True)
class HandedIn:
    """What the books say of a payload: whether it is in, and which of its events are waited for."""

    known: bool
    waiting: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class Decision:
    """Persist's word on one event."""

    kind: Kind
    reason: str | None


class Books(Protocol):
    """Where runs and entries are kept. Every call raises Outage while they cannot be reached."""

    async def begin(self, artifact_uri: str) -> int:
        """Start a run; its number."""
        ...

    async def finish(self, run_id: int, error: str | None) -> None:
        """End a run, as failed when there is an error."""
        ...

    async def handed_in(self, payloads: Sequence[Payload]) -> Mapping[Payload, HandedIn]:
        """What is known of these payloads."""
        ...

    async def enter(self, run_id: int, entries: Sequence[Entry]) -> None:
        """Enter the events and queue their messages, all or none of them."""
        ...

    async def decided(self, event_ids: Sequence[UUID]) -> Mapping[UUID, Decision]:
        """What persist has decided of these events so far."""
        ...
