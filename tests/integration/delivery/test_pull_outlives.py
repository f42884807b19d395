"""The pull loop outlives servers that die, consumers that go, and requests that get lost."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import nats
import pytest
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from streams.delivery import pull
from streams.embedded import NatsServer
from streams.provision import provision
from tests.integration.delivery.lane import Lane, open_lane
from tests.integration.delivery.pulling import Sink, fill, open_sink, puller
from tests.waiting import eventually


async def test_an_idle_consumer_stays_alive_by_heartbeats(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull, "EXPIRES_S", 0.9)
    monkeypatch.setattr(pull, "HEARTBEAT_S", 0.1)
    monkeypatch.setattr(pull, "SILENCE_MAX_S", 3_600)  # The end of a request is noticed by its own word.
    sink = open_sink()
    loop = puller(lane, sink)
    loop.start()
    try:
        seen: set[float] = set()

        def heard() -> bool:
            if loop.progress.pulled_at is not None:
                seen.add(loop.progress.pulled_at)
            return len(seen) > 20  # More than two requests live through: they were asked for again.

        await eventually(heard)
        await fill(lane, 1)
        await eventually(lambda: len(sink.sequences) == 1)
    finally:
        await loop.stop()


async def test_a_request_that_got_lost_is_made_again(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull, "SILENCE_MAX_S", 0.2)
    real, lost = lane.client.publish, []

    async def forgetful(subject: str, *rest: Any, **more: Any) -> None:
        if "MSG.NEXT" in subject and not lost:
            lost.append(subject)
            return
        await real(subject, *rest, **more)

    monkeypatch.setattr(lane.client, "publish", forgetful)
    sink = open_sink()
    await fill(lane, 3)
    loop = puller(lane, sink)
    loop.start()
    try:
        await eventually(lambda: len(sink.sequences) == 3)
        assert lost
    finally:
        await loop.stop()


async def test_a_consumer_that_is_gone_is_asked_for_calmly_and_found_again(lane: Lane) -> None:
    asked = 0
    real = lane.client.publish

    async def counted(subject: str, *rest: Any, **more: Any) -> None:
        nonlocal asked
        asked += "MSG.NEXT" in subject
        await real(subject, *rest, **more)

    lane.client.publish = counted  # type: ignore[method-assign]
    sink = open_sink()
    loop = puller(lane, sink)
    loop.start()
    try:
        await fill(lane, 1)
        await eventually(lambda: len(sink.sequences) == 1)
        await lane.jetstream.delete_consumer(lane.stream.name, lane.consumer.name)
        before = asked
        await eventually(lambda: asked >= before + 2)
        # A loop that spins would have asked thousands of times in the pause before the second request.
        assert asked <= before + 4
        await provision(lane.jetstream, (), (lane.consumer,))
        await fill(lane, 1)
        await eventually(lambda: 2 in sink.sequences)
    finally:
        await loop.stop()


async def test_a_consumer_that_was_deleted_is_made_again(lane: Lane) -> None:
    async def restore() -> None:
        await provision(lane.jetstream, (), (lane.consumer,))

    sink = open_sink()
    loop = puller(lane, sink, restore=restore)
    loop.start()
    try:
        await fill(lane, 1)
        await eventually(lambda: len(sink.sequences) == 1)
        await lane.jetstream.delete_consumer(lane.stream.name, lane.consumer.name)
        await fill(lane, 1)
        await eventually(lambda: 2 in sink.sequences)
    finally:
        await loop.stop()
    with pytest.raises(NotFoundError):
        await lane.jetstream.consumer_info(lane.stream.name, "another")


@asynccontextmanager
async def killed(server: NatsServer) -> AsyncIterator[None]:
    """The server dies by SIGKILL; inside it is away."""
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    await eventually(lambda: not server.alive())
    yield
    server.start()


async def test_a_loop_that_ended_is_started_again(lane: Lane) -> None:
    sink = open_sink()
    loop = puller(lane, sink)
    loop.start()
    try:
        sequences = await fill(lane, 3)
        await eventually(lambda: sink.sequences == sequences)
        (task,) = [task for task in asyncio.all_tasks() if task.get_name() == f"pull {lane.consumer.name}"]
        task.cancel()
        await asyncio.wait([task])
        sequences += await fill(lane, 3)
        await eventually(lambda: sink.sequences == sequences)
    finally:
        await loop.stop()


async def test_it_survives_kill_9_of_the_server_and_loses_nothing(own_nats: NatsServer) -> None:
    client = await nats.connect(own_nats.url, max_reconnect_attempts=-1, reconnect_time_wait=0.1)
    try:
        await survive(client, own_nats)
    finally:
        await client.close()


async def survive(client: Client, server: NatsServer) -> None:
    lane = await open_lane(client, ack_wait_s=2)
    sink = open_sink()
    loop = puller(lane, sink)
    loop.start()
    try:
        expected: set[int] = set(await fill(lane, 5))
        for _ in range(2):
            async with killed(server):
                await eventually(lambda: not client.is_connected)
            await eventually(lambda: client.is_connected)
            expected |= set(await published(lane, 5))
            await eventually(lambda: len(expected - set(sink.sequences)) == 0, within_s=30)  # noqa: B023 - awaited here
        await eventually(lane.is_settled, within_s=30)
    finally:
        await loop.stop()


async def published(lane: Lane, number: int) -> Sequence[int]:
    """Published once JetStream answers again."""

    async def attempt() -> Sequence[int]:
        try:
            return await fill(lane, number)
        except (nats.errors.Error, TimeoutError):
            return []

    found: Sequence[int] = await eventually(attempt)
    return found


async def test_stopping_without_a_server_does_not_hang(own_nats: NatsServer) -> None:
    client = await nats.connect(own_nats.url, max_reconnect_attempts=-1, reconnect_time_wait=0.1)
    lane = await open_lane(client)
    sink = Sink()
    loop = puller(lane, sink)
    await fill(lane, 30)
    loop.start()
    await eventually(lambda: sink.begun == 1)
    own_nats.stop()
    sink.gate.set()
    async with asyncio.timeout(5):
        await loop.stop()
    with suppress(OSError):  # What the library's own close raises without a server.
        await client.close()
