"""A message that its process does not survive becomes a dead letter, once, whichever way it came."""

from __future__ import annotations

from typing import Any

from contracts import codec, subjects
from contracts.errors import Permanent
from contracts.events import Event
from handlers.dead_letters import letter_id
from streams import topology
from tests.events import enriched, updated
from tests.integration.letters.parts import MAX_DELIVER, Parts
from tests.waiting import eventually

HEADERS = {"Nats-Msg-Id": "m1", "traceparent": "00-ab"}


async def test_a_message_that_is_never_answered_becomes_a_letter_with_its_bytes_and_its_story(parts: Parts) -> None:
    event = updated("a", status="ONGOING")
    sequence = await parts.publish(subjects.ANIME_UPDATED, event, HEADERS)
    taken = await parts.die_on(topology.UPDATED)
    assert len(taken) == MAX_DELIVER
    (row,) = await eventually(parts.rows)
    stored = await parts.jetstream.get_msg(topology.EVENTS.name, sequence)
    assert row["payload"] == stored.data == codec.encode(event)
    assert '"traceparent": "00-ab"' in row["headers"]
    assert (row["stream"], row["consumer"], row["stream_sequence"]) == ("ANIME_EVENTS", topology.UPDATED.name, sequence)
    assert (row["subject"], row["error_class"], row["attempts"]) == (subjects.ANIME_UPDATED, "Abandoned", MAX_DELIVER)
    assert row["is_whole"]
    assert row["state"] == "waiting"
    # The id is the one that the settling place would have given it, so the two can never be two.
    assert stored.time is not None
    assert row["id"] == letter_id("ANIME_EVENTS", topology.UPDATED.name, sequence, stored.time)


async def settle_as_refused(parts: Parts, raw: Any, event: Event) -> None:
    async def step(_: Any) -> list[Permanent | None]:
        return [Permanent("never")]

    await parts.graph.runtime.settler.deliver(topology.UPDATED, [raw], [event], step)


async def test_a_message_that_was_given_up_by_us_and_then_by_the_server_has_one_letter(parts: Parts) -> None:
    event = updated("a", status="ONGOING")
    await parts.publish(subjects.ANIME_UPDATED, event)
    taken = await parts.die_on(topology.UPDATED)
    await eventually(parts.rows)
    # The process that hung comes back and gives it up too, after the server did.
    await settle_as_refused(parts, taken[-1], event)
    await eventually(parts.advisories_are_settled)
    assert await parts.wire_letters() == 1
    assert len(await parts.rows()) == 1


async def test_neither_way_makes_a_second_letter_when_the_stream_has_forgotten_the_first(parts: Parts) -> None:
    event = updated("a", status="ONGOING")
    await parts.publish(subjects.ANIME_UPDATED, event)
    (raw, *_) = await parts.die_on(topology.UPDATED)
    await eventually(parts.rows)
    await parts.jetstream.delete_stream(topology.DEAD_LETTERS.name)
    await parts.jetstream.delete_stream(topology.ADVISORIES.name)
    tuning = parts.graph.settings.tuning
    consumers = [tuning.of(topology.ADVISED), tuning.of(topology.LETTERS)]
    from streams.provision import provision

    await provision(parts.jetstream, (topology.DEAD_LETTERS, topology.ADVISORIES), consumers)
    await parts.client.publish(
        "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.ANIME_EVENTS.postgres-update-consumer",
        b'{"type": "io.nats.jetstream.advisory.v1.max_deliver", "id": "z", "timestamp": "2099-01-01T00:00:00Z", '
        b'"stream": "ANIME_EVENTS", "consumer": "postgres-update-consumer", "stream_seq": 1, "deliveries": 2}',
    )

    async def read() -> bool:
        info = await parts.jetstream.consumer_info(topology.ADVISED.stream, topology.ADVISED.name)
        return info.delivered is not None and info.delivered.stream_seq == 1 and info.num_ack_pending == 0

    await eventually(read)
    assert await parts.wire_letters() == 0, "the table knew it"
    await settle_as_refused(parts, raw, event)
    assert await parts.wire_letters() == 1
    await eventually(lambda: letters_are_read(parts))
    assert len(await parts.rows()) == 1


async def letters_are_read(parts: Parts) -> bool:
    info = await parts.jetstream.consumer_info(topology.LETTERS.stream, topology.LETTERS.name)
    return info.num_pending == 0 and info.num_ack_pending == 0


