"""A record as events that fit into messages. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from google.protobuf import descriptor_pool
from google.protobuf.message import Message as ProtoMessage
from pydantic import BaseModel

from contracts import codec, limits
from contracts.errors import Refused
from contracts.events import AnimeEnrichedEvent, AnimeValues
from contracts.ids import derived_id
from contracts.model import Character, Episode
from contracts.wire import message_class, to_message
from handlers.ingest.event_ids import enriched_id
from handlers.ingest.records import Prepared

# Numbers of parts take a few bytes more than the one they are measured with.
_MARGIN_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Sending:
    """What all parts of a record share: the run, when the values were observed, and when the event is made."""

    run_id: int
    observed_at: datetime
    timestamp: datetime


@dataclass(frozen=True, slots=True)
class _Part:
    characters: Sequence[Character]
    episodes: Sequence[Episode]


def split(
    prepared: Prepared, sending: Sending, *, part_bytes_max: int = limits.RECORD_PART_BYTES_MAX
) -> list[AnimeEnrichedEvent]:
    """The events of a record, each at most `part_bytes_max` bytes on the wire and idempotent on its own.

    The first holds the anime and as many characters and episodes as fit, the others the rest. Raises Refused for an
    anime, a character or an episode that alone is larger than a part may be.
    """
    record = prepared.record
    whole = _event(prepared, sending, _Part(record.characters, record.episodes), 1, 1)
    if _size_bytes(whole) <= part_bytes_max:
        return [whole]
    empty_bytes = _size_bytes(_event(prepared, sending, _Part((), ()), 2, 2)) + _MARGIN_BYTES
    first_bytes = _size_bytes(_event(prepared, sending, _Part((), ()), 1, 2)) + _MARGIN_BYTES
    if first_bytes > part_bytes_max:
        name, size = _largest_field(prepared)
        raise Refused(prepared.label, f"anime.{name}", _too_large(size, part_bytes_max))
    sized = _sized(prepared, part_bytes_max - empty_bytes)
    parts = list(_packed(sized, part_bytes_max - first_bytes, part_bytes_max - empty_bytes))
    return [_event(prepared, sending, part, number, len(parts)) for number, part in enumerate(parts, start=1)]


def _event(prepared: Prepared, sending: Sending, part: _Part, number: int, parts: int) -> AnimeEnrichedEvent:
    anime_id = prepared.anime_id
    metadata = {"payload_sha256": prepared.payload_sha256, "run_id": sending.run_id}
    return AnimeEnrichedEvent.model_construct(
        event_id=enriched_id(sending.run_id, anime_id, prepared.payload_sha256, sending.observed_at, number),
        timestamp=sending.timestamp,
        correlation_id=run_correlation_id(sending.run_id),
        causation_id=None,
        anime_id=anime_id,
        anime=AnimeValues.model_construct(**prepared.record.anime.__dict__) if number == 1 else None,
        characters=list(part.characters),
        episodes=list(part.episodes),
        enrichment_metadata=prepared.metadata.model_copy(update=metadata),
        observed_at=sending.observed_at,
        part=number if parts > 1 else None,
        parts=parts if parts > 1 else None,
    )


def run_correlation_id(run_id: int) -> UUID:
    """What everything that a run sets off shares."""
    return derived_id("ingestion run", run_id)


def _sized(prepared: Prepared, bytes_max: int) -> list[tuple[Character | Episode, int]]:
    """Every character and episode with the bytes that it takes within an event."""
    sized: list[tuple[Character | Episode, int]] = []
    kinds: tuple[tuple[str, Sequence[Character | Episode]], ...] = (
        ("characters", prepared.record.characters),
        ("episodes", prepared.record.episodes),
    )
    for field, items in kinds:
        for at, item in enumerate(items):
            size = _alone_bytes(field, [item])
            if size > bytes_max:
                raise Refused(prepared.label, f"{field}[{at}]", _too_large(size, bytes_max))
            sized.append((item, size))
    return sized


def _packed(sized: Iterable[tuple[Character | Episode, int]], first_max: int, max_each: int) -> Iterable[_Part]:
    held: list[Character | Episode] = []
    room = first_max
    for item, size in sized:
        if size > room:
            yield _part(held)
            held, room = [], max_each
        held.append(item)
        room -= size
    yield _part(held)


def _part(items: Sequence[Character | Episode]) -> _Part:
    return _Part(
        [item for item in items if isinstance(item, Character)], [item for item in items if isinstance(item, Episode)]
    )


def _largest_field(prepared: Prepared) -> tuple[str, int]:
    values: dict[str, Any] = prepared.record.anime.__dict__
    sizes = {
        name: _alone_bytes("anime", AnimeValues.model_construct(**{name: value}))
        for name, value in values.items()
        if value is not None
    }
    return max(sizes.items(), key=lambda pair: pair[1])


def _alone_bytes(field: str, value: Any) -> int:
    """What one field takes in an event that holds nothing else."""
    event: dict[str, Any] = dict.fromkeys(("event_id", "timestamp", "anime_id"))
    return _size_bytes(AnimeEnrichedEvent.model_construct(**(event | {field: value})))


def _too_large(size: int, most: int) -> str:
    return f"takes {size} bytes on the wire, and a part of a record may have {most}; shorten it"


def _size_bytes(event: BaseModel) -> int:
    return to_message(event, _enriched_message()).ByteSize()


def _enriched_message() -> ProtoMessage:
    return message_class(f"{codec.PACKAGE}.AnimeEnrichedEvent", descriptor_pool.Default())()
