"""What a person should hear of: a line in the log, a count, and a webhook where one is set.

`tell` returns at once and never raises, so that nobody's work hangs on whether somebody listens.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import structlog
from prometheus_client import Counter

from streams.tasks import end_tasks

ALERTS = Counter("echora_alerts_total", "Alerts that were told.", ["kind"])
UNSENT = Counter("echora_alerts_unsent_total", "Alerts that the webhook did not get.", ["reason"])
WAITING_MAX: Final = 1_000
FLUSH_S: Final = 1.0


class AlertKind(StrEnum):
    """What alerts are about; a label of a metric, so the list is closed."""

    DEAD_LETTERS = "dead_letters"
    WINDOW_SKIPPED = "window_skipped"
    SOURCE_BREAKER = "source_breaker"
    BROKER_FULL = "broker_full"
    OUT_OF_STEP = "out_of_step"


@dataclass(frozen=True, slots=True)
class Alert:
    """`key` says which one of its kind (a fingerprint, a schedule), `text` is one line, `facts` are for programs."""

    kind: AlertKind
    key: str
    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)


Send = Callable[[Alert], Awaitable[None]]
"""Hands an alert over, trying as often as it is worth; raises when it cannot."""


class Alerts:
    """Where alerts go. Without `send` they are logged and counted only."""

    def __init__(self, send: Send | None = None) -> None:
        self._send = send
        self._waiting: asyncio.Queue[Alert] = asyncio.Queue(WAITING_MAX)
        self._task: asyncio.Task[None] | None = None
        self._log = structlog.get_logger("alert")

    def tell(self, alert: Alert) -> None:
        """Log it, count it, and queue it for the webhook; what does not fit any more is counted and left out."""
        facts = {f"fact_{name}": value for name, value in alert.facts.items()}
        self._log.warning(alert.text, kind=alert.kind.value, key=alert.key, **facts)
        ALERTS.labels(alert.kind.value).inc()
        if self._send is None:
            return
        try:
            self._waiting.put_nowait(alert)
        except asyncio.QueueFull:
            UNSENT.labels("queue full").inc()

    def start(self) -> None:
        """Begin to send; what was told before is sent too."""
        if self._send is not None:
            self._task = asyncio.create_task(self._run(self._send), name="alerts")

    async def stop(self) -> None:
        """Give what waits a moment to leave, then end."""
        if self._task is None:
            return
        try:
            async with asyncio.timeout(FLUSH_S):
                await self._waiting.join()
        except TimeoutError:
            UNSENT.labels("stopped").inc(self._waiting.qsize() + 1)
            self._log.warning("alerts were not sent before the stop", waiting=self._waiting.qsize() + 1)
        await end_tasks(self._task)
        self._task = None

    async def _run(self, send: Send) -> None:
        while True:
            alert = await self._waiting.get()
            try:
                await send(alert)
            except Exception as error:
                # Whatever it is, the next alert is still worth sending. Its words may hold the address, which is a
                # secret with many services.
                UNSENT.labels("refused").inc()
                self._log.error("the webhook did not take an alert", key=alert.key, error=type(error).__name__)
            finally:
                self._waiting.task_done()
