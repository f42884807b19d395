"""The same applications made by our class; see library.py."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from contracts.errors import Outage
from streams.application import EchoraApplication
from tests.guards.programs.library import broker, endless


@asynccontextmanager
async def refused(**_: Any) -> AsyncIterator[None]:
    """What a start does that finds no database."""
    print("begun", file=sys.stderr, flush=True)
    raise Outage("PostgreSQL", "nobody answers")
    yield


def application(**lifecycle: Any) -> EchoraApplication:
    """Our class around a broker without subscribers."""
    return EchoraApplication(
        broker(), http=endless, host="127.0.0.1", port=1, has_token=False, logger=None, **lifecycle
    )


app = application()
cannot_start = application(lifespan=refused)
