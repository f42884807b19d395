"""What is sent when a letter's message is sent again. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from contracts import codec
from contracts.codec import PoisonMessage
from contracts.events import ReviewReadyEvent, ScheduleTickEvent
from contracts.ids import derived_id

# Headers of a message that was sent again, so that a letter that comes of it knows its story.
REPLAY_OF: Final = "Echora-Replay-Of"
REPLAYS: Final = "Echora-Replays"
REPLAYS_MAX: Final = 1_000_000
# The server acts on its own headers: a part of an old batch, or an expectation of long ago, would be refused.
_SERVERS: Final = "nats-"
_KEPT: Final = frozenset({"nats-ttl"})
_KINDS: Final = (("anime_id", "anime"), ("character_id", "character"))


def headers_again(headers: Mapping[str, str], letter_id: UUID, replays: int) -> dict[str, str]:
    """The original headers but for the server's own, and the story so far."""
    own = {REPLAY_OF.lower(), REPLAYS.lower()}
    kept = {
        name: value
        for name, value in headers.items()
        if name.lower() not in own and (not name.lower().startswith(_SERVERS) or name.lower() in _KEPT)
    }
    return kept | {REPLAY_OF: str(letter_id), REPLAYS: str(replays)}


def replays_of(headers: Mapping[str, str]) -> tuple[UUID | None, int]:
    """Which letter this message was sent again for, and how often by then; anybody may have written such headers."""
    replays = headers.get(REPLAYS, "")
    try:
        letter_id = UUID(headers[REPLAY_OF]) if REPLAY_OF in headers else None
    except ValueError:
        letter_id = None
    is_count = replays.isascii() and replays.isdigit() and len(replays) <= len(str(REPLAYS_MAX))
    return letter_id, min(int(replays), REPLAYS_MAX) if is_count and letter_id else 0


def entity_of(subject: str, payload: bytes, letter_id: UUID) -> tuple[str, UUID]:
    """Which entity the message is about, as the outbox names it; what cannot be read stands for itself."""
    event = codec.decode(subject, payload)
    if isinstance(event, PoisonMessage):
        return "anime", letter_id
    for name, kind in _KINDS:
        if isinstance(found := getattr(event, name, None), UUID):
            return kind, found
    if isinstance(event, ScheduleTickEvent):
        # Its timer stands under the same id.
        return "schedule", derived_id("schedule", event.workflow, event.entity_id)
    if isinstance(event, ReviewReadyEvent):
        return "review", event.entity_id
    return "anime", letter_id
