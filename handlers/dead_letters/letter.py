"""Writing a dead letter. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from contracts.errors import EchoraError
from contracts.events import DeadLetterEvent
from contracts.ids import derived_id
from contracts.limits import DEAD_LETTER_BYTES_MAX

_VARYING = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\d+")
_ERROR_CHARS_MAX = 4_000
_PAYLOAD_BYTES_KEPT = DEAD_LETTER_BYTES_MAX - 16_384
# A header of a letter that lacks something of its message, and says what. Such a letter cannot be sent again.
LACKS: Final = "Echora-Letter-Lacks"
# Nobody here reads them, and letters are shown to people.
CREDENTIALS: Final = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "api-key", "x-mal-client-id"}
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as it was delivered, when its stream stored it, and how often it failed."""

    stream: str
    consumer: str
    sequence: int
    subject: str
    payload: bytes
    headers: Mapping[str, str]
    attempts: int
    first_failed_at: datetime
    stored_at: datetime


def letter_id(stream: str, consumer: str, sequence: int, stored_at: datetime) -> UUID:
    """One per message and consumer. A stream that was made anew counts from 1 again, so the instant belongs to it."""
    return derived_id("dead_letter", stream, consumer, sequence, stored_at.isoformat())


def dead_letter(delivery: Delivery, error: EchoraError, now: datetime) -> DeadLetterEvent:
    """The letter of a delivery that is given up; the same message and consumer give the same event id."""
    words = str(error)[:_ERROR_CHARS_MAX]
    return DeadLetterEvent(
        event_id=letter_id(delivery.stream, delivery.consumer, delivery.sequence, delivery.stored_at),
        timestamp=now,
        subject=delivery.subject,
        payload=delivery.payload,
        headers={name: value for name, value in delivery.headers.items() if name.lower() not in CREDENTIALS},
        error_class=type(error).__name__,
        error=words,
        fingerprint=fingerprint(delivery.consumer, error),
        stream=delivery.stream,
        consumer=delivery.consumer,
        stream_sequence=delivery.sequence,
        attempts=delivery.attempts,
        first_failed_at=delivery.first_failed_at,
        last_failed_at=now,
    )


def shortened(letter: DeadLetterEvent) -> DeadLetterEvent:
    """The letter of a message that no letter can hold whole: without headers and, if it must be, with its beginning.

    Our own stream takes no such message; an operator's stream with a longer limit may. The original stays in it.
    """
    kept = letter.payload[:_PAYLOAD_BYTES_KEPT]
    cut = len(letter.payload) - len(kept)
    lacks = f"the headers and the last {cut} of {len(letter.payload)} bytes"
    words = f"{letter.error[:200]} [the letter lacks {lacks}]"
    return letter.model_copy(update={"headers": {LACKS: lacks}, "payload": kept, "error": words})


def fingerprint(consumer: str, error: EchoraError) -> str:
    """Equal for failures of one kind: the consumer, the class and the words without ids and numbers."""
    kind = f"{consumer}|{type(error).__name__}|{_VARYING.sub('#', str(error))}"
    return hashlib.sha256(kind.encode("utf-8", "replace")).hexdigest()[:16]
