"""A small program on the embedded servers, for tests that kill it: `python -m tests.integration.embedded.program HOME`.

It prints one JSON line when everything runs, one for each Ctrl-C, and ends when its input does.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys

import asyncpg
import nats
import structlog

from streams.embedded import EmbeddedError, Home, NatsServer, PostgresServer, Supervisor


async def run(path: str) -> None:
    """Open the folder, start both servers, add one row and one message, and wait for the end of input."""
    home = Home.open(path)
    broker = NatsServer(home, port=home.nats_port())
    database = PostgresServer(home)
    supervisor = Supervisor([database, broker])
    await supervisor.start()
    loop = asyncio.get_running_loop()
    interrupts: asyncio.Queue[None] = asyncio.Queue()
    loop.add_signal_handler(signal.SIGINT, interrupts.put_nowait, None)
    counts = {"rows": await add_row(database.dsn), "messages": await add_message(broker.url)}
    print(
        json.dumps({"pids": [database.pid, broker.pid], "url": broker.url, "dsn": database.dsn, **counts}), flush=True
    )
    answering = asyncio.create_task(answer(interrupts, database, broker))
    await asyncio.to_thread(sys.stdin.read)
    answering.cancel()
    await supervisor.stop()
    home.close()


async def answer(interrupts: asyncio.Queue[None], database: PostgresServer, broker: NatsServer) -> None:
    """At each Ctrl-C, use both servers again and say how far they have counted."""
    while True:
        await interrupts.get()
        counts = {"rows": await add_row(database.dsn), "messages": await add_message(broker.url)}
        print(json.dumps({"pids": [database.pid, broker.pid], **counts}), flush=True)


async def add_row(dsn: str) -> int:
    """Add a row, and say how many there are."""
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        await connection.execute("CREATE TABLE IF NOT EXISTS kept (at timestamptz DEFAULT now())")
        await connection.execute("INSERT INTO kept DEFAULT VALUES")
        count: int = await connection.fetchval("SELECT count(*) FROM kept")
        return count
    finally:
        await connection.close()


async def add_message(url: str) -> int:
    """Store a message, and say how many there are."""
    client = await nats.connect(url, connect_timeout=5, allow_reconnect=False)
    try:
        stream = client.jetstream()
        await stream.add_stream(name="kept", subjects=["kept"])
        await stream.publish("kept", b"one")
        return (await stream.stream_info("kept")).state.messages
    finally:
        await client.close()


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        asyncio.run(run(sys.argv[1]))
    except EmbeddedError as error:
        sys.exit(str(error))
