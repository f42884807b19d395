"""Real servers for tests: one PostgreSQL and one NATS for the whole run, and cheap ones of a test's own.

They are the program's own embedded servers, so every test that uses them tests those too.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from streams.embedded import Home, NatsServer, PostgresServer

# What is in a test's database need not outlive the machine.
_CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "300"}
_NUMBERS = itertools.count(1)

NewDatabase = Callable[[str], Awaitable[str]]


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A short path that only we may enter, removed at the end; pytest's own are long, and sockets want short ones."""
    folder = Path(tempfile.mkdtemp(prefix="echora-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def temporary_home() -> Iterator[Home]:
    """An opened data folder that is closed and removed at the end."""
    with temporary_folder() as folder:
        home = Home.open(folder / "home")
        try:
            yield home
        finally:
            home.close()


@contextmanager
def running_nats(home: Home, **options: int) -> Iterator[NatsServer]:
    """A NATS server in `home`, stopped at the end; `options` are NatsServer's, e.g. payload_bytes_max."""
    server = NatsServer(home, port=home.nats_port(), **options)  # type: ignore[arg-type]
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The PostgreSQL of the whole test run; ask for `fresh_database` to have something empty in it."""
    with temporary_home() as home:
        server = PostgresServer(home, settings=_CARELESS)
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def nats_server() -> Iterator[NatsServer]:
    """The NATS server of the whole test run; what a test creates in it, others see."""
    with temporary_home() as home, running_nats(home) as server:
        yield server


@pytest.fixture
def own_nats() -> Iterator[NatsServer]:
    """A NATS server of this test alone, with an empty JetStream (about 0.15 s)."""
    with temporary_home() as home, running_nats(home) as server:
        yield server


@pytest.fixture
async def new_database(postgres_server: PostgresServer) -> AsyncIterator[NewDatabase]:
    """A function: creates a copy of the database `template` (`template0` is empty), gives its URL, drops it later."""
    made: list[str] = []

    async def create(template: str) -> str:
        name = f"test_{next(_NUMBERS)}"
        await _maintain(postgres_server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        made.append(name)
        return postgres_server.dsn.replace("/postgres?", f"/{name}?", 1)

    yield create
    for name in made:
        await _maintain(postgres_server, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
async def fresh_database(new_database: NewDatabase) -> str:
    """The asyncpg URL of an empty database of this test alone."""
    return await new_database("template0")


async def _maintain(server: PostgresServer, statement: str) -> None:
    connection = await asyncpg.connect(server.dsn, timeout=10)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
