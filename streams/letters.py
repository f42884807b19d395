"""letters: dead letters become rows, the first of a group is told, and people send them again at a bounded rate."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Final

import structlog
from faststream import Context
from faststream.nats.message import NatsBatchMessage

from contracts.codec import PoisonMessage
from contracts.errors import EchoraError, Outage, Permanent
from contracts.events import DeadLetterEvent, Event
from handlers.dead_letters import Chosen, News, forget, keep, replay_next, tell_news, waiting
from handlers.postgres import Verdict, verdict
from streams import topology
from streams.alerts import Alert, AlertKind
from streams.broker import Pullers
from streams.delivery.metrics import LETTERS_WAITING
from streams.runtime import Runtime
from streams.tasks import end_tasks

Batch = Annotated[NatsBatchMessage, Context("message")]
# Each may be more than a megabyte, and as many again wait behind those in hand.
BATCH_MAX: Final = 20
LOOK_EVERY_S: Final = 60.0
FORGET_ROWS_MAX: Final = 1_000
# A step of a replay is one transaction that holds the bytes of its letters.
REPLAY_STEP_MAX: Final = 25
ERROR_CHARS_SHOWN: Final = 300


@dataclass(slots=True)
class LetterDesk:
    """Keeps letters as rows, alerts of new groups, and forgets what is old."""

    runtime: Runtime
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None

    def subscribe(self, pullers: Pullers) -> None:
        """Declare the subscriber of this step."""

        @pullers.subscriber(topology.LETTERS, BATCH_MAX)
        async def keep_letters(events: list[DeadLetterEvent | PoisonMessage], message: Batch) -> None:
            """Dead letters of every consumer."""
            await self.runtime.settler.deliver(topology.LETTERS, message.raw_message, events, self.keep)

    async def keep(self, events: Sequence[Event]) -> list[EchoraError | None]:
        """Write a batch of letters. Raises Outage."""
        letters = [event for event in events if isinstance(event, DeadLetterEvent)]
        try:
            await keep(self.runtime.pool, letters)
        except Exception as error:
            if verdict(error) is not Verdict.REFUSED:
                raise
            if len(letters) > 1:
                return [await self._keep_one(letter) for letter in letters]
            return [self._refused(letters[0], error)]
        self._wake.set()
        return [None] * len(events)

    async def _keep_one(self, letter: DeadLetterEvent) -> EchoraError | None:
        return (await self.keep([letter]))[0]

    def _refused(self, letter: DeadLetterEvent, error: Exception) -> EchoraError | None:
        structlog.get_logger(topology.LETTERS.name).error("no row", letter=str(letter.event_id), error=str(error))
        # A letter about a letter that has no row either would come back for ever; the stream still has both.
        return None if letter.consumer == topology.LETTERS.name else Permanent(f"PostgreSQL refuses it: {error}")

    def start(self) -> None:
        """Begin to alert and to forget."""
        self._task = asyncio.create_task(self._run(), name="letters")

    async def stop(self) -> None:
        """End; who was not told yet is told after the next start."""
        await end_tasks(self._task)
        self._task = None

    async def _run(self) -> None:
        log = structlog.get_logger("letters")
        while True:
            self._wake.clear()
            try:
                await self.once()
            except Outage as outage:
                log.warning("put off", error=str(outage))
            except Exception:
                # A defect of ours in one pass must not end the telling for good.
                log.exception("the pass failed")
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def once(self) -> None:
        """One pass: tell of new groups, forget some of what is too old."""
        while await tell_news(self.runtime.pool, self._tell):
            continue
        LETTERS_WAITING.set((await waiting(self.runtime.pool))[0])
        before = self.runtime.clock.now() - timedelta(days=self.runtime.settings.dead_letter_retention_days)
        gone = await forget(self.runtime.pool, before, FORGET_ROWS_MAX)
        if gone:
            structlog.get_logger("letters").warning("forgotten, too old", **gone)

    def _tell(self, news: News) -> None:
        again = f", which was sent again {news.replays} times" if news.replays else ""
        text = f"first dead letter of a kind: {news.consumer} gave up a message on {news.subject}{again}: "
        facts = {
            "id": news.letter_id,
            "fingerprint": news.fingerprint,
            "consumer": news.consumer,
            "subject": news.subject,
            "error_class": news.error_class,
            "attempts": news.attempts,
            "last_failed_at": news.last_failed_at,
        }
        shown = f"{news.error_class}: {news.error[:ERROR_CHARS_SHOWN]}"
        self.runtime.alerts.tell(Alert(AlertKind.DEAD_LETTERS, news.fingerprint, text + shown, facts))


async def replay(runtime: Runtime, chosen: Chosen, per_second: float, by: str) -> AsyncIterator[int]:
    """Send the letters of a choice again, no faster than `per_second`; gives how many are queued so far."""
    step = max(1, min(REPLAY_STEP_MAX, int(per_second)))
    queued = 0
    while sent := await replay_next(runtime.pool, chosen, step, by, runtime.clock.now()):
        queued += sent
        yield queued
        if sent < step:
            return
        await runtime.clock.sleep(sent / per_second)
