"""The one helper that publishes: JetStream only, with a message id, and every confirmation awaited.

Publishing without a stream is core NATS: nobody confirms, and what no stream takes is lost without a word.

Several messages for one of our streams go as one atomic batch (ADR-50): the server writes them together and syncs once,
where it would otherwise sync each; with `sync_interval: always` that is the difference between 2,400 and 20,000 events
a second on two cores, and as much for timers. A batch that the server refuses, as it does when one of its ids was
stored before, is published message by message, so that each is judged by itself.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import PubAck
from nats.js.errors import APIError
from nats.js.errors import Error as JetStreamError

from contracts.clock import Clock
from contracts.errors import Outage
from contracts.subjects import EVENT_OF, SCHEDULE_TIMER
from streams.clock import SystemClock
from streams.delivery.answers import AnsweringContext
from streams.delivery.intake import Intake, says_full
from streams.topology import stream_of

CONFIRM_TIMEOUT_S: Final = 5.0
PENDING_MAX: Final = 4_000
# The server's own bound on an atomic batch.
BATCH_MAX: Final = 1_000


class Message(Protocol):
    """What can be published."""

    @property
    def subject(self) -> str: ...  # noqa: D102
    @property
    def payload(self) -> bytes: ...  # noqa: D102
    @property
    def headers(self) -> dict[str, str]: ...  # noqa: D102


class Highest(NamedTuple):
    """The highest sequence that was confirmed in this life of a stream; a loss that is known begins another."""

    life: int = 0
    sequence: int = 0


class Publisher:
    """Publishes in order over one connection. After a disconnect it starts a JetStream context afresh, because the
    confirmations of the old one never come and would count as stalled for ever.

    `intake` is what it learns on the way: which streams take messages, and which do not.
    """

    def __init__(self, client: Callable[[], Client], clock: Clock | None = None) -> None:
        self._client = client
        self.intake = Intake(clock or SystemClock())
        self._context: JetStreamContext | None = None
        self._reconnects = -1
        self._highest: dict[str, Highest] = {}
        self._went_back: set[str] = set()
        self._log = structlog.get_logger("publish")

    def went_back(self, stream: str) -> bool:
        """Whether the stream gave a message a sequence that an earlier confirmed one had: it has lost that one."""
        return stream in self._went_back

    def forget(self, stream: str) -> None:
        """The loss is known now, and sequences begin anew, also for what is being published."""
        self._went_back.discard(stream)
        life = self._highest.get(stream, Highest()).life
        self._highest[stream] = Highest(life + 1)

    async def publish(self, message: Message) -> None:
        """Publish one message and wait for its confirmation. Raises Outage when none comes in time."""
        if not (await self.publish_all([message]))[0]:
            raise Outage("NATS", f"no confirmation for {message.subject} within {CONFIRM_TIMEOUT_S} s")

    async def publish_all(self, messages: Sequence[Message]) -> list[bool]:
        """Publish in order and wait for every confirmation; True where it came. Raises Outage when nothing is sent."""
        confirmed: list[bool] = []
        # Others publish meanwhile; whatever was confirmed before this began has a lower sequence than what comes now.
        before = dict(self._highest)
        run: Sequence[Message] = ()
        try:
            for run in runs(messages):
                if len(run) > 1 and _batched(run[0]) is not None and await self._publish_batch(run, before):
                    confirmed += [True] * len(run)
                else:
                    confirmed += await self._publish_each(run, before)
        except (NatsError, JetStreamError, OSError, TimeoutError) as error:
            self._context = None
            if isinstance(error, TimeoutError):
                self._note_silence(run[0].subject)
            if not any(confirmed):
                raise Outage("NATS", f"{type(error).__name__}: {error}") from error
            # What was confirmed before the connection went is safe and must be said.
            confirmed += [False] * (len(messages) - len(confirmed))
        return confirmed

    async def _publish_batch(self, messages: Sequence[Message], before: Mapping[str, Highest]) -> bool:
        """All of them or none; False when the server refuses the batch."""
        client = self._client()
        batch_id = client._nuid.next().decode()
        last = len(messages)
        for sequence, message in enumerate(messages[:-1], start=1):
            headers = {**message.headers, "Nats-Batch-Id": batch_id, "Nats-Batch-Sequence": str(sequence)}
            await client.publish(message.subject, message.payload, headers=headers)
        commit = {"Nats-Batch-Id": batch_id, "Nats-Batch-Sequence": str(last), "Nats-Batch-Commit": "1"}
        final = messages[-1]
        answer = await client.request(
            final.subject, final.payload, timeout=CONFIRM_TIMEOUT_S, headers={**final.headers, **commit}
        )
        verdict: dict[str, Any] = (
            json.loads(answer.data) if answer.data else {"error": {"description": "no stream takes it"}}
        )
        if "error" in verdict:
            self._log.info("batch refused, publishing one by one", reason=verdict["error"].get("description"))
            return False
        self.intake.confirmed(verdict["stream"])
        self._note(verdict["stream"], verdict["seq"] - last + 1, verdict["seq"], before)
        return bool(verdict.get("count") == last)

    async def _publish_each(self, messages: Sequence[Message], before: Mapping[str, Highest]) -> list[bool]:
        context = self._jetstream()
        futures = [
            await context.publish_async(
                message.subject, message.payload, headers=dict(message.headers), wait_stall=CONFIRM_TIMEOUT_S
            )
            for message in messages
        ]
        _, late = await asyncio.wait(futures, timeout=CONFIRM_TIMEOUT_S)
        if late:
            self._context = None
            for future in late:
                future.cancel()
            await asyncio.wait(late)
            if len(late) == len(futures):
                # The server is silent: waiting as long for each of the following would hold their caller for minutes.
                raise TimeoutError(f"none of {len(late)} messages was confirmed within {CONFIRM_TIMEOUT_S:g} s")
        confirmed = [self._confirmed(future, before) for future in futures]
        # After the confirmations: of a stream that takes some messages and refuses others, the refusals are the news.
        self._note_refusals(futures, messages)
        return confirmed

    def _jetstream(self) -> JetStreamContext:
        client = self._client()
        reconnects: int = client.stats["reconnects"]
        if self._context is None or reconnects != self._reconnects:
            self._context = AnsweringContext(client, timeout=CONFIRM_TIMEOUT_S, publish_async_max_pending=PENDING_MAX)
            self._reconnects = reconnects
        return self._context

    def _confirmed(self, future: asyncio.Future[PubAck], before: Mapping[str, Highest]) -> bool:
        if future.cancelled() or future.exception() is not None:
            return False
        ack = future.result()
        self.intake.confirmed(ack.stream)
        if not ack.duplicate:
            self._note(ack.stream, ack.seq, ack.seq, before)
        return True

    def _note_refusals(self, futures: Sequence[asyncio.Future[PubAck]], messages: Sequence[Message]) -> None:
        refusals: Counter[tuple[str, str]] = Counter()
        for future, message in zip(futures, messages, strict=True):
            error = None if future.cancelled() else future.exception()
            if error is None:
                continue
            refusals[message.subject, str(error)] += 1
            stream = stream_of(message.subject)
            if stream is not None and isinstance(error, APIError) and says_full(error.err_code, error.description):
                self.intake.refused(stream.name, str(error.description))
        for (subject, words), number in refusals.items():
            # One line for all of a kind: a stream that is full refuses a thousand at once.
            self._log.warning("not confirmed", subject=subject, error=words, messages=number)

    def _note_silence(self, subject: str) -> None:
        client, stream = self._client(), stream_of(subject)
        if stream is not None and client.is_connected:
            self.intake.silent(stream.name, CONFIRM_TIMEOUT_S, client.stats["reconnects"])

    def _note(self, stream: str, first: int, last: int, before: Mapping[str, Highest]) -> None:
        then, now = before.get(stream, Highest()), self._highest.get(stream, Highest())
        if then.life == now.life and first <= then.sequence:
            self._went_back.add(stream)
            self._highest[stream] = Highest(now.life, last)
        else:
            self._highest[stream] = Highest(now.life, max(last, now.sequence))


def runs(messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
    """Cut into runs for one stream, at most BATCH_MAX long; order is kept.

    Neighbours of the event stream, or of the timers, may be one atomic batch; there a timer's subject comes once, since
    the second would replace the first, which the server refuses within a batch. Dead letters are sent each on its own,
    but all of a run before the first confirmation is waited for.
    """
    start = 0
    timers: set[str] = set()
    for position, message in enumerate(messages):
        kind, is_first = _batched(message), position == start
        replaces = kind is _TIMERS and message.subject in timers
        if not is_first and (replaces or position - start == BATCH_MAX or kind != _batched(messages[start])):
            yield messages[start:position]
            start = position
            timers.clear()
        if kind is _TIMERS:
            timers.add(message.subject)
    if messages:
        yield messages[start:]


_EVENTS: Final = "events"
_TIMERS: Final = "timers"


def _batched(message: Message) -> str | None:
    """Which stream's batch takes a message; None for what is sent on its own."""
    if message.subject.startswith(f"{SCHEDULE_TIMER}."):
        return _TIMERS
    return _EVENTS if message.subject in EVENT_OF else None
