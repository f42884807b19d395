"""The embedded NATS server as clients see it."""

from __future__ import annotations

import socket

import nats
import pytest

from streams.embedded import Home, NatsServer, ServerFailed
from tests.servers import running_nats


async def test_jetstream_answers_as_soon_as_the_start_returns(own_nats: NatsServer) -> None:
    client = await nats.connect(own_nats.url)
    info = await client.jetstream().account_info()
    assert info.streams == 0
    assert client.max_payload == 1024 * 1024
    await client.close()


async def test_what_was_acknowledged_is_there_after_a_stop_and_a_start(own_nats: NatsServer) -> None:
    client = await nats.connect(own_nats.url)
    await client.jetstream().add_stream(name="kept", subjects=["kept"])
    await client.jetstream().publish("kept", b"one")
    await client.close()
    own_nats.stop()
    assert not own_nats.ready()
    own_nats.start()
    client = await nats.connect(own_nats.url)
    assert (await client.jetstream().get_msg("kept", 1)).data == b"one"
    await client.close()


def test_a_second_start_does_nothing(own_nats: NatsServer) -> None:
    pid = own_nats.pid
    own_nats.start()
    assert own_nats.pid == pid
    own_nats.stop()
    own_nats.stop()


async def test_the_size_of_a_message_is_a_parameter(home: Home) -> None:
    with running_nats(home, payload_bytes_max=2 * 1024 * 1024) as server:
        client = await nats.connect(server.url)
        assert client.max_payload == 2 * 1024 * 1024
        await client.close()


def test_the_store_syncs_every_write_and_only_this_machine_is_served(own_nats: NatsServer) -> None:
    written = (own_nats.home.path / "run" / "nats.conf").read_text()
    assert "sync_interval: always" in written
    assert f'listen: "127.0.0.1:{own_nats.port}"' in written
    assert "http:" not in written


def test_a_port_that_a_stranger_took_is_named_and_nothing_is_left(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        server = NatsServer(home, port=stranger.getsockname()[1])
        with pytest.raises(ServerFailed, match=r"nats ended with code 1: .*address already in use"):
            server.start()
        assert not server.alive()
    server.start()
    assert server.ready()
    server.stop()
