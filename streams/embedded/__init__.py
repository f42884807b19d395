"""The servers that run in the data folder when no others are named: NATS and PostgreSQL, kept alive and cleaned up."""

from streams.embedded.errors import EmbeddedError, HomeInUse, HomeUnusable, ServerFailed, ServerMissing
from streams.embedded.home import Home
from streams.embedded.nats import NatsServer
from streams.embedded.postgres import PostgresServer
from streams.embedded.supervise import Supervisor

__all__ = [
    "EmbeddedError",
    "Home",
    "HomeInUse",
    "HomeUnusable",
    "NatsServer",
    "PostgresServer",
    "ServerFailed",
    "ServerMissing",
    "Supervisor",
]
