"""The library's default when the server refuses a message for want of room, and ours beside it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy
from nats.js.errors import APIError

from contracts import subjects
from streams import topology
from streams.delivery.answers import AnsweringContext
from streams.delivery.publish import Publisher
from streams.delivery.settle import Letter


@pytest.fixture
async def full(jetstream: JetStreamContext) -> str:
    """A subject of the stream of events, which has no room."""
    config = (await jetstream.stream_info(topology.EVENTS.name)).config
    await jetstream.update_stream(replace(config, max_bytes=10, discard=DiscardPolicy.NEW))
    return subjects.ANIME_UPDATED


async def test_f22_by_default_a_refusal_looks_like_a_server_that_is_silent(client: Client, full: str) -> None:
    future = await client.jetstream().publish_async(full, b"x")
    # The answer of the same server to a message after it is there already.
    with pytest.raises(APIError, match="maximum bytes exceeded"):
        await client.jetstream().publish(full, b"y")
    await asyncio.wait([future], timeout=0.5)
    assert not future.done()
    future.cancel()


async def test_f22_with_us_it_is_heard_and_so_does_whoever_publishes(client: Client, full: str) -> None:
    with pytest.raises(APIError, match="maximum bytes exceeded"):
        await asyncio.wait_for(await AnsweringContext(client).publish_async(full, b"x"), 5)
    publisher = Publisher(lambda: client)
    letters = [Letter(full, b"x", {}), Letter(full, b"y", {})]
    assert await publisher.publish_all(letters) == [False, False]
    assert publisher.intake.troubles[topology.EVENTS.name].words == "maximum bytes exceeded"
