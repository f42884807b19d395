"""The pull loop takes large messages in bounded bytes, and such as are larger than a request."""

from __future__ import annotations

import os

import pytest
from nats.aio.msg import Msg

from streams.clock import SystemClock
from streams.delivery import pull
from streams.delivery.pull import Puller
from tests.integration.delivery.lane import Lane
from tests.waiting import eventually


async def test_large_messages_come_in_bounded_bytes_and_all_of_them_come(lane: Lane) -> None:
    size, number = 256 * 1024, 120
    for _ in range(number):
        await lane.publish(os.urandom(size))
    seen: list[int] = []
    ahead: list[int] = []

    async def handle(batch: list[Msg]) -> None:
        ahead.append((await lane.info()).num_ack_pending or 0)
        for message in batch:
            await message.ack()
        seen.extend(len(message.data) for message in batch)

    puller = Puller(lambda: lane.client, lane.consumer, 200, handle, SystemClock())
    puller.start()
    try:
        await eventually(lambda: len(seen) == number)
        await eventually(lane.is_settled)
    finally:
        await puller.stop()
    assert set(seen) == {size}
    # What is in hand, what waits behind it, and what is on its way.
    assert max(ahead) * size <= 4 * pull.BYTES_MAX


async def test_a_message_that_is_larger_than_a_request_comes_all_the_same(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.delivery.pull.BYTES_MAX", 5_000)
    sizes = [100, 20_000, 100, 100, 30_000, 30_000, 100]
    await lane.publish(*[b"x" * size for size in sizes])
    seen: list[int] = []

    async def handle(batch: list[Msg]) -> None:
        for message in batch:
            seen.append(len(message.data))
            await message.ack()

    puller = Puller(lambda: lane.client, lane.consumer, 10, handle, SystemClock())
    puller.start()
    try:
        await eventually(lambda: len(seen) == len(sizes))
        assert seen == sizes
    finally:
        await puller.stop()
