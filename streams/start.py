"""Starting and stopping: opens what the roles of this process need, in order, and closes it in the opposite one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import asyncpg
import structlog
from faststream.nats import NatsBroker
from nats.aio.client import Client
from nats.errors import Error as NatsError
from pydantic import SecretStr

from contracts.addresses import shown
from contracts.errors import Outage, Permanent
from contracts.limits import SERVER_PAYLOAD_BYTES_MAX
from contracts.payload_index import packaged_payload_index
from handlers.embedding.fast import FastEmbedder
from handlers.index.choice import chosen
from handlers.index.port import VectorIndex
from handlers.index.space import VectorSpace
from streams import topology
from streams.broker import connection
from streams.calendar import open_calendar
from streams.database.migrate import migrate
from streams.database.pool import PoolLimits, open_pool
from streams.embedded import Home, NatsServer, PostgresServer, Supervisor
from streams.look_settings import build_looks
from streams.models import named_by, open_model
from streams.provision import provision
from streams.runtime import Runtime
from streams.settings import Settings
from streams.sources import claim_database, open_sources

CONNECT_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the servers are, and those of them that we run ourselves."""

    home: Home | None
    nats_url: str
    postgres_dsn: str
    supervised: tuple[NatsServer | PostgresServer, ...]
    nats_monitoring: SecretStr | None = None


def choose_servers(settings: Settings) -> Servers:
    """The named servers, or embedded ones in the locked data folder. Starts nothing. Raises HomeInUse."""
    if not settings.embedded:
        named = _plain(settings.nats_url), _plain(settings.postgres_url)
        return Servers(None, *named, (), settings.nats_monitoring_url)
    home = Home.open(settings.home)
    nats = None if settings.nats_url else _embedded_nats(home)
    postgres = None if settings.postgres_url else PostgresServer(home)
    return Servers(
        home,
        nats.url if nats else _plain(settings.nats_url),
        postgres.dsn if postgres else _plain(settings.postgres_url),
        tuple(server for server in (postgres, nats) if server is not None),
        SecretStr(nats.monitoring_url) if nats and nats.monitoring_url else settings.nats_monitoring_url,
    )


def _embedded_nats(home: Home) -> NatsServer:
    port, monitoring = home.nats_port(), home.nats_monitoring_port()
    return NatsServer(home, port, payload_bytes_max=SERVER_PAYLOAD_BYTES_MAX, http_port=monitoring)


def _plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret is not None else ""


@asynccontextmanager
async def running(servers: Servers, broker: NatsBroker, runtime: Runtime) -> AsyncIterator[None]:
    """Everything that subscribers need is open inside; on the way out it is closed, servers last."""
    settings = runtime.settings
    async with AsyncExitStack() as stack:
        if servers.home is not None:
            stack.callback(servers.home.close)
        supervisor = Supervisor(servers.supervised)
        stack.push_async_callback(supervisor.stop)
        await supervisor.start()
        named = named_by(settings)
        model = asyncio.create_task(open_model(settings, named)) if _uses_index(settings) else None
        if model is not None:
            stack.callback(model.cancel)
        runtime.versions |= {"echora": version("echora-streams"), "schema": await migrate(servers.postgres_dsn)}
        pool = await open_pool(servers.postgres_dsn, PoolLimits(settings.postgres_connections_max))
        stack.callback(pool.terminate)
        stack.push_async_callback(_close_pool, pool)
        runtime.hold(pool=pool)
        if settings.runs("update"):
            await claim_database(pool, settings)
        runtime.hold_calendar(await open_calendar(settings, runtime.clock))
        runtime.versions["postgresql"] = str(await pool.fetchval("SHOW server_version"))
        stack.push_async_callback(_disconnect, broker)
        await _connect(broker, runtime)
        if model is not None:
            found = await chosen(pool)
            if found is not None and found.model != named:
                structlog.get_logger("index").info("a reindex chose this model", model=found.model.name)
                model.cancel()
                named = found.model
                model = asyncio.create_task(open_model(settings, named))
                stack.callback(model.cancel)
            embedder = await model
            index = await _open_index(settings, embedder)
            stack.push_async_callback(index.close)
            runtime.hold_index(index, embedder, named)
        if settings.runs("update"):
            sources = await stack.enter_async_context(open_sources(settings, runtime.clock, runtime.calendar))
            runtime.hold_sources(sources)
            runtime.hold_looks(build_looks(runtime, lambda: connection(broker)))
        stack.callback(runtime.release)
        yield


async def _connect(broker: NatsBroker, runtime: Runtime) -> None:
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await broker.connect()
    except (NatsError, OSError, TimeoutError) as error:
        where = ", ".join(shown(str(server)) for server in broker.specification.url)
        raise Outage("NATS", f"no connection to {where} within {CONNECT_TIMEOUT_S:g} s; is NATS_URL right?") from error
    client = connection(broker)
    runtime.versions["nats"] = ".".join(str(part) for part in _version(client))
    if client.max_payload < SERVER_PAYLOAD_BYTES_MAX:
        raise Permanent(
            f"the NATS server takes {client.max_payload} bytes a message, and a dead letter may need "
            f"{SERVER_PAYLOAD_BYTES_MAX}: set max_payload to that in its configuration"
        )
    consumers = [runtime.settings.tuning.of(consumer) for consumer in topology.CONSUMERS]
    await provision(client.jetstream(timeout=10), topology.STREAMS, consumers, replicas=runtime.settings.nats_replicas)


async def _disconnect(broker: NatsBroker) -> None:
    """For a start that fails after this; otherwise the broker has stopped before, and nothing is left to do."""
    if broker._connection is not None:
        await broker.stop()


def _version(client: Client) -> tuple[int, int, int]:
    server = client.connected_server_version
    return server.major, server.minor, server.patch


def _uses_index(settings: Settings) -> bool:
    return any(topology.ROLES[name].uses_index for name in settings.roles)


async def _open_index(settings: Settings, embedder: FastEmbedder) -> VectorIndex:
    space = VectorSpace(embedder.model, embedder.dimensions)
    make = _edge if settings.qdrant_url is None else _server
    # Importing an engine takes up to seconds, so only the one in use is imported, in a thread.
    index = await asyncio.to_thread(make, settings, space)
    await index.prepare()
    return index


def _edge(settings: Settings, space: VectorSpace) -> VectorIndex:
    from handlers.index.edge import EdgeIndex

    folder: Path = settings.home.expanduser().absolute() / "index"
    return EdgeIndex(folder, space, packaged_payload_index())


def _server(settings: Settings, space: VectorSpace) -> VectorIndex:
    from handlers.index.server import ServerIndex, connect

    url, read_only = _plain(settings.qdrant_url), _plain(settings.qdrant_read_only_api_key)
    writer = connect(url, _plain(settings.qdrant_api_key) or None)
    searcher = connect(url, read_only) if read_only else None
    return ServerIndex(writer, space, packaged_payload_index(), searcher=searcher)


async def _close_pool(pool: asyncpg.Pool) -> None:
    try:
        async with asyncio.timeout(1):
            await pool.close()
    except TimeoutError:
        pool.terminate()


Connector = Callable[[], Any]


def relay_connection(servers: Servers) -> Connector:
    """How the relay opens its own connection."""

    async def connect() -> Any:
        return await asyncpg.connect(
            servers.postgres_dsn,
            timeout=5,
            command_timeout=30,
            server_settings={"application_name": "echora relay", "timezone": "UTC"},
        )

    return connect
