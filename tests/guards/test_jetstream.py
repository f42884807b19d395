"""What JetStream does that would lose or double messages, and what we do about it; see docs/hazards.md."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import nats
import pytest
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, PubAck, StreamConfig
from nats.js.errors import APIError, BadRequestError, ServiceUnavailableError

from contracts import subjects
from contracts.errors import Outage
from handlers.schedule.timer import SCHEDULE, rfc3339, subject_of
from streams import topology
from streams.clock import SystemClock
from streams.delivery import publish
from streams.delivery.publish import Publisher
from streams.delivery.settle import Letter
from streams.embedded import NatsServer
from streams.provision import plan_stream, provision, stream_config
from streams.timers import NatsTimers
from tests.waiting import eventually

MESSAGE_ID = "Nats-Msg-Id"
TARGET = "Nats-Schedule-Target"
TICKS = f"{subjects.SCHEDULE_DUE}.score_sync"
KIB = b"x" * 1024


async def messages(jetstream: JetStreamContext, name: str) -> int:
    return (await jetstream.stream_info(name)).state.messages


# --- repetitions -------------------------------------------------------------------------------------------------


async def test_the_servers_memory_of_message_ids_outlives_a_kill_but_not_its_window(own_nats: NatsServer) -> None:
    """So it is a courtesy; what counts is the row of the inbox (tests/integration/persist/test_once_and_alone.py)."""
    client = await nats.connect(own_nats.url, max_reconnect_attempts=-1, reconnect_time_wait=0.05)
    jetstream = client.jetstream()
    for name, window_s in (("LONG", 60.0), ("SHORT", 0.5)):
        await jetstream.add_stream(config=StreamConfig(name=name, subjects=[name], duplicate_window=window_s))
        await jetstream.publish(name, b"once", headers={MESSAGE_ID: "1"})
    assert own_nats.pid is not None
    os.kill(own_nats.pid, signal.SIGKILL)
    await eventually(lambda: not own_nats.alive())
    own_nats.start()

    async def again(name: str) -> PubAck | None:
        with suppress(nats.errors.Error, OSError):
            return await jetstream.publish(name, b"once", headers={MESSAGE_ID: "1"}, timeout=1)
        return None

    first: PubAck = await eventually(lambda: again("LONG"))
    assert first.duplicate

    async def is_taken_for_new() -> bool:
        found = await again("SHORT")
        return found is not None and not found.duplicate

    await eventually(is_taken_for_new)
    assert (await messages(jetstream, "LONG"), await messages(jetstream, "SHORT")) == (1, 2)
    await client.close()


# --- limits of an operator ---------------------------------------------------------------------------------------


async def test_a_stream_that_discards_the_old_drops_what_nobody_has_read_and_confirms_the_new(
    jetstream: JetStreamContext,
) -> None:
    await jetstream.add_stream(config=StreamConfig(name="THEIRS", subjects=["theirs"], max_bytes=8 * len(KIB)))
    for _ in range(20):
        await jetstream.publish("theirs", KIB)
    assert await messages(jetstream, "THEIRS") < 8


def test_a_limit_that_would_drop_unread_messages_is_said() -> None:
    limited = replace(stream_config(topology.EVENTS, 1), max_bytes=1_000_000)
    step = plan_stream(topology.EVENTS, limited, 1)
    assert step.action == "refuse"
    assert "max_bytes 1000000" in " ".join(step.notes)
    assert step.stream is not None
    assert step.stream.max_bytes == 1_000_000, "it is the operator's"
    for harmless in (replace(limited, discard=DiscardPolicy.NEW), stream_config(topology.EVENTS, 1)):
        assert plan_stream(topology.EVENTS, harmless, 1).action == "keep"


async def test_a_refusal_is_never_told_to_whoever_publishes_without_waiting(jetstream: JetStreamContext) -> None:
    """The client raises it where nobody listens; only a deadline ends the wait."""
    config = StreamConfig(name="THEIRS", subjects=["theirs"], max_bytes=1, discard=DiscardPolicy.NEW)
    await jetstream.add_stream(config=config)
    with pytest.raises(ServiceUnavailableError):
        await jetstream.publish("theirs", KIB)
    waiting = await jetstream.publish_async("theirs", KIB)
    done, _ = await asyncio.wait([waiting], timeout=0.5)
    assert not done
    waiting.cancel()


async def test_a_full_stream_that_refuses_the_new_loses_nothing_and_takes_them_once_there_is_room(
    client: Client, jetstream: JetStreamContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish, "CONFIRM_TIMEOUT_S", 0.5)
    config = (await jetstream.stream_info(topology.EVENTS.name)).config
    limited = replace(config, discard=DiscardPolicy.NEW, max_bytes=8 * len(KIB))
    await jetstream.update_stream(config=limited)
    await provision(jetstream, topology.STREAMS, topology.CONSUMERS)
    publisher = Publisher(lambda: client)
    # Events of one call are one batch, or each its own when the batch is refused; either way each has its answer.
    sent = [Letter(subjects.ANIME_SYNCED, KIB, {MESSAGE_ID: str(n)}) for n in range(20)]
    confirmed = await publisher.publish_all(sent)
    assert 0 < sum(confirmed) < 8
    assert await messages(jetstream, topology.EVENTS.name) == sum(confirmed)
    with pytest.raises(Outage):
        await publisher.publish(sent[-1])
    monkeypatch.undo()
    await jetstream.update_stream(config=replace(limited, max_bytes=1_000_000))
    assert all(await publisher.publish_all(sent))
    assert await messages(jetstream, topology.EVENTS.name) == 20, "each once"


# --- what a publisher's headers may do -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [{"Nats-Rollup": "all"}, {"Nats-Rollup": "sub"}, {"Nats-TTL": "1s"}, {SCHEDULE: "@at 2020-01-01T00:00:00Z"}],
    ids=str,
)
async def test_no_publisher_can_make_an_event_or_a_letter_go(
    jetstream: JetStreamContext, headers: dict[str, str]
) -> None:
    for stream, subject in ((topology.EVENTS, subjects.ANIME_UPDATED), (topology.DEAD_LETTERS, "anime.dlq.updated")):
        await jetstream.publish(subject, b"kept")
        with pytest.raises(APIError):
            await jetstream.publish(subject, b"takes its place", headers={TARGET: subject, **headers})
        assert await messages(jetstream, stream.name) == 1


async def test_a_stream_of_timers_obeys_a_rollup_whether_we_want_it_or_not(jetstream: JetStreamContext) -> None:
    """Nobody asked for it: the server switches it on with schedules. Timers that are gone are set again from their
    rows (tests/integration/schedule/test_timers.py)."""
    at = rfc3339(SystemClock().now() + timedelta(hours=1))
    for name in ("one", "two"):
        await jetstream.publish(subject_of("score_sync", name), b"", headers={SCHEDULE: f"@at {at}", TARGET: TICKS})
    await jetstream.publish(TICKS, b"", headers={"Nats-Rollup": "all"})
    assert await messages(jetstream, topology.SCHEDULE.name) == 1


# --- timers ------------------------------------------------------------------------------------------------------


async def test_a_timer_fires_into_its_own_stream_only(jetstream: JetStreamContext) -> None:
    """That is why the ticks live beside the timers."""
    headers = {SCHEDULE: "@at 2020-01-01T00:00:00Z", TARGET: subjects.ANIME_UPDATED}
    with pytest.raises(BadRequestError, match="target is invalid"):
        await jetstream.publish(subject_of("score_sync", "one"), b"", headers=headers)


async def test_an_age_of_the_stream_takes_timers_away_that_wait_longer(jetstream: JetStreamContext) -> None:
    config = StreamConfig(
        name="THEIRS", subjects=["theirs.>"], max_age=0.2, duplicate_window=0.1, allow_msg_schedules=True
    )
    await jetstream.add_stream(config=config)
    at = rfc3339(SystemClock().now() + timedelta(hours=1))
    await jetstream.publish("theirs.timer", b"", headers={SCHEDULE: f"@at {at}", TARGET: "theirs.tick"})

    async def is_gone() -> bool:
        return await messages(jetstream, "THEIRS") == 0

    await eventually(is_gone)


async def test_an_age_that_somebody_gave_the_timers_is_taken_back(jetstream: JetStreamContext) -> None:
    config = (await jetstream.stream_info(topology.SCHEDULE.name)).config
    await jetstream.update_stream(config=replace(config, max_age=3_600))
    await provision(jetstream, topology.STREAMS, ())
    assert not (await jetstream.stream_info(topology.SCHEDULE.name)).config.max_age


async def test_a_purge_by_subject_takes_a_newer_timer_along_and_ours_does_not(
    client: Client, jetstream: JetStreamContext
) -> None:
    """A timer that was set while a pause cancelled is one that the row knows of."""
    timers = NatsTimers(lambda: client, lambda workflow: f"schedule-{workflow}")
    at = rfc3339(SystemClock().now() + timedelta(hours=1))
    subject = subject_of("score_sync", "one")

    async def set_again() -> int:
        ack = await jetstream.publish(subject, b"", headers={SCHEDULE: f"@at {at}", TARGET: TICKS})
        return int(ack.seq)

    older = await set_again()
    newer = await set_again()
    await timers.cancel([subject], older)
    assert [held.sequence for held in (await timers.held()).values()] == [newer]
    await jetstream.purge_stream(topology.SCHEDULE.name, subject=subject)
    assert await timers.held() == {}
