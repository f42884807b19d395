"""Which subject reaches which step, and as what."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from faststream.nats import NatsBroker

from contracts import codec, subjects
from contracts.advisories import AdvisoryEvent
from contracts.codec import PoisonMessage
from contracts.errors import Awaited
from contracts.events import (
    AnimeCreatedEvent,
    AnimeDeletedEvent,
    AnimeSyncedEvent,
    CharacterSyncedEvent,
    DeadLetterEvent,
    EpisodeSyncedEvent,
    Event,
    ScheduleTickEvent,
)
from handlers.update.workflows import WORKFLOWS
from streams import topology
from tests.events import aired, at, character_updated, enriched, uid, updated
from tests.streams.conftest import Wired

COMMON: dict[str, Any] = {"event_id": UUID(int=1), "timestamp": at(0)}
CASES: list[tuple[str, Event, str]] = [
    (subjects.ANIME_ENRICHED, enriched("Ring", episodes=[{"episode_number": 1}]), "postgres-consumer"),
    (subjects.ANIME_UPDATED, updated("Ring", status="ONGOING"), "postgres-update-consumer"),
    (subjects.EPISODE_AIRED, aired("Ring", 3), "postgres-episode-consumer"),
    (subjects.CHARACTER_UPDATED, character_updated("hero", description="Brave"), "postgres-character-consumer"),
    (subjects.ANIME_CREATED, AnimeCreatedEvent(anime_id=uid("Ring"), **COMMON), "qdrant-consumer"),
    (
        subjects.ANIME_SYNCED,
        AnimeSyncedEvent(anime_id=uid("Ring"), changed_fields=["score"], entity_version=3, **COMMON),
        "qdrant-consumer",
    ),
    (subjects.ANIME_DELETED, AnimeDeletedEvent(anime_id=uid("Ring"), **COMMON), "qdrant-consumer"),
    (subjects.CHARACTER_SYNCED, CharacterSyncedEvent(character_id=uid("hero"), **COMMON), "qdrant-consumer"),
    (
        subjects.EPISODE_SYNCED,
        EpisodeSyncedEvent(episode_id=uid("e"), anime_id=uid("Ring"), **COMMON),
        "qdrant-consumer",
    ),
    *(
        (
            f"{subjects.SCHEDULE_DUE}.{name}",
            ScheduleTickEvent(workflow=name, entity_id=str(uid("Ring")), due_at=at(5), attempt=2, **COMMON),
            f"schedule-{name}",
        )
        for name in WORKFLOWS
    ),
    (
        "anime.dlq.updated",
        DeadLetterEvent(subject=subjects.ANIME_UPDATED, payload=b"\xff", stream="ANIME_EVENTS", **COMMON),
        "letters-consumer",
    ),
]
STREAM_OF = {
    subject.replace(">", "updated"): consumer.stream for consumer in topology.CONSUMERS for subject in consumer.subjects
}


async def send(broker: NatsBroker, subject: str, message: Event | bytes) -> None:
    await broker.publish(message, subject, stream=STREAM_OF[subject])


def test_every_consumed_subject_is_among_the_cases() -> None:
    consumed = {
        subject.replace(">", "updated")
        for consumer in topology.CONSUMERS
        for subject in consumer.subjects
        if consumer is not topology.ADVISED
    }
    assert {subject for subject, _, _ in CASES} == consumed


async def test_the_servers_advisories_reach_their_step_as_events(wired: Wired) -> None:
    said = {
        "type": "io.nats.jetstream.advisory.v1.max_deliver",
        "id": "x",
        "timestamp": "2026-02-17T12:00:00.123456789Z",
    }
    said |= {"stream": "ANIME_EVENTS", "consumer": "qdrant-consumer", "stream_seq": 7, "deliveries": 50}
    subject = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.ANIME_EVENTS.qdrant-consumer"
    for message in (json.dumps(said).encode(), b"\xff", b"[1]"):
        await wired.broker.publish(message, subject, stream=topology.ADVISORIES.name)
    items = [item for name, events in wired.notes.delivered for item in events if name == "advisories-consumer"]
    assert isinstance(items[0], AdvisoryEvent)
    assert (items[0].kind, items[0].stream_sequence, items[0].deliveries) == ("max_deliver", 7, 50)
    assert [isinstance(item, PoisonMessage) for item in items] == [False, True, True]


@pytest.mark.parametrize(("subject", "event", "consumer"), CASES, ids=[case[0] for case in CASES])
async def test_each_subject_reaches_its_step_as_its_type(
    wired: Wired, subject: str, event: Event, consumer: str
) -> None:
    await send(wired.broker, subject, event)
    assert wired.notes.delivered == [(consumer, [event])]


@pytest.mark.parametrize("subject", [case[0] for case in CASES])
async def test_what_cannot_be_read_reaches_the_step_as_poison_among_its_neighbours(wired: Wired, subject: str) -> None:
    good = next(event for name, event, _ in CASES if name == subject)
    for message in (good, b"\xff\x00", b"{}", good):
        await send(wired.broker, subject, message)
    items = [item for _, events in wired.notes.delivered for item in events]
    assert [isinstance(item, PoisonMessage) for item in items] == [False, True, True, False]
    poison = items[1]
    assert isinstance(poison, PoisonMessage)
    assert (poison.subject, poison.sample) == (subject, b"\xff\x00")


async def test_persist_runs_its_step_in_a_transaction_under_its_consumers_name(
    wired: Wired, pool: asyncpg.Pool
) -> None:
    wired.runtime.hold(pool=pool)
    for subject, event, _ in CASES[:4]:
        await send(wired.broker, subject, event)
    for consumer in ("postgres-consumer", "postgres-update-consumer", "postgres-episode-consumer"):
        (event,) = next(events for name, events in wired.notes.delivered if name == consumer)
        assert await wired.notes.steps[consumer]([event]) == [None]
    (event,) = wired.notes.delivered[3][1]
    (outcome,) = await wired.notes.steps["postgres-character-consumer"]([event])
    assert isinstance(outcome, Awaited)
    claimed = await pool.fetch("SELECT consumer FROM inbox ORDER BY consumer")
    assert [row["consumer"] for row in claimed] == [
        "postgres-consumer",
        "postgres-episode-consumer",
        "postgres-update-consumer",
    ]
    assert await pool.fetchval("SELECT status FROM anime") == "ONGOING"


async def test_whoever_waits_for_the_verdict_of_a_refused_record_hears_of_it(wired: Wired, pool: asyncpg.Pool) -> None:
    wired.runtime.hold(pool=pool)
    event = enriched("Ring")
    await pool.execute("INSERT INTO ingestion_runs (artifact_uri) VALUES ('test')")
    await pool.execute(
        """INSERT INTO ingestion_entries (event_id, run_id, anime_id, label, payload_sha256)
           SELECT $1, id, $2, 'Ring', 'x' FROM ingestion_runs""",
        event.event_id,
        event.anime_id,
    )
    await send(wired.broker, subjects.ANIME_ENRICHED, event)
    await wired.notes.given_up["postgres-consumer"]([(event, "Ring: anime.title: is missing")])
    row = await pool.fetchrow("SELECT verdict, reason FROM ingestion_entries")
    assert row is not None
    assert tuple(row) == ("refused", "Ring: anime.title: is missing")


async def test_only_events_and_bytes_are_published(wired: Wired) -> None:
    with pytest.raises(TypeError, match="neither an event nor bytes"):
        await wired.broker.publish({"anime_id": "1"}, subjects.ANIME_UPDATED)


async def test_what_is_published_says_what_it_is(wired: Wired) -> None:
    from streams.delivery.codec import ProtobufCodec

    body, content_type = await ProtobufCodec().encode(CASES[1][1])
    assert content_type == codec.CONTENT_TYPE
    assert codec.decode(subjects.ANIME_UPDATED, body) == CASES[1][1]


def test_every_consumer_of_the_topology_is_pulled_by_our_loop_and_declared_by_nobody_else() -> None:
    from streams import advisories, index, persist, update
    from streams.broker import Pullers, build_broker
    from streams.clock import SystemClock
    from streams.letters import LetterDesk
    from streams.runtime import Runtime
    from streams.settings import Settings

    broker = build_broker("nats://127.0.0.1:1", shutdown_grace_s=1, name="wiring")
    pullers = Pullers(broker, SystemClock())
    runtime = Runtime(Settings(_env_file=None), SystemClock(), None)  # type: ignore[arg-type,call-arg]
    persist.subscribe(pullers, runtime)
    index.subscribe(pullers, runtime)
    update.subscribe(pullers, runtime)
    advisories.subscribe(pullers, runtime)
    LetterDesk(runtime).subscribe(pullers)
    assert set(pullers.by_consumer) == {consumer.name for consumer in topology.CONSUMERS}
    for subscriber in broker.subscribers:
        stream = subscriber.stream  # type: ignore[attr-defined]
        assert stream.declare is False
    runtime.release()
