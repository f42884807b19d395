"""What protobuf lets through or changes by itself, and what we do about it; see docs/hazards.md."""

from __future__ import annotations

import os
import subprocess
import sys
from uuid import UUID

import pytest
from google.protobuf.descriptor import Descriptor
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError
from google.protobuf.struct_pb2 import Value

from contracts import codec, subjects
from contracts.codec import PoisonMessage
from contracts.events import AnimeSyncedEvent
from contracts.gen import events_pb2, model_pb2
from tests.architecture.source import ROOT
from tests.events import at

LARGE = 2**53 + 1
LIST_VALUE, VALUES = 6, 1


def nested(depth: int) -> bytes:
    """A list in a list in a list …"""
    data = b""
    for level in range(2 * depth):
        tag = (LIST_VALUE if level % 2 else VALUES) << 3 | 2
        data = bytes([tag]) + length(len(data)) + data
    return data


def length(number: int) -> bytes:
    """A length as the wire has it."""
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def test_the_parser_refuses_what_is_nested_too_deeply() -> None:
    assert Value.FromString(nested(40)).HasField("list_value")
    with pytest.raises(DecodeError):
        Value.FromString(nested(60))


def test_with_us_no_message_can_hold_itself() -> None:
    """So depth is bounded by the contract, long before the parser's own limit."""
    kinds = [
        *events_pb2.DESCRIPTOR.message_types_by_name.values(),
        *model_pb2.DESCRIPTOR.message_types_by_name.values(),
    ]
    assert max(depth(kind) for kind in kinds) < 10


def depth(kind: Descriptor, above: tuple[str, ...] = ()) -> int:
    """How deep its messages can be nested."""
    assert kind.full_name not in above, f"{kind.full_name} holds itself: {above}"
    inner = (field.message_type for field in kind.fields if field.message_type is not None)
    return 1 + max((depth(one, (*above, kind.full_name)) for one in inner), default=0)


def test_by_default_no_bytes_are_an_event_of_defaults() -> None:
    assert events_pb2.AnimeUpdatedEvent.FromString(b"").anime_id == ""
    assert isinstance(codec.decode(subjects.ANIME_UPDATED, b""), PoisonMessage)


def test_by_default_a_nul_is_a_letter_like_any_other() -> None:
    """The database refuses it, and with it the statement of all its neighbours."""
    message = events_pb2.AnimeUpdatedEvent(event_id=str(UUID(int=1)), anime_id="a\x00b")
    again = events_pb2.AnimeUpdatedEvent.FromString(message.SerializeToString())
    assert again.anime_id == "a\x00b"


def test_a_large_number_is_a_text_in_the_librarys_json_and_a_number_with_us() -> None:
    event = AnimeSyncedEvent(
        event_id=UUID(int=1), timestamp=at(0), anime_id=UUID(int=2), changed_fields=["score"], entity_version=LARGE
    )
    data = codec.encode(event)
    message = events_pb2.AnimeSyncedEvent.FromString(data)
    assert MessageToDict(message, preserving_proto_field_name=True)["entity_version"] == str(LARGE)
    again = codec.decode(subjects.ANIME_SYNCED, data)
    assert isinstance(again, AnimeSyncedEvent)
    assert again.entity_version == LARGE


def test_another_backend_with_other_limits_is_refused_at_the_start() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import contracts.codec"],
        cwd=ROOT,
        env={**os.environ, "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "protobuf runs on its 'python' backend" in done.stderr
