"""Publishing: every confirmation is awaited, with a deadline, and a dead server's debts are dropped."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime, timedelta

import nats
import pytest
from nats.aio.client import Client
from nats.errors import TimeoutError as NatsTimeoutError

from contracts import subjects
from contracts.errors import Outage
from streams.clock import SystemClock
from streams.delivery import publish
from streams.delivery.publish import Publisher
from streams.delivery.settle import Letter
from streams.embedded import NatsServer
from streams.provision import provision
from streams.topology import DUE, EVENTS, SCHEDULE
from tests.integration.delivery.lane import Lane, open_lane
from tests.waiting import eventually


@pytest.fixture
async def own_client(own_nats: NatsServer) -> AsyncIterator[Client]:
    opened = await nats.connect(own_nats.url, max_reconnect_attempts=-1, reconnect_time_wait=0.1)
    yield opened
    await opened.close()


def letters(lane: Lane, number: int, start: int = 0, subject: str | None = None) -> list[Letter]:
    subject = subject or lane.stream.subjects[0]
    return [Letter(subject, f"{n}".encode(), {"Nats-Msg-Id": str(n)}) for n in range(start, start + number)]


async def stored(lane: Lane, stream: str | None = None) -> list[bytes]:
    name = stream or lane.stream.name
    state = (await lane.jetstream.stream_info(name)).state
    messages = [await lane.jetstream.get_msg(name, n) for n in range(1, state.last_seq + 1)]
    return [message.data or b"" for message in messages]


async def test_messages_arrive_in_their_order_and_are_confirmed(lane: Lane) -> None:
    publisher = Publisher(lambda: lane.client)
    assert await publisher.publish_all(letters(lane, 300)) == [True] * 300
    assert await stored(lane) == [f"{n}".encode() for n in range(300)]
    assert await publisher.publish_all([]) == []


async def test_what_no_stream_takes_is_not_confirmed_and_its_neighbours_are(lane: Lane) -> None:
    publisher = Publisher(lambda: lane.client)
    mixed = [*letters(lane, 1), Letter("nobody.takes.it", b"x", {}), *letters(lane, 1, start=1)]
    assert await publisher.publish_all(mixed) == [True, False, True]
    with pytest.raises(Outage):
        await publisher.publish(mixed[1])


@pytest.mark.parametrize("events", [True, False], ids=["batches of events", "one by one"])
async def test_a_server_that_died_under_load_does_not_stall_what_comes_after_it(
    own_nats: NatsServer, own_client: Client, monkeypatch: pytest.MonkeyPatch, events: bool
) -> None:
    """F18 with us: what was never confirmed is dropped with its connection, and its rows are claimed again."""
    monkeypatch.setattr(publish, "CONFIRM_TIMEOUT_S", 0.5)
    # As many as may be pending: if the confirmations that never come were kept, nothing could be sent any more.
    monkeypatch.setattr(publish, "PENDING_MAX", 50)
    lane = await open_lane(own_client)
    await provision(own_client.jetstream(), (EVENTS,), ())
    subject, stream = (subjects.ANIME_SYNCED, EVENTS.name) if events else (None, None)
    publisher = Publisher(lambda: own_client)
    assert await publisher.publish_all(letters(lane, 10, subject=subject)) == [True] * 10
    assert own_nats.pid is not None
    os.kill(own_nats.pid, signal.SIGKILL)
    await eventually(lambda: not own_nats.alive())
    for _ in range(3):
        try:
            assert not any(await publisher.publish_all(letters(lane, 50, 10, subject)))
        except Outage:
            continue
    own_nats.start()
    await eventually(lambda: own_client.is_connected)
    monkeypatch.setattr(publish, "CONFIRM_TIMEOUT_S", 5.0)

    async def goes_through() -> bool:
        try:
            return all(await publisher.publish_all(letters(lane, 50, 10, subject)))
        except Outage:
            return False

    await eventually(goes_through, within_s=30)
    assert sorted(await stored(lane, stream)) == sorted(f"{n}".encode() for n in range(60)), "each once"


async def test_events_and_letters_in_one_call_keep_their_order_and_each_has_its_answer(
    own_client: Client,
) -> None:
    lane = await open_lane(own_client)
    await provision(own_client.jetstream(), (EVENTS,), ())
    publisher = Publisher(lambda: own_client)
    mixed = [
        *letters(lane, 3, 0, subjects.ANIME_SYNCED),
        *letters(lane, 2, 3),
        Letter("nobody.takes.it", b"x", {}),
        *letters(lane, 3, 5, subjects.ANIME_CREATED),
    ]
    assert await publisher.publish_all(mixed) == [True] * 5 + [False] + [True] * 3
    assert await stored(lane, EVENTS.name) == [b"0", b"1", b"2", b"5", b"6", b"7"]
    assert await stored(lane) == [b"3", b"4"]


async def test_a_batch_that_was_partly_stored_before_is_sent_again_without_doubles(own_client: Client) -> None:
    lane = await open_lane(own_client)
    await provision(own_client.jetstream(), (EVENTS,), ())
    publisher = Publisher(lambda: own_client)
    assert await publisher.publish_all(letters(lane, 5, 0, subjects.ANIME_SYNCED)) == [True] * 5
    assert await publisher.publish_all(letters(lane, 10, 0, subjects.ANIME_SYNCED)) == [True] * 10
    assert await stored(lane, EVENTS.name) == [f"{n}".encode() for n in range(10)]


def timer(entity: str, number: int, fires_at: datetime) -> Letter:
    headers = {
        "Nats-Msg-Id": f"{entity} {number}",
        "Nats-Schedule": f"@at {fires_at.isoformat().replace('+00:00', 'Z')}",
        "Nats-Schedule-Target": f"{subjects.SCHEDULE_DUE}.metadata_refresh",
    }
    return Letter(f"{subjects.SCHEDULE_TIMER}.metadata_refresh.{entity}", f"{entity} {number}".encode(), headers)


async def test_timers_are_one_batch_outlive_a_kill_and_fire_once_and_the_newer_of_two_wins(
    own_nats: NatsServer, own_client: Client
) -> None:
    await provision(own_client.jetstream(), (SCHEDULE,), (DUE["metadata_refresh"],))
    fires_at = SystemClock().now() + timedelta(seconds=3)
    publisher = Publisher(lambda: own_client)
    # The second timer of `again` stands in the same call, where it may not be part of the same batch.
    timers = [timer("again", 1, fires_at), *(timer(f"one-{n}", 1, fires_at) for n in range(20))]
    timers += [timer("again", 2, fires_at), timer("one-0", 2, fires_at)]
    assert await publisher.publish_all(timers) == [True] * 23
    jetstream = own_client.jetstream()
    held = await jetstream.get_last_msg(SCHEDULE.name, f"{subjects.SCHEDULE_TIMER}.metadata_refresh.one-19")
    assert (held.headers or {}).get("Nats-Batch-Sequence") == "21", "the first 21 went as one batch"
    assert own_nats.pid is not None
    os.kill(own_nats.pid, signal.SIGKILL)
    await eventually(lambda: not own_nats.alive())
    own_nats.start()
    await eventually(lambda: own_client.is_connected)
    subscription = await jetstream.pull_subscribe_bind(DUE["metadata_refresh"].name, SCHEDULE.name)
    fired: list[bytes] = []

    async def all_fired() -> bool:
        with suppress(NatsTimeoutError, TimeoutError):
            fired.extend(message.data for message in await subscription.fetch(100, timeout=0.2))
        return len(fired) >= 21

    await eventually(all_fired, within_s=30)
    state = (await jetstream.stream_info(SCHEDULE.name)).state
    assert state.messages == 21, "the ticks that fired are there, and no timer is left to fire"
    assert sorted(fired) == sorted([b"again 2", b"one-0 2", *(f"one-{n} 1".encode() for n in range(1, 20))])
