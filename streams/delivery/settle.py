"""The one place that acknowledges. A batch goes to its step; every message of it is settled by what became of it.

    effect committed              ack
    Outage (a dependency is away) the batch is held, with heartbeats, until the dependency answers: no attempt counts
    Transient                     counted; nak with a growing delay; the fifth failure goes to the dead letters
    Permanent, Poison             dead letters at once
    shutdown                      nak without delay: it comes again at once, here or elsewhere

A message that comes for the third time may be what its process died of, so it is handled alone, behind the others: it
takes nobody with it, and the server's limit on deliveries ends it and nobody else.

A message that goes to the dead letters is acknowledged after the dead letter is confirmed, and never terminated, since
the server's advisory of a termination would make a second letter of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import itemgetter
from typing import Final
from zlib import crc32

import structlog
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from contracts import codec
from contracts.clock import Clock
from contracts.codec import PoisonMessage
from contracts.errors import EchoraError, Outage, Permanent, Poison, Transient
from contracts.events import DeadLetterEvent, Event
from contracts.limits import ATTEMPTS_MAX
from handlers.dead_letters import Delivery, dead_letter, fingerprint, shortened
from handlers.postgres import ERRORS as POSTGRES_ERRORS
from streams.delivery.delays import delay_s, outage_delay_s
from streams.delivery.failures import FailureCounter, Failures
from streams.delivery.metrics import DEAD_LETTERS, HANDLED, OUTAGES
from streams.delivery.publish import Publisher
from streams.topology import DEAD_LETTERS as LETTERS_STREAM
from streams.topology import ConsumerSpec
from streams.tuning import Tuning

Outcome = EchoraError | None
Step = Callable[[Sequence[Event]], Awaitable[list[Outcome]]]
GivenUp = Callable[[Sequence[tuple[Event, str]]], Awaitable[None]]
SUSPECT_FROM: Final = 3
ACK_TIMEOUT_S: Final = 5.0
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter ready to be published."""

    subject: str
    payload: bytes
    headers: dict[str, str]


