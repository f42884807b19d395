"""Serving the world on loopback inside a running event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import uvicorn

from contracts.clock import Clock
from contracts.errors import Outage
from handlers.world.desk import Desk
from handlers.world.server import world_app
from handlers.world.world import World

LOOPBACK = "127.0.0.1"
_START_S = 30.0
_STOP_S = 5


def listening_socket(port: int) -> socket.socket:
    """A bound socket on loopback; port 0 takes a free one. Raises Outage when the port is taken."""
    # asyncio turns Nagle's delay off only where the protocol is named; left on, each answer took 44 ms (measured).
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except OSError as error:
        listener.close()
        raise Outage("the world", f"port {port} on {LOOPBACK} is taken ({error}); choose another") from error
    return listener


@contextlib.asynccontextmanager
async def serving(desk: Desk, port: int = 0) -> AsyncIterator[str]:
    """Serve a desk while the block runs; gives the base URL, e.g. http://127.0.0.1:8400."""
    listener = listening_socket(port)
    server = _Server(
        uvicorn.Config(
            world_app(desk),
            log_level="warning",
            access_log=False,
            # The world's own Date goes out, not the machine's.
            date_header=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=_STOP_S,
        )
    )
    task = asyncio.create_task(server.serve(sockets=[listener]), name="world")
    try:
        await _started(server, task)
        yield f"http://{LOOPBACK}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await asyncio.gather(task, return_exceptions=True)
        listener.close()


async def run_world(world: World, clock: Clock, *, port: int, stop: asyncio.Event) -> None:
    """Serve the world until `stop` is set. Raises Outage when the port is taken."""
    async with serving(Desk(world, clock), port):
        await stop.wait()


class _Server(uvicorn.Server):
    """uvicorn without hands on the process's signals: whoever embeds it decides when it ends."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        yield


async def _started(server: uvicorn.Server, task: asyncio.Task[None]) -> None:
    async with asyncio.timeout(_START_S):
        while not server.started:
            if task.done():
                task.result()
                raise Outage("the world", "its server ended before it began to answer")
            await asyncio.sleep(0.005)
