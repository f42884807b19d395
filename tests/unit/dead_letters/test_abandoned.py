"""The letter of a message that the server gave up, and reading the server's word."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contracts import codec
from contracts.advisories import PREFIX, AdvisoryEvent
from contracts.codec import PoisonMessage
from contracts.errors import Permanent
from handlers.dead_letters import Delivery, Stored, abandoned, dead_letter
from handlers.dead_letters.abandoned import Story
from handlers.dead_letters.letter import LACKS
from tests.events import at, uid

SUBJECT = f"{PREFIX}MAX_DELIVERIES.ANIME_EVENTS.postgres-update-consumer"
SAID: dict[str, Any] = {
    "type": "io.nats.jetstream.advisory.v1.max_deliver",
    "id": "x",
    "timestamp": "2026-02-17T12:10:00.123456789Z",
    "stream": "ANIME_EVENTS",
    "consumer": "postgres-update-consumer",
    "stream_seq": 7,
    "deliveries": 50,
}
STORED = Stored("anime.updated", b"\xff", {"a": "b"}, at(5))


def advisory(**changes: Any) -> AdvisoryEvent:
    event = codec.decode(SUBJECT, json.dumps(SAID | changes).encode())
    assert isinstance(event, AdvisoryEvent), event
    return event


def test_the_servers_word_is_read_and_names_itself_the_same_each_time() -> None:
    event = advisory()
    assert (event.kind, event.stream_sequence, event.deliveries) == ("max_deliver", 7, 50)
    assert event.event_id == advisory().event_id != advisory(stream_seq=8).event_id
    assert advisory(type="io.nats.jetstream.advisory.v1.terminated", reason="no").reason == "no"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b"null",
        *(
            json.dumps({k: v for k, v in SAID.items() if k != name}).encode()
            for name in ("type", "stream", "stream_seq")
        ),
        json.dumps(SAID | {"stream_seq": -1}).encode(),
        json.dumps(SAID | {"consumer": "a\x00"}).encode(),
        json.dumps(SAID | {"type": "something.else"}).encode(),
        json.dumps(SAID | {"timestamp": "soon"}).encode(),
    ],
)
def test_what_is_no_advisory_is_poison(data: bytes) -> None:
    assert isinstance(codec.decode(SUBJECT, data), PoisonMessage)


def test_it_has_the_id_that_the_settling_place_gives_its_message() -> None:
    event = advisory()
    letter = abandoned(event, STORED, None, at(11))
    own = Delivery(event.stream, event.consumer, 7, "anime.updated", b"\xff", {}, 5, at(1), at(5))
    assert letter.event_id == dead_letter(own, Permanent("never"), at(12)).event_id
    assert (letter.payload, letter.headers, letter.attempts, letter.error_class) == (
        b"\xff",
        {"a": "b"},
        50,
        "Abandoned",
    )
    assert letter.first_failed_at == at(5)


def test_what_our_own_count_knows_is_told() -> None:
    letter = abandoned(advisory(), STORED, Story(2, "busy", at(3)), at(11))
    assert "busy" in letter.error
    assert letter.first_failed_at == at(3)


def test_all_that_die_on_one_consumer_are_of_one_kind() -> None:
    one = abandoned(advisory(), STORED, None, at(11))
    other = abandoned(advisory(stream_seq=8, deliveries=51), STORED, None, at(11))
    ended = abandoned(advisory(type="io.nats.jetstream.advisory.v1.terminated"), STORED, None, at(11))
    assert one.fingerprint == other.fingerprint != ended.fingerprint


@pytest.mark.parametrize("stored", [None, Stored("anime.updated", b"younger", {}, at(10.1))])
def test_a_message_that_is_gone_or_another_one_in_its_place_leaves_no_bytes(stored: Stored | None) -> None:
    letter = abandoned(advisory(), stored, None, at(11))
    assert letter.payload == b""
    assert LACKS in letter.headers
    assert letter.stream_sequence == 7
    assert letter.event_id != uid("x")
