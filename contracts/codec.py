"""The one place where bytes become messages and messages become bytes.

Decoding never raises: what cannot be read comes back as a Poison value, so that one bad message never costs its
batch. The size is capped before parsing, because small bytes can unfold into much memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from google.protobuf import descriptor_pool
from google.protobuf.internal import api_implementation
from google.protobuf.message import DecodeError
from google.protobuf.message import Message as ProtoMessage
from pydantic import ValidationError

from contracts import events, limits, subjects
from contracts.advisories import AdvisoryEvent, advisory_of
from contracts.crowd import EMPTY_PARTS_MAX, is_crowded
from contracts.errors import Permanent
from contracts.gen import events_pb2
from contracts.wire import message_class, to_message, to_plain

CONTENT_TYPE: Final = "application/x-protobuf"
PACKAGE: Final = "echora.events.v1"

if api_implementation.Type() != "upb":
    raise RuntimeError(
        f"protobuf runs on its {api_implementation.Type()!r} backend, whose limits on depth and speed differ; "
        "install the wheel of protobuf for this platform and unset PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"
    )

_POOL: Final = descriptor_pool.Default()
_KINDS: Final[tuple[type[events.Event], ...]] = (
    *subjects.EVENT_OF.values(),
    events.DeadLetterEvent,
    events.ScheduleTickEvent,
)
_PROTO_OF: Final[dict[type[events.Event], type[ProtoMessage]]] = {
    event: message_class(f"{PACKAGE}.{event.__name__}", _POOL) for event in _KINDS
}
_ = events_pb2  # Importing it registers the messages with the pool.

_BYTES_MAX: Final[dict[type[events.Event], int]] = {
    events.AnimeEnrichedEvent: limits.EVENT_BYTES_MAX,
    events.AnimeUpdatedEvent: limits.EVENT_BYTES_MAX,
    events.CharacterUpdatedEvent: limits.EVENT_BYTES_MAX,
    events.EpisodeAiredEvent: limits.EVENT_BYTES_MAX,
    events.DeadLetterEvent: limits.DEAD_LETTER_BYTES_MAX,
}


@dataclass(frozen=True, slots=True)
class PoisonMessage:
    """Bytes that are not what their subject promises, and why; `sample` is their bounded beginning."""

    subject: str
    reason: str
    sample: bytes
    size_bytes: int


def bytes_max(event: type[events.Event]) -> int:
    """The largest encoded size in bytes that an event of this type may have."""
    return _BYTES_MAX.get(event, limits.SMALL_EVENT_BYTES_MAX)


def encode(event: events.Event) -> bytes:
    """The event as protobuf. Raises Permanent when it is larger than a message may be."""
    data = to_message(event, _PROTO_OF[type(event)]()).SerializeToString()
    most = bytes_max(type(event))
    if len(data) > most:
        raise Permanent(
            f"{type(event).__name__} {event.event_id} takes {len(data)} bytes, a message may have {most}; split it"
        )
    return data


def decode(subject: str, data: bytes) -> events.Event | PoisonMessage:
    """The event that `data` holds, by the type that `subject` carries, or the reason why it cannot be read."""
    kind = subjects.event_of(subject)
    if kind is None:
        return _poison(subject, data, "no event type belongs to this subject")
    return decode_as(kind, subject, data)


def decode_as(kind: type[events.Event], subject: str, data: bytes) -> events.Event | PoisonMessage:
    """The same for a type that is known."""
    most = bytes_max(kind)
    if not data:
        return _poison(subject, data, "the message is empty")
    if len(data) > most:
        return _poison(subject, data, f"{len(data)} bytes, a {kind.__name__} may have {most}")
    try:
        if kind is AdvisoryEvent:
            return AdvisoryEvent.model_validate(advisory_of(data))
        proto = _PROTO_OF[kind]
        if is_crowded(data, proto.DESCRIPTOR):
            return _poison(subject, data, f"{kind.__name__}: over {EMPTY_PARTS_MAX} empty parts")
        message = proto.FromString(data)
        return kind.model_validate(to_plain(message))
    except DecodeError as error:
        return _poison(subject, data, f"not a {kind.__name__}: {error}")
    except ValidationError as error:
        return _poison(subject, data, describe(error))
    except (ValueError, OverflowError, RecursionError) as error:
        return _poison(subject, data, f"{kind.__name__}: {error}")


def describe(error: ValidationError) -> str:
    """The first few findings of a validation in one line, each with the path of its field."""
    findings = [
        f"{'.'.join(str(step) for step in found['loc']) or 'record'}: {found['msg']}"
        for found in error.errors(include_url=False, include_input=False)[:5]
    ]
    more = error.error_count() - len(findings)
    return "; ".join(findings) + (f"; and {more} more" if more > 0 else "")


def _poison(subject: str, data: bytes, reason: str) -> PoisonMessage:
    return PoisonMessage(subject, reason, data[: limits.POISON_SAMPLE_BYTES_MAX], len(data))