@dataclass(slots=True)
class Settler:
    """Settles the batches of every consumer."""

    publisher: Publisher
    failures: FailureCounter
    clock: Clock
    spread: Callable[[], float]
    tuning: Tuning = field(default_factory=Tuning)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def deliver(
        self,
        consumer: ConsumerSpec,
        raw: Sequence[Msg],
        events: Sequence[Event | PoisonMessage],
        step: Step,
        given_up: GivenUp | None = None,
    ) -> None:
        """Run `step` on the events of a batch and settle each message; `given_up` hears of refused events first."""
        consumer = self.tuning.of(consumer)
        readable = [(message, event) for message, event in zip(raw, events, strict=True) if isinstance(event, Event)]
        good, suspects = apart(readable)
        outcomes: list[tuple[Msg, Event | None, Outcome]] = [
            (message, None, Poison(event.reason))
            for message, event in zip(raw, events, strict=True)
            if isinstance(event, PoisonMessage)
        ]
        async with self._heartbeat(consumer, raw):
            results = await self._run(consumer, [event for _, event in good], step) if good else []
            if results is None:
                await hand_back(raw)
                return
            outcomes += [(message, event, result) for (message, event), result in zip(good, results, strict=True)]
            await self._settle(consumer, outcomes, given_up)
            for message, event in suspects:
                results = await self._run(consumer, [event], step)
                if results is None:
                    await hand_back(raw)
                    return
                await self._settle(consumer, [(message, event, results[0])], given_up, is_suspect=True)

    # --- running the step ---------------------------------------------------------------------------------------

    async def _run(self, consumer: ConsumerSpec, events: Sequence[Event], step: Step) -> list[Outcome] | None:
        """The outcomes, or None when we are stopping while a dependency is away."""
        log = structlog.get_logger(consumer.name)
        waits = 0
        while not self.stopping.is_set():
            try:
                results = await step(events)
            except Outage as outage:
                if waits == 0 and not self.stopping.is_set():
                    log.warning("waiting for a dependency", dependency=outage.dependency, error=str(outage))
                    OUTAGES.labels(consumer.name, outage.dependency).inc()
                await self._pause(outage_delay_s(waits, self.spread))
                waits += 1
            except Exception as error:
                # A defect of ours: it must neither kill the loop nor cost its neighbours an attempt, so the batch is
                # halved until the event that it cannot take stands alone. A step takes effect once, so it may repeat.
                if len(events) == 1:
                    log.exception("the step failed", event_id=str(events[0].event_id))
                    return [Transient(f"{type(error).__name__}: {error}")]
                middle = len(events) // 2
                first = await self._run(consumer, events[:middle], step)
                second = await self._run(consumer, events[middle:], step) if first is not None else None
                return first + second if first is not None and second is not None else None
            else:
                if waits:
                    log.info("the dependency answers again", probes=waits)
                return results
        return None

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
        except TimeoutError:
            return

    @asynccontextmanager
    async def _heartbeat(self, consumer: ConsumerSpec, raw: Sequence[Msg]) -> AsyncIterator[None]:
        held = partial(_unsettled, raw)
        task = asyncio.create_task(keep(consumer, held), name=f"heartbeat {consumer.name}")
        try:
            yield
        finally:
            task.cancel()

    # --- settling -----------------------------------------------------------------------------------------------

    async def _settle(
        self,
        consumer: ConsumerSpec,
        outcomes: Sequence[tuple[Msg, Event | None, Outcome]],
        given_up: GivenUp | None,
        *,
        is_suspect: bool = False,
    ) -> None:
        done = [message for message, _, outcome in outcomes if outcome is None]
        failed = [(message, event, outcome) for message, event, outcome in outcomes if outcome is not None]
        again = [message.metadata.sequence.stream for message in done if deliveries_of(message) > 1]
        for message in done:
            # The next suspect may end this process before what we sent has left it.
            await (message.ack_sync(timeout=ACK_TIMEOUT_S) if is_suspect else message.ack())
        HANDLED.labels(consumer.name).inc(len(done))
        if again:
            await self.forget(consumer, again)
        # Last, because a letter that the broker has no room for holds what is behind it.
        if failed:
            await self._settle_failed(consumer, failed, given_up)

    async def _settle_failed(
        self, consumer: ConsumerSpec, failed: Sequence[tuple[Msg, Event | None, EchoraError]], given_up: GivenUp | None
    ) -> None:
        now = self.clock.now()
        errors = {message.metadata.sequence.stream: str(error) for message, _, error in failed}
        try:
            stories = await self.failures.add(consumer.stream, consumer.name, errors, now)
        except POSTGRES_ERRORS:
            stories = {}  # Nothing is counted while the database is away; a certain end is still a certain end.
        dead: list[tuple[Msg, Event | None, EchoraError, Failures]] = []
        for message, event, error in failed:
            story = stories.get(message.metadata.sequence.stream, Failures(1, now))
            if isinstance(error, Transient) and story.count < ATTEMPTS_MAX:
                await message.nak(delay=delay_s(error, story.count, self.spread))
            else:
                dead.append((message, event, error, story))
        if dead:
            await self._bury(consumer, dead, given_up)

    async def _bury(
        self,
        consumer: ConsumerSpec,
        dead: Sequence[tuple[Msg, Event | None, EchoraError, Failures]],
        given_up: GivenUp | None,
    ) -> None:
        log = structlog.get_logger(consumer.name)
        kinds: dict[tuple[str, str], list[tuple[EchoraError, Failures]]] = {}
        refused = [(event, str(error)) for _, event, error, _ in dead if event is not None]
        if given_up is not None and refused:
            await _quietly(given_up(refused))
        letters = [self._letter(consumer, message, error, story) for message, _, error, story in dead]
        confirmed = await self._sent(consumer, letters)
        for (message, _, error, story), is_safe in zip(dead, confirmed, strict=True):
            if not is_safe:
                await message.nak(delay=delay_s(Transient(""), 1, self.spread))
                continue
            DEAD_LETTERS.labels(consumer.name, type(error).__name__).inc()
            await message.ack()
            kinds.setdefault((message.subject, fingerprint(consumer.name, error)), []).append((error, story))
        for (subject, kind), stories in kinds.items():
            # One line for all of a kind, or a burst of garbage would be a burst of lines.
            error, story = stories[0]
            words = str(error)[:500]
            log.error(
                "dead letter", subject=subject, error=words, attempts=story.count, letters=len(stories), group=kind
            )
        settled = [m.metadata.sequence.stream for (m, *_), safe in zip(dead, confirmed, strict=True) if safe]
        await self.forget(consumer, settled)

    async def _sent(self, consumer: ConsumerSpec, letters: Sequence[Letter]) -> list[bool]:
        """Publish letters, and hold them while the broker is away or has no room: a message that came again each time
        would use up its deliveries, and a broker without room has none for the word that it gave the message up.
        """
        log = structlog.get_logger(consumer.name)
        waits = 0
        while True:
            try:
                confirmed = await self.publisher.publish_all(letters)
                why = "it has no room for letters" if LETTERS_STREAM.name in self.publisher.intake.troubles else ""
            except Outage as outage:
                confirmed, why = [False] * len(letters), str(outage)
            if not why or self.stopping.is_set():
                if waits and not why:
                    log.info("dead letters leave again", probes=waits)
                return confirmed
            if waits == 0:
                log.warning("waiting for a dependency", dependency="NATS", error=why, letters=len(letters))
                OUTAGES.labels(consumer.name, "NATS").inc()
            await self._pause(outage_delay_s(waits, self.spread))
            waits += 1

    def _letter(self, consumer: ConsumerSpec, message: Msg, error: EchoraError, story: Failures) -> Letter:
        now = self.clock.now()
        delivery = Delivery(
            consumer.stream,
            consumer.name,
            message.metadata.sequence.stream,
            message.subject,
            message.data,
            message.headers or {},
            story.count,
            story.first_failed_at,
            stored_at(message),
        )
        return letter_of(consumer, dead_letter(delivery, error, now))

    async def forget_stream(self, stream: str) -> None:
        """The stream was made anew, so whatever was counted of it belongs to other messages."""
        await _quietly(self.failures.forget_stream(stream))

    async def forget(self, consumer: ConsumerSpec, sequences: Sequence[int]) -> None:
        """These have their letters; what was counted of them is of no use any more."""
        await _quietly(self.failures.forget(consumer.stream, consumer.name, sequences))


