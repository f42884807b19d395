"""The one loop that pulls. It replaces the subscription of a FastStream batch subscriber.

FastStream's own loop collects until a batch is full or a timeout is over, which costs seconds at a low rate, and it
forgets at stop what it had collected. This one hands over at once what is there, keeps the next request with the
server while a batch is handled, notices a silent server by missed heartbeats, and gives back at stop what it holds.
It speaks the documented pull protocol (ADR-13) over public calls of the client.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from contracts.clock import Clock
from streams.delivery.settle import hand_back
from streams.topology import ConsumerSpec

EXPIRES_S: Final = 30.0
HEARTBEAT_S: Final = 2.0
SILENCE_MAX_S: Final = 3 * HEARTBEAT_S
RETRY_S: Final = 1.0
_STATUS: Final = "Status"


@dataclass(slots=True)
class Progress:
    """When this consumer last showed life, on the clock's monotonic scale; None before the first time."""

    pulled_at: float | None = None
    handled: int = 0


@dataclass(slots=True)
class Puller:
    """Pulls one consumer and hands batches of at most `batch_max` messages to `handle`, one batch at a time."""

    client: Callable[[], Client]
    consumer: ConsumerSpec
    batch_max: int
    handle: Callable[[list[Msg]], Awaitable[object]]
    clock: Clock
    progress: Progress = field(default_factory=Progress)
    _buffer: deque[Msg] = field(default_factory=deque)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _asked: int = 0
    _reconnects: int = 0
    _subscription: Subscription | None = None
    _is_stopping: bool = False
    _task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to pull."""
        self._is_stopping = False
        self._task = asyncio.create_task(self._run(), name=f"pull {self.consumer.name}")

    async def stop(self) -> None:
        """Stop pulling, let the batch in hand finish, and give back what was fetched but not begun."""
        self._is_stopping = True
        self._arrived.set()
        if self._task is not None:
            await asyncio.wait([self._task])
            self._task = None

    async def unsubscribe(self) -> None:
        """What FastStream calls at its own stop; by then `stop` has done the work."""
        if self._task is not None:
            await self.stop()

    async def _run(self) -> None:
        log = structlog.get_logger(self.consumer.name)
        was_well = True
        while not self._is_stopping:
            try:
                await self._pull()
                was_well = True
            except (NatsError, OSError, TimeoutError) as error:
                if was_well:
                    log.warning("pulling failed, trying again", error=f"{type(error).__name__}: {error}")
                was_well = False
                await asyncio.sleep(RETRY_S)
        await self._close()

    async def _pull(self) -> None:
        await self._ask()
        if not self._buffer:
            self._arrived.clear()
            try:
                async with asyncio.timeout(RETRY_S):
                    await self._arrived.wait()
            except TimeoutError:
                self._notice_silence()
                return
        batch = [self._buffer.popleft() for _ in range(min(self.batch_max, len(self._buffer)))]
        if batch and not self._is_stopping:
            await self._ask()
            await self.handle(batch)
            self.progress.handled += len(batch)
        elif batch:
            await hand_back(batch)

    async def _ask(self) -> None:
        """Keep up to two batches asked for, one in hand and one on its way."""
        client = self.client()
        if self._subscription is None or client.stats["reconnects"] != self._reconnects:
            await self._subscribe(client)
        if self._is_stopping or self._asked + len(self._buffer) >= self.batch_max:
            return
        wanted = 2 * self.batch_max - self._asked - len(self._buffer)
        request = {"batch": wanted, "expires": int(EXPIRES_S * 1e9), "idle_heartbeat": int(HEARTBEAT_S * 1e9)}
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self.consumer.stream}.{self.consumer.name}"
        assert self._subscription is not None
        await client.publish(subject, json.dumps(request).encode(), reply=self._subscription.subject)
        self._asked += wanted

    async def _subscribe(self, client: Client) -> None:
        # After a reconnect the server has forgotten what was asked for; a new inbox keeps late answers apart.
        if self._subscription is not None:
            await self._subscription.unsubscribe()
        self._asked = 0
        self._reconnects = client.stats["reconnects"]
        self._subscription = await client.subscribe(client.new_inbox(), cb=self._receive, pending_msgs_limit=-1)

    async def _receive(self, message: Msg) -> None:
        self.progress.pulled_at = self.clock.monotonic()
        status = (message.headers or {}).get(_STATUS)
        if status is None or message.data:
            self._asked = max(0, self._asked - 1)
            self._buffer.append(message)
        elif status != "100":
            # The request is over: expired, or the consumer is gone. What it had left is no longer asked for.
            self._asked = 0
        self._arrived.set()

    def _notice_silence(self) -> None:
        last = self.progress.pulled_at
        if self._asked and last is not None and self.clock.monotonic() - last > SILENCE_MAX_S:
            self._asked = 0

    async def _close(self) -> None:
        await hand_back(list(self._buffer))
        self._buffer.clear()
        if self._subscription is not None:
            await self._subscription.unsubscribe()
            self._subscription = None
