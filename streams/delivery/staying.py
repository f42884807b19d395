"""A client that stays: what a server says before it ends a connection makes it reconnect.

By itself the library (nats-py 2.16) closes for good when a server sends an error on a connection that stood: a password
that was changed and put right, a limit on connections that was met. `max_reconnect_attempts` has no say in that, and
nothing would ever be handled again.
"""

from __future__ import annotations

from typing import Any, cast

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.protocol.parser import PERMISSIONS_ERR, STALE_CONNECTION


def stay(client: Client) -> None:
    """Have a connected client reconnect after an error of its server, as it does when the connection breaks."""
    own = cast("Any", client)
    known = own._process_err
    log = structlog.get_logger("broker")

    async def heard(words: str) -> None:
        if STALE_CONNECTION in words or PERMISSIONS_ERR in words:
            await known(words)
            return
        log.warning("the server ends the connection", error=words.strip("'"))
        await own._process_op_err(NatsError(f"nats: {words}"))

    own._process_err = heard
