from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import codec, limits
from contracts.errors import Refused
from contracts.events import AnimeEnrichedEvent
from handlers.ingest.event_ids import enriched_id
from handlers.ingest.records import Prepared, prepare
from handlers.ingest.split import Sending, split
from tests.unit.ingest.samples import NOW, anime_id, raw_record

SENDING = Sending(run_id=7, observed_at=NOW - timedelta(days=1), timestamp=NOW)
text_sizes = st.integers(0, 900)


def prepared(characters: list[int], episodes: list[int], synopsis: int = 10) -> Prepared:
    raw = raw_record(synopsis="s" * synopsis) | {
        "characters": [{"name": f"c{at}", "description": "é" * size} for at, size in enumerate(characters)],
        "episodes": [{"episode_number": at, "synopsis": "e" * size} for at, size in enumerate(episodes)],
    }
    return prepare(raw, 1)


@settings(max_examples=60)
@given(st.lists(text_sizes, max_size=40), st.lists(text_sizes, max_size=40), st.integers(3_000, 20_000))
def test_the_parts_together_are_the_record_and_each_is_small_enough(
    characters: list[int], episodes: list[int], part_bytes_max: int
) -> None:
    one = prepared(characters, episodes)
    events = split(one, SENDING, part_bytes_max=part_bytes_max)
    assert all(len(codec.encode(event)) <= part_bytes_max for event in events)
    assert [event.anime is not None for event in events] == [True] + [False] * (len(events) - 1)
    assert [character for event in events for character in event.characters] == one.record.characters
    assert [episode for event in events for episode in event.episodes] == one.record.episodes
    if len(events) > 1:
        assert [(event.part, event.parts) for event in events] == [
            (number, len(events)) for number in range(1, len(events) + 1)
        ]
        assert all(event.characters or event.episodes for event in events[1:]), "no part is empty"


def test_a_record_that_fits_is_one_event_that_says_everything() -> None:
    raw = raw_record() | {"enrichment_metadata": {"source": "crew", "enriched_at": "2026-01-02T03:04:05Z"}}
    one = prepare(raw, 1)
    (event,) = split(one, SENDING)
    back = codec.decode("anime.enriched", codec.encode(event))
    assert isinstance(back, AnimeEnrichedEvent)
    assert (back.part, back.parts) == (None, None)
    assert back.anime_id == anime_id(1)
    assert back.observed_at == SENDING.observed_at
    assert back.enrichment_metadata is not None
    assert back.enrichment_metadata.model_dump(mode="json", exclude_none=True) == {
        "source": "crew",
        "enriched_at": "2026-01-02T03:04:05Z",
        "payload_sha256": one.payload_sha256,
        "run_id": 7,
    }
    assert back.anime is not None
    assert back.anime.model_dump(exclude_none=True) == one.record.anime.model_dump(exclude_none=True)
    assert (back.characters, back.episodes) == (one.record.characters, one.record.episodes)


def test_a_long_runner_goes_out_within_the_limit_of_a_message() -> None:
    one = prepared([700] * 1_400, [300] * 1_150, synopsis=60_000)
    events = split(one, SENDING)
    assert len(events) > 1
    assert max(len(codec.encode(event)) for event in events) <= limits.RECORD_PART_BYTES_MAX


@pytest.mark.parametrize(
    ("one", "field"),
    [
        (prepared([10], [10, 5_000]), "episodes[1]"),
        (prepared([10, 10, 5_000], [10]), "characters[2]"),
        (prepared([10], [10], synopsis=5_000), "anime.synopsis"),
    ],
)
def test_what_alone_is_too_large_is_named(one: Prepared, field: str) -> None:
    with pytest.raises(Refused) as caught:
        split(one, SENDING, part_bytes_max=3_000)
    assert (caught.value.record, caught.value.field) == ("Sample 1", field)
    assert "bytes on the wire" in caught.value.reason


def ids(**changes: Any) -> list[UUID]:
    one = prepared([400] * 20, [])
    sending = Sending(**({"run_id": 7, "observed_at": NOW, "timestamp": NOW} | changes))
    return [event.event_id for event in split(one, sending, part_bytes_max=3_000)]


def test_the_same_handing_in_gives_the_same_events() -> None:
    assert ids() == ids(timestamp=NOW + timedelta(hours=1))
    assert len(set(ids())) == len(ids()) > 1
    assert not set(ids()) & set(ids(run_id=8))
    assert not set(ids()) & set(ids(observed_at=NOW + timedelta(seconds=1)))


@given(st.integers(1, 2**48 - 2), st.uuids(), st.uuids())
def test_what_a_later_run_brings_is_ordered_after_what_an_earlier_one_brought(run: int, one: UUID, other: UUID) -> None:
    earlier, later = enriched_id(run, one), enriched_id(run + 1, other)
    # As text, because that is how the merge compares them.
    assert str(earlier) < str(later)
    assert (earlier.version, earlier.variant) == (8, "specified in RFC 4122")
