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
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, cast

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from contracts.clock import Clock
from contracts.errors import Outage
from streams.delivery.settle import hand_back, keep
from streams.tasks import end_tasks
from streams.topology import ConsumerSpec

EXPIRES_S: Final = 30.0
HEARTBEAT_S: Final = 2.0
SILENCE_MAX_S: Final = 3 * HEARTBEAT_S
RETRY_S: Final = 1.0
# What one request may bring. Without a bound 400 messages of 256 KiB came at once: 105 MB here, and the server, which
# holds back no more than 64 MB for a client, cut the connection.
BYTES_MAX: Final = 4_000_000
_DRAIN_S: Final = 1.0
_STATUS: Final = "Status"
_HEARTBEAT: Final = "100"
_EXPIRED: Final = "408"
_WELL: Final = frozenset({_HEARTBEAT, _EXPIRED})
_FULL: Final = "Message Size Exceeds MaxBytes"
# A request that is bounded in bytes and has brought all that it asked for ends with this; that is no refusal.
_OVER: Final = frozenset({_FULL, "Batch Completed"})


class PullRefused(NatsError):
    """The server does not serve the consumer: it is gone, or its leader moved. The text is the server's."""


@dataclass(slots=True)
class Progress:
    """When this consumer last showed life, on the clock's monotonic scale; None before the first time."""

    pulled_at: float | None = None
    handled: int = 0


