"""The one helper that publishes: JetStream only, with a message id, and every confirmation awaited.

Publishing without a stream is core NATS: nobody confirms, and what no stream takes is lost without a word.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import PubAck
from nats.js.errors import Error as JetStreamError

from contracts.errors import Outage

CONFIRM_TIMEOUT_S: Final = 5.0
PENDING_MAX: Final = 4_000


class Message(Protocol):
    """What can be published."""

    @property
    def subject(self) -> str: ...  # noqa: D102
    @property
    def payload(self) -> bytes: ...  # noqa: D102
    @property
    def headers(self) -> dict[str, str]: ...  # noqa: D102


class Publisher:
    """Publishes in order over one connection. After a disconnect it starts a JetStream context afresh, because the
    confirmations of the old one never come and would count as stalled for ever.
    """

    def __init__(self, client: Callable[[], Client]) -> None:
        self._client = client
        self._context: JetStreamContext | None = None
        self._reconnects = -1
        self._log = structlog.get_logger("publish")

    def _jetstream(self) -> JetStreamContext:
        client = self._client()
        reconnects: int = client.stats["reconnects"]
        if self._context is None or reconnects != self._reconnects:
            self._context = client.jetstream(timeout=CONFIRM_TIMEOUT_S, publish_async_max_pending=PENDING_MAX)
            self._reconnects = reconnects
        return self._context

    async def publish(self, message: Message) -> None:
        """Publish one message and wait for its confirmation. Raises Outage when none comes in time."""
        if (await self.publish_all([message]))[0] is False:
            raise Outage("NATS", f"no confirmation for {message.subject} within {CONFIRM_TIMEOUT_S} s")

    async def publish_all(self, messages: Sequence[Message]) -> list[bool]:
        """Publish in order and wait for every confirmation; True where it came."""
        try:
            context = self._jetstream()
            futures = [
                await context.publish_async(
                    message.subject, message.payload, headers=message.headers, wait_stall=CONFIRM_TIMEOUT_S
                )
                for message in messages
            ]
        except (NatsError, JetStreamError, OSError, TimeoutError) as error:
            self._context = None
            raise Outage("NATS", f"{type(error).__name__}: {error}") from error
        _, late = await asyncio.wait(futures, timeout=CONFIRM_TIMEOUT_S) if futures else (set(), set())
        if late:
            self._context = None
            for future in late:
                future.cancel()
        return [self._confirmed(future, message) for future, message in zip(futures, messages, strict=True)]

    def _confirmed(self, future: asyncio.Future[PubAck], message: Message) -> bool:
        if future.cancelled():
            return False
        error = future.exception()
        if error is not None:
            self._log.warning("not confirmed", subject=message.subject, error=str(error))
        return error is None