def letter_of(consumer: ConsumerSpec, event: DeadLetterEvent) -> Letter:
    """The letter as a message; its id is the same whichever way the message died."""
    try:
        payload = codec.encode(event)
    except Permanent:
        payload = codec.encode(shortened(event))
    headers = {"Nats-Msg-Id": str(event.event_id), "content-type": codec.CONTENT_TYPE}
    return Letter(consumer.dead_letters, payload, headers)


async def keep(consumer: ConsumerSpec, held: Callable[[], Sequence[Msg]]) -> None:
    """Tell the server for as long as this runs that what is `held` at each moment is still being worked on."""
    while True:
        await asyncio.sleep(consumer.ack_wait_s / 3)
        with suppress(NatsError, OSError):
            for message in held():
                await message.in_progress()


async def hand_back(raw: Sequence[Msg]) -> None:
    """Give messages back that were fetched but not handled; they come again at once."""
    for message in raw:
        if not message.is_acked:
            await message.nak(delay=0)


Pair = tuple[Msg, Event]


def apart(pairs: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
    """Those that can be handled together, and those to be handled one by one.

    The suspects' order differs with each delivery, so that whoever stands behind the guilty one now stands before it
    soon; but it is the same for all who look at the same deliveries.
    """
    together: list[Pair] = []
    suspects: list[tuple[int, Pair]] = []
    for message, event in pairs:
        deliveries = deliveries_of(message)
        if deliveries < SUSPECT_FROM:
            together.append((message, event))
        else:
            suspects.append((crc32(f"{event.event_id} {deliveries}".encode()), (message, event)))
    return together, [pair for _, pair in sorted(suspects, key=itemgetter(0))]


def deliveries_of(message: Msg) -> int:
    """How often it was delivered; the fifth token of the reply subject counts (ADR-15).

    Read off the subject, because building the client's metadata for each message costs more than acknowledging it.
    """
    tokens = message.reply.split(".")
    return int(tokens[4 if len(tokens) < 12 else 6])


def _unsettled(raw: Sequence[Msg]) -> list[Msg]:
    return [message for message in raw if not message.is_acked]


def stored_at(message: Msg) -> datetime:
    """When the stream stored it, in microseconds. The client's own reading goes through a float and may be one off."""
    tokens = message.reply.split(".")
    microseconds = int(tokens[7 if len(tokens) < 12 else 9]) // 1_000
    return _EPOCH + timedelta(microseconds=microseconds)


async def _quietly(work: Awaitable[None]) -> None:
    """Bookkeeping that may fail without harm while the database is away: it is repeated or ages out."""
    try:
        await work
    except (Outage, *POSTGRES_ERRORS) as error:
        structlog.get_logger("settle").warning("bookkeeping failed", error=str(error))
