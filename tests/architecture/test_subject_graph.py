"""Data goes forward only as messages; what looks back is named."""

from __future__ import annotations

import ast
from fnmatch import fnmatch
from graphlib import TopologicalSorter

import pytest

from contracts import events, limits, subjects
from handlers.relay.message import VECTOR_FIELDS
from handlers.update.workflows import WORKFLOWS
from streams import topology
from streams.tuning import Tuning
from tests.architecture.source import trees

# Which role reads which subject.
READS = {
    "persist": {subject for consumer in topology.ROLES["persist"].consumers for subject in consumer.subjects},
    "index": {subject for consumer in topology.ROLES["index"].consumers for subject in consumer.subjects},
    "update": {subject for consumer in topology.ROLES["update"].consumers for subject in consumer.subjects},
    "letters": {subject for consumer in topology.ROLES["letters"].consumers for subject in consumer.subjects},
}
# What each role sends, by way of the outbox.
WRITES = {
    "update": {subjects.ANIME_UPDATED, subjects.EPISODE_AIRED, subjects.CHARACTER_UPDATED},
    "ingest": {subjects.ANIME_ENRICHED},
    "persist": {
        subjects.ANIME_CREATED,
        subjects.ANIME_SYNCED,
        subjects.ANIME_DELETED,
        subjects.CHARACTER_SYNCED,
        subjects.EPISODE_SYNCED,
        # For whoever listens; the program itself reads reviews from the database.
        subjects.REVIEW_READY,
    },
}

# What looks back: repairs, and what a restored catalogue has to be told of, go to the front of the relay.
REPAIRS = {
    "reconcile": {subjects.ANIME_SYNCED, subjects.ANIME_DELETED, subjects.CHARACTER_SYNCED},
    "snapshot": {subjects.ANIME_CREATED, subjects.CHARACTER_SYNCED},
}


def matches(pattern: str, subject: str) -> bool:
    """Whether a stream's or consumer's subject takes another; `>` stands for the rest."""
    return fnmatch(subject, pattern.replace(">", "*"))


def example(subject: str) -> str:
    return subject.replace(">", "enriched")


OURS = (topology.EVENTS, topology.SCHEDULE, topology.DEAD_LETTERS)


@pytest.mark.parametrize("subject", [subject for stream in OURS for subject in stream.subjects])
def test_every_subject_of_a_stream_carries_an_event_that_is_known(subject: str) -> None:
    assert subjects.event_of(example(subject)) is not None


def test_every_subject_that_carries_an_event_is_in_exactly_one_stream() -> None:
    every = [*subjects.EVENT_OF, "anime.dlq.enriched", "anime.schedule.timer.w.1", "anime.schedule.due.w"]
    for subject in every:
        holders = [stream.name for stream in topology.STREAMS for own in stream.subjects if matches(own, subject)]
        assert len(holders) == 1, (subject, holders)


def test_no_two_streams_share_a_subject() -> None:
    pairs = [(stream.name, subject) for stream in topology.STREAMS for subject in stream.subjects]
    for name, subject in pairs:
        for other, pattern in pairs:
            assert name == other or not matches(pattern, example(subject)), (subject, pattern)


@pytest.mark.parametrize("consumer", topology.CONSUMERS, ids=lambda consumer: consumer.name)
def test_a_consumer_reads_subjects_of_its_stream_and_gives_up_to_the_dead_letters(
    consumer: topology.ConsumerSpec,
) -> None:
    stream = next(stream for stream in topology.STREAMS if stream.name == consumer.stream)
    for subject in consumer.subjects:
        assert any(matches(pattern, subject) for pattern in stream.subjects), subject
    assert any(matches(pattern, consumer.dead_letters) for pattern in topology.DEAD_LETTERS.subjects)
    assert consumer.max_deliver > limits.ATTEMPTS_MAX, "our own count ends a message, the server's is the last net"


def test_the_names_and_waits_are_those_of_the_data_model() -> None:
    table = {consumer.name: (consumer.subjects, consumer.ack_wait_s, consumer.dead_letters) for consumer in CONSUMERS}
    assert table == {
        "postgres-consumer": (("anime.enriched",), 30, "anime.dlq.enriched"),
        "postgres-update-consumer": (("anime.updated",), 30, "anime.dlq.updated"),
        "postgres-episode-consumer": (("anime.episode.aired",), 60, "anime.dlq.episode.aired"),
        "postgres-character-consumer": (("character.updated",), 30, "anime.dlq.character.updated"),
        "qdrant-consumer": (
            ("anime.created", "anime.synced", "anime.deleted", "character.synced", "episode.synced"),
            30,
            "anime.dlq.sync",
        ),
    }


