"""Whatever bytes come, decoding gives a value: the event, or a poison message that says what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts import codec, events, limits, subjects
from contracts.codec import PoisonMessage
from contracts.errors import Permanent
from contracts.gen import events_pb2
from tests.unit.contracts.strategies import EVENTS, models

ID = str(UUID(int=5))
SUBJECT_OF = {kind: subject for subject, kind in subjects.EVENT_OF.items()} | {
    events.DeadLetterEvent: "anime.dlq.enriched",
    events.ScheduleTickEvent: "anime.schedule.due.weekly",
}
bounded = settings(max_examples=60, suppress_health_check=list(HealthCheck))


def poison(subject: str, data: bytes) -> PoisonMessage:
    found = codec.decode(subject, data)
    assert isinstance(found, PoisonMessage), found
    assert found.subject == subject
    assert found.size_bytes == len(data)
    assert data.startswith(found.sample)
    assert len(found.sample) <= limits.POISON_SAMPLE_BYTES_MAX
    assert found.reason
    return found


def updated(fill: Callable[[Any], object]) -> bytes:
    """A valid anime.updated, changed by `fill` beyond what our types would let through."""
    message = events_pb2.AnimeUpdatedEvent(event_id=ID, anime_id=ID)
    message.timestamp.FromJsonString("2026-02-17T12:00:00Z")
    fill(message)
    return message.SerializeToString()


def character_updated(fill: Callable[[Any], object]) -> bytes:
    message = events_pb2.CharacterUpdatedEvent(event_id=ID, character_id=ID)
    message.timestamp.FromJsonString("2026-02-17T12:00:00Z")
    fill(message)
    return message.SerializeToString()


def aired(fill: Callable[[Any], object]) -> bytes:
    message = events_pb2.EpisodeAiredEvent(event_id=ID, anime_id=ID)
    message.timestamp.FromJsonString("2026-02-17T12:00:00Z")
    message.episode.episode_number = 1
    fill(message)
    return message.SerializeToString()


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
@bounded
@given(data=st.binary(min_size=1, max_size=400))
def test_garbage_never_raises(kind: type[events.Event], data: bytes) -> None:
    found = codec.decode(SUBJECT_OF[kind], data)
    assert isinstance(found, PoisonMessage | kind)


@bounded
@given(st.data())
def test_a_message_that_is_cut_off_or_altered_never_raises(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(EVENTS))
    whole = codec.encode(data.draw(models(kind)))
    position = data.draw(st.integers(0, len(whole) - 1))
    cut = codec.decode(SUBJECT_OF[kind], whole[:position])
    altered = codec.decode(
        SUBJECT_OF[kind], whole[:position] + data.draw(st.binary(max_size=4)) + whole[position + 1 :]
    )
    assert isinstance(cut, PoisonMessage | kind)
    assert isinstance(altered, PoisonMessage | kind)


@bounded
@given(st.data())
def test_bytes_of_another_event_never_raise(data: st.DataObject) -> None:
    sent, read = data.draw(st.sampled_from(EVENTS)), data.draw(st.sampled_from(EVENTS))
    found = codec.decode(SUBJECT_OF[read], codec.encode(data.draw(models(sent))))
    assert isinstance(found, PoisonMessage | read)


@pytest.mark.parametrize(
    ("subject", "sent"),
    [
        (subjects.EPISODE_AIRED, events_pb2.AnimeCreatedEvent(event_id=ID, anime_id=ID)),
        (subjects.REVIEW_READY, events_pb2.AnimeSyncedEvent(event_id=ID, anime_id=ID)),
        (subjects.EPISODE_SYNCED, events_pb2.AnimeDeletedEvent(event_id=ID, anime_id=ID)),
        (subjects.ANIME_CREATED, events_pb2.DeadLetterEvent(event_id=ID, subject="anime.updated", payload=b"x")),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_another_event_that_lacks_what_this_one_needs_is_poison(subject: str, sent: Any) -> None:
    sent.timestamp.FromJsonString("2026-02-17T12:00:00Z")
    poison(subject, sent.SerializeToString())


def test_an_empty_message_is_poison_and_not_an_event_of_defaults() -> None:
    assert poison(subjects.ANIME_SYNCED, b"").reason == "the message is empty"


def test_a_subject_of_nobody_is_poison() -> None:
    assert "no event type" in poison("anime.unheard.of", b"x").reason


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_what_is_too_large_is_refused_before_it_is_parsed(
    kind: type[events.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Unparsed:
        """Stands in for the generated class; looking into the bytes fails the test."""

        DESCRIPTOR = codec._PROTO_OF[kind].DESCRIPTOR

        @staticmethod
        def FromString(_: bytes) -> None:  # noqa: N802 - protobuf's name
            raise AssertionError("parsed although it is too large")

    monkeypatch.setitem(codec._PROTO_OF, kind, Unparsed)
    most = codec.bytes_max(kind)
    assert str(most) in poison(SUBJECT_OF[kind], b"\x2a\x00" * (most // 2 + 1)).reason
    with pytest.raises(AssertionError, match="parsed although"):
        codec.decode(SUBJECT_OF[kind], b"\x2a" * most)


def test_an_event_above_its_bound_is_not_sent() -> None:
    event = events.DeadLetterEvent(
        event_id=ID,
        timestamp="2026-02-17T12:00:00Z",
        subject="anime.updated",
        payload=b"x" * limits.DEAD_LETTER_BYTES_MAX,
    )
    with pytest.raises(Permanent, match=f"DeadLetterEvent {ID} takes"):
        codec.encode(event)


def _values(**fields: Any) -> Callable[[Any], object]:
    def fill(message: Any) -> None:
        for name, value in fields.items():
            setattr(message.values, name, value)

    return fill


IMPOSSIBLE: dict[str, tuple[str, bytes, str]] = {
    "a year beyond the calendar": (
        subjects.ANIME_UPDATED,
        updated(lambda message: setattr(message.observed_at, "seconds", 253_402_300_800)),
        "",
    ),
    "the year 9999": (
        subjects.ANIME_UPDATED,
        updated(lambda message: setattr(message.observed_at, "seconds", 253_402_300_799)),
        "observed_at: Value error, the year 9999 is outside",
    ),
    "seconds below every calendar": (
        subjects.ANIME_UPDATED,
        updated(lambda message: setattr(message.observed_at, "seconds", -(2**62))),
        "",
    ),
    "two billion nanoseconds": (
        subjects.ANIME_UPDATED,
        updated(lambda message: setattr(message.observed_at, "nanos", 2_000_000_000)),
        "",
    ),
    "the year 9999 as text, west of every zone": (
        subjects.EPISODE_AIRED,
        aired(lambda message: setattr(message, "aired_at", "9999-12-31T23:59:59-12:00")),
        "aired_at",
    ),
    "no date at all": (
        subjects.EPISODE_AIRED,
        aired(lambda message: setattr(message, "aired_at", "next Tuesday")),
        "aired_at",
    ),
    "a score that is no number": (
        subjects.ANIME_UPDATED,
        updated(lambda message: setattr(message.score, "median", float("nan"))),
        "score.median",
    ),
    "a score without end": (
        subjects.ANIME_UPDATED,
        updated(lambda message: setattr(message.statistics["mal"], "score", float("inf"))),
        "statistics.mal.score",
    ),
    "a score of eleven": (
        subjects.ANIME_UPDATED,
        updated(lambda message: setattr(message.score, "median", 11)),
        "score.median",
    ),
    "a negative episode number": (
        subjects.EPISODE_AIRED,
        aired(lambda message: setattr(message.episode, "episode_number", -1)),
        "episode.episode_number",
    ),
    "a negative version": (
        subjects.ANIME_UPDATED,
        updated(lambda message: setattr(message, "base_version", -1)),
        "base_version",
    ),
    "a NUL character": (
        subjects.ANIME_UPDATED,
        updated(_values(title="Cow\x00boy")),
        "values.title: Value error, contains a NUL",
    ),
    "a NUL character in a key": (
        subjects.ANIME_UPDATED,
        updated(lambda message: message.values.external_ids.update({"m\x00l": "1"})),
        "NUL",
    ),
    "a title of nothing": (subjects.ANIME_UPDATED, updated(_values(title="   ")), "values.title"),
    "an enumeration's unknown number": (
        subjects.ANIME_UPDATED,
        updated(_values(type=99)),
        "AnimeData.type: the enumeration has no value 99",
    ),
    "an unknown number in a list": (
        subjects.CHARACTER_UPDATED,
        character_updated(lambda message: message.values.roles.append(77)),
        "CharacterData.roles: the enumeration has no value 77",
    ),
    "an unknown status as text": (
        subjects.ANIME_UPDATED,
        updated(lambda message: setattr(message, "status", "AIRING")),
        "status",
    ),
    "an unknown relation": (
        subjects.ANIME_UPDATED,
        updated(lambda message: message.values.related_anime["COUSIN"].items.add(title="x")),
        "related_anime.COUSIN",
    ),
    "an id that is none": (
        subjects.ANIME_UPDATED,
        updated(lambda message: setattr(message, "anime_id", "1")),
        "anime_id",
    ),
    "no id": (subjects.ANIME_UPDATED, updated(lambda message: message.ClearField("anime_id")), "anime_id"),
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_a_value_that_no_field_may_hold_is_poison_and_names_the_field(name: str) -> None:
    subject, data, said = IMPOSSIBLE[name]
    assert said in poison(subject, data).reason


def test_more_items_than_a_list_may_have_are_poison() -> None:
    data = updated(lambda message: message.risks.extend([events_pb2.RiskFlag()] * (limits.LIST_ITEMS_MAX + 1)))
    assert "risks" in poison(subjects.ANIME_UPDATED, data).reason


def test_a_field_of_a_newer_publisher_is_left_out_and_not_refused() -> None:
    data = updated(lambda message: None) + b"\xfa\x3f\x03new"  # Field 1023, which no version of ours has.
    found = codec.decode(subjects.ANIME_UPDATED, data)
    assert isinstance(found, events.AnimeUpdatedEvent)
    assert str(found.anime_id) == ID


def test_a_long_list_of_findings_is_told_in_one_bounded_line() -> None:
    def fill(message: Any) -> None:
        for number in range(50):
            message.statistics[f"platform {number}"].score = 11

    reason = poison(subjects.ANIME_UPDATED, updated(fill)).reason
    assert reason.endswith("and 45 more")
    assert "\n" not in reason


def test_a_list_that_is_too_long_is_refused_before_it_unfolds(monkeypatch: pytest.MonkeyPatch) -> None:
    number = events_pb2.AnimeEnrichedEvent.DESCRIPTOR.fields_by_name["characters"].number
    # Each holds a field that nobody knows, so that none of them is empty.
    one = bytes([number << 3 | 2, 2, 0x78, 1])
    unfolded: list[object] = []
    monkeypatch.setattr(events.AnimeEnrichedEvent, "model_validate", unfolded.append)
    poison = codec.decode(subjects.ANIME_ENRICHED, one * (limits.EVENT_BYTES_MAX // len(one)))
    assert isinstance(poison, codec.PoisonMessage)
    assert "250000 values, a field may have 5000" in poison.reason
    assert unfolded == []
