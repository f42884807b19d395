"""A real nats-server whose users are those of the table of rights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import nats
from nats.aio.client import Client

from contracts.limits import SERVER_PAYLOAD_BYTES_MAX
from streams import access, topology
from streams.embedded import NatsServer
from streams.provision import provision
from tests.servers import temporary_home

PASSWORD = "only-for-this-test"


class GuardedNats(NatsServer):
    """The embedded server, with users. `users` gives the roles of each."""

    users: Mapping[str, Sequence[str]] = {}

    def _configuration(self) -> str:
        listed = "".join(access.user_conf(name, PASSWORD, roles) for name, roles in self.users.items())
        admin = f"    {{ user: echora_admin, password: {PASSWORD} }}\n"
        return f"{NatsServer._configuration(self)}authorization {{\n  users: [\n{admin}{listed}  ]\n}}\n"

    def url_of(self, user: str) -> str:
        return f"nats://{user}:{PASSWORD}@127.0.0.1:{self.port}"


@contextmanager
def guarded_nats(users: Mapping[str, Sequence[str]]) -> Iterator[GuardedNats]:
    with temporary_home() as home:
        server = GuardedNats(home, home.nats_port(), payload_bytes_max=SERVER_PAYLOAD_BYTES_MAX)
        server.users = users  # type: ignore[misc]
        try:
            server.start()
            yield server
        finally:
            server.stop()


async def provisioned(server: GuardedNats) -> Client:
    """Make streams and consumers as the administrator does; gives its client."""
    client = await nats.connect(server.url_of("echora_admin"))
    await provision(client.jetstream(timeout=10), topology.STREAMS, topology.CONSUMERS)
    return client
