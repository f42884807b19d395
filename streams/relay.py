"""relay: the outbox leaves PostgreSQL for NATS. Woken by NOTIFY, and looking anyway."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog

from contracts.clock import Clock
from contracts.errors import Outage
from handlers.postgres import ERRORS as POSTGRES_ERRORS
from handlers.relay import OutboxStore, Outgoing, drain
from handlers.relay.store import CHANNEL
from streams.delivery.delays import outage_delay_s
from streams.delivery.publish import Publisher
from streams.tasks import end_tasks
from streams.topology import EVENTS, SCHEDULE

PRUNE_EVERY_S = 60.0
PRUNE_ROWS_MAX = 10_000
# Beginnings of the subjects that the outbox sends to each stream.
BEGINNINGS = {stream.name: tuple(s.removesuffix(">") for s in stream.subjects) for stream in (EVENTS, SCHEDULE)}


@dataclass(slots=True)
class Relay:
    """The loop around `drain`. Its own connection holds the locks of its buckets; when that dies, they are free.

    A stream that takes nothing is held: its rows wait, those of other streams are sent, and now and then one row is
    tried, until it is confirmed.
    """

    connect: Callable[[], Any]
    publisher: Publisher
    clock: Clock
    spread: Callable[[], float]
    rows_max: int
    poll_s: float
    retention: timedelta
    passed_at: float | None = None
    sent: int = 0
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _failures: int = 0
    _probes: int = 0
    _probe_at: float = 0.0
    _told: set[int] = field(default_factory=set)
    _is_stopping: bool = False
    _task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to relay."""
        self._is_stopping = False
        self._task = asyncio.create_task(self._run(), name="relay")

    async def stop(self, within_s: float | None = None) -> None:
        """Send what still waits, and let go of the buckets. What takes longer than that leaves with the next start."""
        self._is_stopping = True
        self._wake.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=within_s)
            await end_tasks(self._task)
            self._task = None

    async def _run(self) -> None:
        log = structlog.get_logger("relay")
        while not self._is_stopping:
            try:
                connection = await self.connect()
                try:
                    await connection.add_listener(CHANNEL, self._notified)
                    await self._relay(OutboxStore(connection))
                finally:
                    await _close(connection)
            except (Outage, *POSTGRES_ERRORS) as error:
                if self._failures == 0:
                    log.warning("waiting for a dependency", error=str(error))
                await self._pause()
            except Exception:
                # A defect of ours must not end the relaying of this process for good.
                log.exception("relaying failed")
                await self._pause()

    async def _pause(self) -> None:
        await asyncio.sleep(outage_delay_s(self._failures, self.spread))
        self._failures += 1

    async def _relay(self, store: OutboxStore) -> None:
        prune_at = self.clock.monotonic()
        while not self._is_stopping:
            self._wake.clear()
            await store.own_buckets()
            held = self._held()
            store.held = tuple(beginning for stream in held for beginning in BEGINNINGS[stream])
            self.sent += await drain(store, self._publish, self.rows_max)
            if held:
                await self._probe(store, held)
            self.passed_at = self.clock.monotonic()
            if not self._held():
                self._went_well(store)
            if self.clock.monotonic() >= prune_at:
                await store.prune(self.clock.now() - self.retention, PRUNE_ROWS_MAX)
                prune_at = self.clock.monotonic() + PRUNE_EVERY_S
            try:
                async with asyncio.timeout(self.poll_s):
                    await self._wake.wait()
            except TimeoutError:
                continue
        # What the last batches have committed since the pass before leaves now and not with the next start.
        if not self._held():
            self.sent += await drain(store, self._publish, self.rows_max)

    def _held(self) -> list[str]:
        return [stream for stream in BEGINNINGS if stream in self.publisher.intake.troubles]

    async def _probe(self, store: OutboxStore, held: Sequence[str]) -> None:
        """Try one row of each stream that is held, if it is time to."""
        if self.clock.monotonic() < self._probe_at:
            return
        for stream in held:
            known = len(store.unreadable)
            first = await store.first_of(BEGINNINGS[stream])
            if not first and len(store.unreadable) == known:
                self.publisher.intake.forget(stream)
            # At a stop it is not worth the seconds that a silent server takes.
            if first and not self._is_stopping and (confirmed := await self._tried(first)):
                await store.mark(confirmed)
                self.sent += len(confirmed)
                self._wake.set()
        self._probe_at = self.clock.monotonic() + outage_delay_s(self._probes, self.spread)
        self._probes = self._probes + 1 if self._held() else 0

    async def _tried(self, messages: Sequence[Outgoing]) -> list[int]:
        try:
            return await self._publish(messages)
        except Outage:
            return []

    def _went_well(self, store: OutboxStore) -> None:
        log = structlog.get_logger("relay")
        if self._failures:
            log.info("relaying again", probes=self._failures)
            self._failures = 0
        for row_id in store.unreadable.keys() - self._told:
            log.error("no message can be made of an outbox row", row=row_id, error=store.unreadable[row_id])
            self._told.add(row_id)

    async def _publish(self, messages: Sequence[Outgoing]) -> list[int]:
        confirmed = await self.publisher.publish_all(messages)
        return [message.row_id for message, is_safe in zip(messages, confirmed, strict=True) if is_safe]

    def _notified(self, *_: object) -> None:
        self._wake.set()


async def _close(connection: Any) -> None:
    try:
        await connection.close(timeout=1)
    except POSTGRES_ERRORS:
        connection.terminate()
