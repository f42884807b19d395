"""Messages as a stream holds them, read by sequence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError

from contracts.errors import Outage
from handlers.dead_letters import Stored

TIMEOUT_S: Final = 5.0


async def read_stored(client: Callable[[], Client], stream: str, sequence: int) -> Stored | None:
    """The message, None when the stream no longer holds it or is not there. Raises Outage."""
    try:
        found = await client().jetstream(timeout=TIMEOUT_S).get_msg(stream, sequence)
    except NotFoundError:
        return None
    except (NatsError, OSError, TimeoutError) as error:
        raise Outage("NATS", f"{type(error).__name__}: {error}") from error
    assert found.subject is not None
    assert found.time is not None
    headers = {name: _text(value) for name, value in (found.headers or {}).items()}
    return Stored(found.subject, found.data or b"", headers, found.time)


def _text(value: str) -> str:
    """What is no ASCII comes as surrogates out of the client's parser."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