CONSUMERS = [consumer for consumer in topology.CONSUMERS if consumer.stream == topology.EVENTS.name]


def test_every_workflow_has_a_consumer_of_its_ticks() -> None:
    table = {
        consumer.name: (consumer.subjects, consumer.ack_wait_s, consumer.dead_letters)
        for consumer in topology.CONSUMERS
        if consumer.stream == topology.SCHEDULE.name
    }
    assert table == {
        f"schedule-{name}": ((f"anime.schedule.due.{name}",), 60, f"anime.dlq.schedule.{name}") for name in WORKFLOWS
    }


def test_each_consumer_belongs_to_one_role_and_each_subject_to_one_consumer() -> None:
    owned = [consumer.name for role in topology.ROLES.values() for consumer in role.consumers]
    assert sorted(owned) == sorted(consumer.name for consumer in topology.CONSUMERS)
    read = [subject for consumer in CONSUMERS for subject in consumer.subjects]
    assert len(read) == len(set(read))


def test_data_goes_forward_only() -> None:
    edges = {
        reader: {writer for writer, written in WRITES.items() if written & READS.get(reader, set())}
        for reader in topology.ROLES
    }
    order = list(TopologicalSorter(edges).static_order())  # Raises CycleError when something looks back.
    assert order.index("ingest") < order.index("persist") < order.index("index")
    assert edges["persist"] == {"ingest", "update"}
    assert edges["index"] == {"persist"}


def subjects_named(room: str) -> set[str]:
    """The subjects that the code of a room names, by their constants."""
    found: set[str] = set()
    for path, tree in trees().items():
        if path.startswith(f"handlers/{room}/"):
            found |= {
                str(getattr(subjects, node.attr))
                for node in ast.walk(tree)
                if isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == "subjects"
                and node.attr.isupper()
                and isinstance(getattr(subjects, node.attr), str)
            }
    return found


@pytest.mark.parametrize("room", [*WRITES, *REPAIRS])
def test_a_room_names_no_other_subjects_than_those_it_writes(room: str) -> None:
    assert subjects_named(room) == (WRITES | REPAIRS)[room]


def test_a_repair_is_of_a_kind_that_persist_sends_too() -> None:
    """Whoever listens cannot tell it from the change that it stands for."""
    assert set().union(*REPAIRS.values()) <= WRITES["persist"]


def test_the_index_writes_nothing_and_reads_only_what_was_committed() -> None:
    assert subjects_named("index") == set()
    committed = {subjects.event_of(subject) for subject in READS["index"]}
    assert events.AnimeUpdatedEvent not in committed
    assert committed == {subjects.event_of(subject) for subject in WRITES["persist"] - {subjects.REVIEW_READY}}


def test_dead_letters_are_read_by_nobody_but_letters_and_a_replay_names_no_subject_of_its_own() -> None:
    assert READS["letters"] == {*topology.DEAD_LETTERS.subjects, *topology.ADVISORIES.subjects}
    others = set().union(*(read for reader, read in READS.items() if reader != "letters"))
    assert not [subject for subject in others for own in READS["letters"] if matches(own, subject)]
    # What a person sends again goes to the subject that it came from, and so adds no edge.
    assert subjects_named("dead_letters") == set()


def test_what_hears_of_messages_that_the_server_gave_up_is_never_given_up_itself() -> None:
    for consumer in topology.ROLES["letters"].consumers:
        assert Tuning(max_deliver=1).of(consumer).max_deliver == topology.UNTIL_SETTLED
    assert Tuning(max_deliver=1).of(topology.ENRICHED).max_deliver == 1


def test_the_fields_that_ask_for_a_vector_are_those_of_the_data_model() -> None:
    named = {"title", "synopsis", "genres", "tags", "themes", "demographics"}
    assert named <= VECTOR_FIELDS["anime"] <= named | {"title_english"}
    assert VECTOR_FIELDS["character"] == {"name", "description", "traits"}


def test_no_role_name_is_written_outside_the_table_of_roles() -> None:
    assert set(topology.ROLES) == {role.name for role in topology.ROLES.values()}
