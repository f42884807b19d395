"""Bytes that unfold into far more than they are, and records that do not."""

from __future__ import annotations

import tracemalloc

import pytest

from contracts import codec, subjects
from contracts.codec import PoisonMessage
from contracts.crowd import EMPTY_PARTS_MAX, is_crowded
from contracts.events import AnimeEnrichedEvent
from contracts.limits import EVENT_BYTES_MAX
from tests.events import enriched

ENRICHED = codec._PROTO_OF[AnimeEnrichedEvent].DESCRIPTOR


def empties(name: str) -> bytes:
    """As many empty parts as a message holds."""
    tag = (ENRICHED.fields_by_name[name].number << 3) | 2
    return (bytes([tag, 0]) * EVENT_BYTES_MAX)[: EVENT_BYTES_MAX - EVENT_BYTES_MAX % 2]


@pytest.mark.parametrize("name", ["characters", "episodes"])
def test_a_nest_of_empty_parts_is_refused_before_it_unfolds(name: str) -> None:
    tracemalloc.start()
    answer = codec.decode(subjects.ANIME_ENRICHED, empties(name))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(answer, PoisonMessage)
    assert answer.reason == f"AnimeEnrichedEvent: over {EMPTY_PARTS_MAX} empty parts"
    assert peak < 8 * 1024 * 1024


def test_empty_parts_within_a_part_count_too() -> None:
    inner = b"\x0a\x00" * 400_000
    size = len(inner)
    length = bytes([size & 127 | 128, size >> 7 & 127 | 128, size >> 14])
    tag = (ENRICHED.fields_by_name["characters"].number << 3) | 2
    nested = next(
        field.number for field in ENRICHED.fields_by_name["characters"].message_type.fields if field.message_type
    )
    within = inner.replace(b"\x0a", bytes([(nested << 3 | 2) & 127])) if nested < 16 else inner
    crowded = is_crowded(bytes([tag]) + length + within, ENRICHED)
    assert crowded is (nested < 16)


def test_a_record_full_of_long_lists_is_none() -> None:
    episodes = [{"episode_number": number, "title": "x" * 60, "score": 8.0} for number in range(4_000)]
    event = enriched("Long", episodes=episodes)
    data = codec.encode(event)
    assert len(data) > 200_000
    assert not is_crowded(data, ENRICHED)
    assert codec.decode(subjects.ANIME_ENRICHED, data) == event


@pytest.mark.parametrize("data", [b"\x00" * 100_000, b"\x0a\x80" * 50_000, b"\x0a\xff\xff\xff\x7f" + b"\x00" * 90_000])
def test_what_is_no_message_is_left_to_the_parser(data: bytes) -> None:
    assert not is_crowded(data, ENRICHED)
    assert isinstance(codec.decode(subjects.ANIME_ENRICHED, data), PoisonMessage)
