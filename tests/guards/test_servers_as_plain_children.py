"""F16: what becomes of a server that is an ordinary child of ours. How ours are kept is tried in
tests/integration/embedded/test_killed_parent.py."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import nats
import psutil
import pytest
from faststream.nats import NatsBroker, PullSub
from nats.errors import ConnectionReconnectingError
from nats.js import JetStreamContext

from streams.broker import connection as connection_of
from streams.embedded import NatsServer
from streams.embedded.nats import nats_program
from streams.embedded.waiting import wait_until
from tests.guards.conftest import Ours
from tests.guards.test_faststream_defaults import PLAIN, SUBJECT, THEIRS, well
from tests.integration.embedded.programs import runs
from tests.integration.program.running import free_port
from tests.waiting import eventually

PARENT = """
import signal, subprocess, sys
signal.signal(signal.SIGINT, lambda *_: None)  # As a program that wants to end in order.
print(subprocess.Popen(sys.argv[1:]).pid, flush=True)
sys.stdin.read()
"""


@dataclass
class Family:
    """A program, and the server that it started."""

    parent: subprocess.Popen[str]
    server: psutil.Process
    port: int


@contextmanager
def family() -> Iterator[Family]:
    """A program in a process group of its own that starts a server as anybody would."""
    port = free_port()
    server = [str(nats_program()), "--addr", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, *server],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        try:
            yield Family(parent, child, port)
        finally:
            parent.kill()
            if runs(child):
                child.kill()


async def answers(port: int) -> bool:
    """Whether a server takes connections there."""
    try:
        client = await nats.connect(f"nats://127.0.0.1:{port}", allow_reconnect=False, connect_timeout=5)
    except (nats.errors.Error, OSError):
        return False
    await client.close()
    return True


async def test_f16_by_default_ctrl_c_ends_the_server_while_the_program_still_wants_it() -> None:
    with family() as one:
        await eventually(lambda port=one.port: answers(port))
        os.killpg(one.parent.pid, signal.SIGINT)
        assert await asyncio.to_thread(wait_until, lambda: not runs(one.server), 10)
        assert one.parent.poll() is None


async def test_f16_by_default_a_server_outlives_the_program_that_was_killed() -> None:
    with family() as one:
        await eventually(lambda port=one.port: answers(port))
        one.parent.kill()
        one.parent.wait(10)
        assert await answers(one.port)


async def test_f16_by_default_a_stop_without_the_server_is_an_error(
    jetstream: JetStreamContext, own_nats: NatsServer, default_broker: NatsBroker
) -> None:
    @default_broker.subscriber(SUBJECT, stream=PLAIN, durable=THEIRS, pull_sub=PullSub(timeout=0.2))
    async def handle(body: bytes) -> None:
        """Nothing."""

    await default_broker.start()
    client = connection_of(default_broker)
    await asyncio.to_thread(own_nats.stop)
    await eventually(lambda: client.is_reconnecting)
    with pytest.raises(ConnectionReconnectingError):
        await default_broker.stop()


async def test_f16_with_us_a_stop_without_the_server_is_a_stop(
    jetstream: JetStreamContext, own_nats: NatsServer, new_ours: Callable[[], Ours]
) -> None:
    ours = new_ours()
    await ours.start(well)
    client = connection_of(ours.broker)
    await asyncio.to_thread(own_nats.stop)
    await eventually(lambda: client.is_reconnecting)
    await ours.stop()
    assert client.is_closed