async def test_a_stream_that_was_made_anew_begins_at_one_and_its_messages_have_letters_of_their_own(
    parts: Parts,
) -> None:
    first, second = updated("a", status="ONGOING"), updated("b", status="ONGOING")
    await parts.publish(subjects.ANIME_UPDATED, first)
    await parts.die_on(topology.UPDATED)
    await eventually(parts.rows)
    await parts.jetstream.delete_stream(topology.EVENTS.name)
    from streams.provision import provision

    await provision(parts.jetstream, (topology.EVENTS,), (parts.graph.settings.tuning.of(topology.UPDATED),))
    assert await parts.publish(subjects.ANIME_UPDATED, second) == 1
    await parts.die_on(topology.UPDATED, wanted=2)

    async def both() -> bool:
        return len(await parts.rows()) == 2

    await eventually(both)
    assert {row["payload"] for row in await parts.rows()} == {codec.encode(first), codec.encode(second)}
    assert {row["stream_sequence"] for row in await parts.rows()} == {1}


async def test_a_message_whose_effect_was_committed_before_the_answer_was_lost_is_no_dead_letter(parts: Parts) -> None:
    done, lost = updated("a", status="ONGOING"), updated("b", status="ONGOING")
    await parts.pool.execute(
        "INSERT INTO inbox (consumer, event_id) VALUES ($1, $2)", topology.UPDATED.name, done.event_id
    )
    await parts.publish(subjects.ANIME_UPDATED, done)
    await parts.publish(subjects.ANIME_UPDATED, lost)
    await parts.die_on(topology.UPDATED, wanted=2)
    (row,) = await eventually(parts.rows)
    await eventually(parts.advisories_are_settled)
    assert row["payload"] == codec.encode(lost)
    assert len(await parts.rows()) == 1


async def test_whoever_waits_for_the_verdict_of_a_record_that_kills_hears_of_it(parts: Parts) -> None:
    event = enriched("Ring")
    await parts.pool.execute("INSERT INTO ingestion_runs (artifact_uri) VALUES ('test')")
    await parts.pool.execute(
        """INSERT INTO ingestion_entries (event_id, run_id, anime_id, label, payload_sha256)
           SELECT $1, id, $2, 'Ring', 'x' FROM ingestion_runs""",
        event.event_id,
        event.anime_id,
    )
    await parts.publish(subjects.ANIME_ENRICHED, event)
    await parts.die_on(topology.ENRICHED)
    reason = await eventually(lambda: parts.pool.fetchval("SELECT reason FROM ingestion_entries"))
    assert "never settled it" in reason
    assert await parts.pool.fetchval("SELECT verdict FROM ingestion_entries") == "refused"


async def test_what_a_foreign_client_terminates_is_a_letter_too(parts: Parts) -> None:
    await parts.publish(subjects.ANIME_UPDATED, updated("a", status="ONGOING"))
    subscription = await parts.jetstream.pull_subscribe_bind(topology.UPDATED.name, topology.UPDATED.stream)
    (message,) = await subscription.fetch(1, timeout=5)
    await message.term()
    (row,) = await eventually(parts.rows)
    assert row["error_class"] == "Abandoned"
    assert "terminated it" in row["error"]


async def test_a_message_that_has_left_its_stream_leaves_a_letter_that_says_so(parts: Parts) -> None:
    await parts.publish(subjects.ANIME_UPDATED, updated("a", status="ONGOING"))
    await parts.graph.pullers.by_consumer[topology.ADVISED.name].stop()
    await parts.die_on(topology.UPDATED)
    await parts.jetstream.purge_stream(topology.EVENTS.name)
    parts.graph.pullers.by_consumer[topology.ADVISED.name].start()
    (row,) = await eventually(parts.rows)
    assert not row["is_whole"]
    assert row["payload"] == b""
    assert row["stream_sequence"] == 1


async def test_what_a_consumer_of_somebody_else_gives_up_is_none_of_our_letters(parts: Parts) -> None:
    from nats.js.api import AckPolicy, ConsumerConfig

    config = ConsumerConfig(durable_name="stranger", ack_policy=AckPolicy.EXPLICIT, ack_wait=0.2, max_deliver=1)
    await parts.jetstream.add_consumer(topology.EVENTS.name, config)
    stranger = topology.ConsumerSpec("stranger", topology.EVENTS.name, (), 0.2, "", "")
    await parts.publish(subjects.ANIME_UPDATED, updated("a", status="ONGOING"))
    await parts.die_on(stranger)
    await eventually(parts.advisories_are_settled)
    assert await parts.wire_letters() == 0


async def test_an_advisory_that_cannot_be_read_is_kept_as_a_letter_and_holds_nobody_up(parts: Parts) -> None:
    subject = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.ANIME_EVENTS.x"
    await parts.client.publish(subject, b"\xff\x00")
    (row,) = await eventually(parts.rows)
    assert (row["consumer"], row["error_class"], row["payload"]) == (topology.ADVISED.name, "Poison", b"\xff\x00")
    await parts.publish(subjects.ANIME_UPDATED, updated("a", status="ONGOING"))
    await parts.die_on(topology.UPDATED, wanted=2)

    async def both() -> bool:
        return len(await parts.rows()) == 2

    await eventually(both)