@dataclass(slots=True)
class Puller:
    """Pulls one consumer and hands batches of at most `batch_max` messages to `handle`, one batch at a time.

    `restore` is called when the server says that it does not serve the consumer, which may have been deleted.
    """

    client: Callable[[], Client]
    consumer: ConsumerSpec
    batch_max: int
    handle: Callable[[list[Msg]], Awaitable[object]]
    clock: Clock
    restore: Callable[[], Awaitable[object]] | None = None
    progress: Progress = field(default_factory=Progress)
    _buffer: deque[Msg] = field(default_factory=deque)
    _in_hand: list[Msg] = field(default_factory=list)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _bytes: int = 0
    _is_too_large: bool = False
    _asked: int = 0
    _reconnects: int = 0
    _asked_at: float = 0.0
    _refusal: str | None = None
    _subscription: Subscription | None = None
    _is_stopping: bool = False
    _task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to pull."""
        self._is_stopping = False
        self._task = asyncio.create_task(self._run(), name=f"pull {self.consumer.name}")
        self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Nothing of ours ends the loop but a stop. Should something do so all the same, nobody would pull any more."""
        if task is self._task and not self._is_stopping:
            error = "cancelled" if task.cancelled() else repr(task.exception())
            structlog.get_logger(self.consumer.name).error("the pull loop ended and is started again", error=error)
            task.get_loop().call_later(RETRY_S, self._start_again)

    def _start_again(self) -> None:
        if not self._is_stopping:
            self.start()

    def halt(self) -> None:
        """Begin nothing more."""
        self._is_stopping = True
        self._arrived.set()

    async def stop(self, within_s: float | None = None) -> None:
        """Stop pulling, let the batch in hand finish, and give back what was fetched but not begun.

        A batch that takes longer than `within_s` is cut off and given back too; what of it was committed has no second
        effect.
        """
        self.halt()
        if self._task is not None:
            _, late = await asyncio.wait([self._task], timeout=within_s)
            if late:
                await self._cut_off()
            self._task = None

    async def _cut_off(self) -> None:
        in_hand = [message for message in self._in_hand if not message.is_acked]
        log = structlog.get_logger(self.consumer.name)
        log.warning("what was in hand took too long and is given back", messages=len(in_hand))
        await end_tasks(self._task)
        with suppress(NatsError, OSError):  # Without a connection they come again after the ack wait.
            await hand_back(in_hand)
        await self._close()

    async def unsubscribe(self) -> None:
        """What FastStream calls at its own stop; by then `stop` has done the work."""
        if self._task is not None:
            await self.stop()

    async def _run(self) -> None:
        log = structlog.get_logger(self.consumer.name)
        was_well = True
        # What is fetched waits while the batch before it is held, for as long as an outage lasts; it stays ours.
        beats = asyncio.create_task(keep(self.consumer, lambda: list(self._buffer)), name=f"waits {self.consumer.name}")
        try:
            while not self._is_stopping:
                try:
                    await self._pull()
                    was_well = True
                except (NatsError, OSError, TimeoutError, Outage) as error:
                    if was_well:
                        log.warning("pulling failed, trying again", error=f"{type(error).__name__}: {error}")
                    was_well = False
                    await asyncio.sleep(RETRY_S)
                except Exception:
                    # A defect of ours must not silence a consumer for good; its messages come again after the ack wait.
                    log.exception("handling failed")
                    await asyncio.sleep(RETRY_S)
        finally:
            beats.cancel()
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
        if not self._buffer and self._refusal is not None:
            refusal, self._refusal = self._refusal, None
            if self.restore is not None:
                await self.restore()
            raise PullRefused(refusal)
        batch = [self._buffer.popleft() for _ in range(min(self.batch_max, len(self._buffer)))]
        self._bytes -= sum(len(message.data) for message in batch)
        if batch and not self._is_stopping:
            await self._ask()
            self._in_hand = batch
            await self.handle(batch)
            self._in_hand = []
            self.progress.handled += len(batch)
        elif batch:
            await hand_back(batch)

    async def _ask(self) -> None:
        """Keep up to two batches asked for, one in hand and one on its way."""
        client = self.client()
        if self._subscription is None or client.stats["reconnects"] != self._reconnects:
            await self._subscribe(client)
        is_enough = self._asked + len(self._buffer) >= self.batch_max or self._bytes >= BYTES_MAX
        if self._is_stopping or is_enough:
            return
        wanted = 2 * self.batch_max - self._asked - len(self._buffer)
        request = {"expires": int(EXPIRES_S * 1e9), "idle_heartbeat": int(HEARTBEAT_S * 1e9)}
        if self._is_too_large:
            # An operator's stream may hold what no bounded request brings: it comes alone.
            wanted, self._is_too_large = 1, False
        else:
            request["max_bytes"] = BYTES_MAX
        request["batch"] = wanted
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self.consumer.stream}.{self.consumer.name}"
        assert self._subscription is not None
        await client.publish(subject, json.dumps(request).encode(), reply=self._subscription.subject)
        self._asked += wanted
        self._asked_at = self.clock.monotonic()

    async def _subscribe(self, client: Client) -> None:
        # After a reconnect the server has forgotten what was asked for; a new inbox keeps late answers apart.
        self._reconnects = client.stats["reconnects"]
        await self._let_go()
        self._asked = 0
        self._subscription = await client.subscribe(client.new_inbox(), cb=self._receive, pending_msgs_limit=-1)

    async def _receive(self, message: Msg) -> None:
        self._arrived.set()
        if message.reply:  # Only a message of the stream wants an answer; what it says of itself is the publisher's.
            self.progress.pulled_at = self.clock.monotonic()
            if self._asked:
                self._asked -= 1
            self._buffer.append(message)
            self._bytes += len(message.data)
            return
        headers = message.headers or {}
        status = headers.get(_STATUS, "")
        reason = headers.get("Description", "")
        if status in _WELL or reason in _OVER:
            self.progress.pulled_at = self.clock.monotonic()
            self._is_too_large = reason == _FULL and headers.get("Nats-Pending-Bytes") == str(BYTES_MAX)
        else:
            self._refusal = f"{status} {reason}".strip()
        if status != _HEARTBEAT:
            # The request is over: expired, or the consumer is gone. What it had left is no longer asked for.
            left = headers.get("Nats-Pending-Messages", "")
            self._asked = max(0, self._asked - int(left)) if left.isdigit() else 0

    def _notice_silence(self) -> None:
        last = max(self.progress.pulled_at or self._asked_at, self._asked_at)
        if self._asked and self.clock.monotonic() - last > SILENCE_MAX_S:
            self._asked = 0

    async def _close(self) -> None:
        await self._let_go()
        with suppress(NatsError, OSError):  # Without a connection they come again after the ack wait.
            await hand_back(list(self._buffer))
        self._buffer.clear()
        self._bytes = 0

    async def _let_go(self) -> None:
        """Give up the subscription, but take in what the server had sent by then."""
        old, self._subscription = self._subscription, None
        if old is not None:
            with suppress(NatsError, OSError, TimeoutError):
                async with asyncio.timeout(_DRAIN_S):
                    await cast("Any", old).drain()
