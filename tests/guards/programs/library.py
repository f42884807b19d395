"""Applications as the library makes them, run as a person would: `faststream run tests.guards.programs.library:app`.

Nothing of ours is imported, so that they start fast.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from faststream.asgi import AsgiFastStream
from faststream.asgi.types import Receive, Scope, Send
from faststream.nats import NatsBroker


async def endless(scope: Scope, receive: Receive, send: Send) -> None:
    """A stream of events, as a browser keeps it open."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    while True:
        await send({"type": "http.response.body", "body": b": beat\n\n", "more_body": True})
        await asyncio.sleep(0.05)


@asynccontextmanager
async def refused(**_: Any) -> AsyncIterator[None]:
    """What a start does that finds no database."""
    print("begun", file=sys.stderr, flush=True)
    raise RuntimeError("the database does not answer")
    yield


@asynccontextmanager
async def announced(**_: Any) -> AsyncIterator[None]:
    """What a start does that expects to be the only one: it says which process it is of."""
    print(f"begun in {os.getpid()}", file=sys.stderr, flush=True)
    yield


def broker() -> NatsBroker:
    """A broker of the server that the test has started, if it has."""
    return NatsBroker(os.environ.get("NATS_URL", "nats://127.0.0.1:1"), logger=None)


app = AsgiFastStream(broker(), asgi_routes=[("/events", endless)], logger=None)
announces = AsgiFastStream(broker(), lifespan=announced, logger=None)
cannot_start = AsgiFastStream(broker(), lifespan=refused, logger=None)
