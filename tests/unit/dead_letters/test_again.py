"""What is sent when a letter's message is sent again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import codec, subjects
from contracts.events import (
    AnimeSyncedEvent,
    CharacterSyncedEvent,
    EntityType,
    EpisodeSyncedEvent,
    Event,
    ReviewReadyEvent,
    ScheduleTickEvent,
)
from contracts.ids import derived_id
from handlers.dead_letters.again import REPLAYS_MAX, entity_of, headers_again, replays_of
from tests.events import aired, at, character_updated, enriched, uid, updated

LETTER = UUID(int=7)
COMMON: dict[str, Any] = {"event_id": UUID(int=1), "timestamp": at(0)}
NAMES = st.sampled_from(
    ["Nats-Msg-Id", "nats-batch-id", "Nats-TTL", "Echora-Replays", "echora-replay-of", "traceparent"]
)


@given(st.dictionaries(NAMES | st.text(max_size=8), st.text(max_size=20)), st.integers(0, REPLAYS_MAX))
def test_headers_keep_what_is_the_publishers_and_tell_the_story(headers: dict[str, str], replays: int) -> None:
    again = headers_again(headers, LETTER, replays)
    assert replays_of(again) == (LETTER, replays)
    lower = [name.lower() for name in again]
    assert sorted(name for name in lower if name.startswith("echora-rep")) == ["echora-replay-of", "echora-replays"]
    assert not [name for name in lower if name.startswith("nats-") and name != "nats-ttl"]
    own = {"echora-replays", "echora-replay-of"}
    kept = {n: v for n, v in headers.items() if n.lower() not in own and not n.lower().startswith("nats-")}
    assert kept.items() <= again.items()
    # Sent once more, nothing piles up.
    assert headers_again(again, LETTER, replays).items() == again.items()


@given(st.text(max_size=40), st.text(max_size=40))
def test_anybody_may_have_written_those_headers(letter: str, replays: str) -> None:
    found, count = replays_of({"Echora-Replay-Of": letter, "Echora-Replays": replays})
    assert 0 <= count <= REPLAYS_MAX
    assert found is None or isinstance(found, UUID)


TICK = ScheduleTickEvent(workflow="score_sync", entity_id="part-1", due_at=at(0), **COMMON)
REVIEW = ReviewReadyEvent(
    review_id=uid("r"), entity_type=EntityType.ANIME, entity_id=uid("Ring"), field="type", **COMMON
)
CASES: list[tuple[str, Event, tuple[str, UUID]]] = [
    (subjects.ANIME_ENRICHED, enriched("Ring"), ("anime", uid("Ring"))),
    (subjects.ANIME_UPDATED, updated("Ring", status="ONGOING"), ("anime", uid("Ring"))),
    (subjects.EPISODE_AIRED, aired("Ring", 3), ("anime", uid("Ring"))),
    (subjects.CHARACTER_UPDATED, character_updated("hero", description="Brave"), ("character", uid("hero"))),
    (subjects.ANIME_SYNCED, AnimeSyncedEvent(anime_id=uid("Ring"), **COMMON), ("anime", uid("Ring"))),
    (subjects.CHARACTER_SYNCED, CharacterSyncedEvent(character_id=uid("hero"), **COMMON), ("character", uid("hero"))),
    # An episode goes with its anime, as in the outbox.
    (
        subjects.EPISODE_SYNCED,
        EpisodeSyncedEvent(episode_id=uid("e"), anime_id=uid("Ring"), **COMMON),
        ("anime", uid("Ring")),
    ),
    (f"{subjects.SCHEDULE_DUE}.score_sync", TICK, ("schedule", derived_id("schedule", "score_sync", "part-1"))),
    (subjects.REVIEW_READY, REVIEW, ("review", uid("Ring"))),
]


@pytest.mark.parametrize(("subject", "event", "expected"), CASES, ids=[case[0] for case in CASES])
def test_a_message_stands_with_its_entity(subject: str, event: Event, expected: tuple[str, UUID]) -> None:
    assert entity_of(subject, codec.encode(event), LETTER) == expected


@pytest.mark.parametrize("payload", [b"", b"\xff\x00", b"{}"])
def test_what_cannot_be_read_stands_for_itself(payload: bytes) -> None:
    assert entity_of(subjects.ANIME_UPDATED, payload, LETTER) == ("anime", LETTER)
    assert entity_of("somebody.elses", payload, LETTER) == ("anime", LETTER)
