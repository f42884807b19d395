"""The watch over room in JetStream: an alarm when a stream takes no messages, and word when it takes them again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

import structlog
from prometheus_client import Gauge

from contracts.addresses import shown
from contracts.clock import Clock
from streams.alerts import Alert, AlertKind, Alerts
from streams.broker import connection
from streams.delivery.intake import Intake, Trouble, is_disk
from streams.fullness_words import begun, over, stream_named
from streams.monitoring import Health, MonitoringPage
from streams.tasks import end_tasks

if TYPE_CHECKING:
    from streams.graph import Graph

FULL = Gauge("echora_broker_full", "1 while a stream takes no messages, for want of room.", ["stream"])
LOOK_EVERY_S: Final = 1.0
ASK_EVERY_S: Final = 10.0
# A server that restarts on a full disk takes a message or two and then none, which takes a while to show.
SETTLED_S: Final = 10.0


@dataclass(slots=True)
class Fullness:
    """The watch of one process over the streams that it publishes to. `server` is shown, `is_ours` if we run it.

    With `health`, the server's own words come at once, and of a stream too to which nothing is published just now;
    without it, refusals speak for themselves, and silence is told after a while, with its usual cause.
    """

    intake: Intake
    alerts: Alerts
    clock: Clock
    server: str
    is_connected: Callable[[], bool]
    health: Health | None = None
    is_ours: bool = False
    _told: dict[str, float] = field(default_factory=dict)
    _said: str = ""
    _asked_at: float = float("-inf")
    _task: asyncio.Task[None] | None = None

    @classmethod
    def of(cls, graph: Graph) -> Self:
        """The watch of a wired graph."""
        runtime, servers = graph.runtime, graph.servers
        return cls(
            runtime.settler.publisher.intake,
            runtime.alerts,
            runtime.clock,
            shown(servers.nats_url),
            lambda: connection(graph.broker).is_connected,
            MonitoringPage(servers.nats_monitoring) if servers.nats_monitoring else None,
            is_ours=graph.settings.nats_url is None,
        )

    def start(self) -> None:
        """Begin to watch."""
        self._task = asyncio.create_task(self._run(), name="room in JetStream")

    async def stop(self) -> None:
        """End; what is full then is told again by the next start."""
        await end_tasks(self._task)
        self._task = None

    async def once(self) -> None:
        """One look: tell of what has begun and of what is over."""
        troubles, now = self.intake.troubles, self.clock.monotonic()
        await self._ask(troubles)
        full = {stream: trouble for stream, trouble in troubles.items() if self._is_full(trouble)}
        named = stream_named(self._said)
        if named is not None:
            full.setdefault(named, Trouble(now, now, self._said))
        for stream in full.keys() - self._told.keys():
            self._begin(stream, full[stream])
        for stream in self._told.keys() - full.keys():
            if self._is_over(stream):
                self._end(stream)

    def _is_full(self, trouble: Trouble) -> bool:
        if trouble.words:
            return True
        if not self.is_connected():
            return False
        return is_disk(self._said) or trouble.is_certain(self.clock.monotonic())

    def _is_over(self, stream: str) -> bool:
        if self.intake.settled_s(stream) < SETTLED_S:
            return False
        # The server's words name one stream, and the disk is below all of them.
        return self.intake.has_confirmed_since(stream) or not is_disk(self._said)

    async def _ask(self, troubles: Mapping[str, Trouble]) -> None:
        """Have the server say how it is: now and then, and at once when something begins or may be over."""
        ended = (stream for stream in self._told if stream not in troubles and self.intake.has_confirmed_since(stream))
        is_urgent = bool(troubles.keys() - self._told.keys()) or any(ended)
        if self.health is not None and (is_urgent or self.clock.monotonic() - self._asked_at >= ASK_EVERY_S):
            said = await self.health()
            # While it does not answer, what it said last stands.
            self._said = self._said if said is None else said
            self._asked_at = self.clock.monotonic()

    def _begin(self, stream: str, trouble: Trouble) -> None:
        now = self.clock.monotonic()
        words = trouble.words or (self._said if is_disk(self._said) else "")
        self._told[stream] = trouble.since
        self.intake.full[stream] = words or "no publish is confirmed; is the disk below it full?"
        FULL.labels(stream).set(1)
        text = begun(stream, self.server, words, now - trouble.since, is_ours=self.is_ours)
        facts = {"stream": stream, "server": self.server, "state": "begun", "words": words}
        self.alerts.tell(Alert(AlertKind.BROKER_FULL, stream, text, facts))

    def _end(self, stream: str) -> None:
        seconds = self.clock.monotonic() - self._told.pop(stream)
        del self.intake.full[stream]
        FULL.labels(stream).set(0)
        is_known = self.health is not None or self.intake.has_confirmed_since(stream)
        text = over(stream, self.server, seconds, is_known=is_known)
        facts = {"stream": stream, "server": self.server, "state": "over", "seconds": round(seconds, 1)}
        self.alerts.tell(Alert(AlertKind.BROKER_FULL, stream, text, facts))

    async def _run(self) -> None:
        while True:
            try:
                await self.once()
            except Exception:
                # A defect of ours must not end the watching for good.
                structlog.get_logger("room").exception("the look failed")
            await self.clock.sleep(LOOK_EVERY_S)
