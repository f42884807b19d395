"""The same applications made by our class; see library.py."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from contracts.errors import Outage
from streams.application import EchoraApplication
from streams.broker import build_broker
from tests.guards.programs.library import endless


@asynccontextmanager
async def refused(**_: Any) -> AsyncIterator[None]:
    """What a start does that finds no database."""
    print("begun", file=sys.stderr, flush=True)
    raise Outage("PostgreSQL", "nobody answers")
    yield


def application(**lifecycle: Any) -> EchoraApplication:
    """Our class around our broker, without subscribers."""
    broker = build_broker(os.environ["NATS_URL"], shutdown_grace_s=3, name="guard")
    return EchoraApplication(broker, http=endless, host="127.0.0.1", port=1, has_token=False, logger=None, **lifecycle)


app = application()
cannot_start = application(lifespan=refused)
