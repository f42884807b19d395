"""F7 once more: an error that a server sends on a connection that stood ends the library's for good, and not ours."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import nats
import pytest
from nats.aio.client import Client
from nats.errors import Error as NatsError

from contracts import codec, subjects
from contracts.events import Event
from streams import topology
from streams.broker import Pullers, build_broker
from streams.broker import connection as connection_of
from streams.clock import SystemClock
from streams.delivery.publish import Publisher
from streams.delivery.settle import Settler
from tests.events import updated
from tests.guards.conftest import GRACE_S, Ours
from tests.guards.test_faststream_defaults import is_settled, well
from tests.integration.access.guarded_nats import PASSWORD, GuardedNats, guarded_nats, provisioned
from tests.integration.delivery.lane import CountedInMemory
from tests.waiting import eventually

USER = "echora_persist"


@pytest.fixture
async def admin() -> AsyncIterator[tuple[GuardedNats, Client]]:
    """A server that asks for passwords, and its administrator."""
    with guarded_nats({USER: ["persist"]}) as server:
        client = await provisioned(server)
        yield server, client
        await client.close()


@asynccontextmanager
async def another_password(server: GuardedNats) -> AsyncIterator[None]:
    """The user's password is another one inside the block; the server reads its configuration while it runs."""
    config = server.home.path / "run" / "nats.conf"
    whole = config.read_text(encoding="utf-8")
    lines = [line.replace(PASSWORD, "another") if USER in line else line for line in whole.splitlines()]
    config.write_text("\n".join(lines), encoding="utf-8")
    _reload(server)
    yield
    config.write_text(whole, encoding="utf-8")
    _reload(server)


def _reload(server: GuardedNats) -> None:
    assert server.pid is not None
    os.kill(server.pid, signal.SIGHUP)


async def test_f7_by_default_a_refusal_of_the_server_closes_the_connection_for_good(
    admin: tuple[GuardedNats, Client],
) -> None:
    server, _ = admin
    client = await nats.connect(server.url_of(USER), max_reconnect_attempts=-1, reconnect_time_wait=0.05)
    async with another_password(server):
        await eventually(lambda: client.is_closed)
    with pytest.raises(NatsError):
        await client.publish("any", b"")


async def test_f7_with_us_it_comes_back_once_the_server_takes_it_again(admin: tuple[GuardedNats, Client]) -> None:
    server, client = admin
    broker = build_broker(server.url_of(USER), shutdown_grace_s=GRACE_S, name="guard")
    settler = Settler(Publisher(lambda: connection_of(broker)), CountedInMemory(), SystemClock(), lambda: 0.0)
    ours = Ours(broker, Pullers(broker, SystemClock()), settler)
    await ours.start(well)
    try:
        await _publish(client, "before")
        await eventually(lambda: len(ours.events) == 1)
        async with another_password(server):
            await eventually(lambda: connection_of(broker).is_reconnecting)
            await _publish(client, "meanwhile")
        await eventually(lambda: len(ours.events) == 2, within_s=20)
        await eventually(lambda: is_settled(client.jetstream(), topology.UPDATED.name))
    finally:
        await ours.stop()


async def _publish(client: Client, name: str) -> None:
    event: Event = updated(name, status="ONGOING")
    await client.jetstream().publish(subjects.ANIME_UPDATED, codec.encode(event))
