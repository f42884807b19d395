"""Where every request is met: what it suffers, whether it fits the service's limits, and what it is told."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import orjson

from contracts.clock import Clock
from handlers.world.anilist import RATE_PER_MINUTE, AniList
from handlers.world.asking import Answer, Ask, Dialect
from handlers.world.changes import Source
from handlers.world.dialects import dialects
from handlers.world.headers import freshness, http_date
from handlers.world.misbehaviour import Fault, Misbehaviour, Window
from handlers.world.throttle import Throttle
from handlers.world.world import World

_HELD_MAX = 500
_SILENT = "<!doctype html><html><head><title>Just a moment</title></head><body>Checking your browser.</body></html>"


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes over the wire."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class Desk:
    """The four services behind one door. State: open bad spells and the counters of the rate limits, nothing else."""

    def __init__(self, world: World, clock: Clock) -> None:
        self.world = world
        self.clock = clock
        self.misbehaviour = Misbehaviour()
        self.dialects = dialects()
        self._throttle = Throttle()
        self._held = 0

    async def meet(self, source: Source, ask: Ask) -> Reply:
        """Answer a request to a service, well or badly."""
        dialect, now = self.dialects[source], self.clock.now()
        suffered = self.misbehaviour.suffered(source, now)
        if Fault.TIMEOUT in suffered:
            await self._hold(suffered[Fault.TIMEOUT])
            return self._reply(dialect, dialect.fault(504, None), ask)
        refused = _refused(dialect, suffered)
        if refused is None:
            refused = self._throttled(dialect, now)
        if refused is not None:
            return self._reply(dialect, refused, ask)
        shown, answer = self._answered(dialect, ask, now, suffered)
        return _spoiled(self._reply(dialect, answer, ask, shown), suffered)

    def _answered(
        self, dialect: Dialect, ask: Ask, now: datetime, suffered: Mapping[Fault, Window]
    ) -> tuple[datetime, Answer]:
        stale, renamed = suffered.get(Fault.STALE), suffered.get(Fault.MASS_TITLES)
        shown = max(self.world.origin, now - timedelta(seconds=stale.stale_s)) if stale else now
        showing = self.world.at(dialect.source, shown, renamed.share if renamed else 0.0)
        if Fault.PARTIAL in suffered and isinstance(dialect, AniList):
            return shown, dialect.answer(ask, showing, partial=True)
        answer = dialect.answer(ask, showing)
        if stale is not None and shown == self.world.origin:
            # The world began less than that long ago: the copy is as old as can be, and says the age asked for.
            answer = replace(answer, changed_at=answer.changed_at and now - timedelta(seconds=stale.stale_s))
            shown = now - timedelta(seconds=stale.stale_s)
        return shown, answer

    def _throttled(self, dialect: Dialect, now: datetime) -> Answer | None:
        wait_s = self._throttle.wait_s(dialect.source, dialect.rates, now)
        if wait_s <= 0:
            return None
        # Only AniList says how long to wait.
        return dialect.fault(429, math.ceil(wait_s) if dialect.source is Source.ANILIST else None)

    async def _hold(self, window: Window) -> None:
        # Beyond the bound a request is let go at once: holding costs memory for as long as it lasts.
        if self._held >= _HELD_MAX:
            return
        self._held += 1
        try:
            await self.clock.sleep(window.hold_s)
        finally:
            self._held -= 1

    def _reply(self, dialect: Dialect, answer: Answer, ask: Ask, shown: datetime | None = None) -> Reply:
        now = self.clock.now()
        headers = {"Content-Type": dialect.media_type, "Date": http_date(now), **answer.headers}
        if answer.status == 200:
            headers |= freshness(dialect.source, ask.path, answer.changed_at, shown or now, now)
            if dialect.source is Source.ANILIST:
                left = self._throttle.left(dialect.source, RATE_PER_MINUTE, 60.0, now)
                headers |= {"X-RateLimit-Limit": str(RATE_PER_MINUTE), "X-RateLimit-Remaining": str(left)}
        return Reply(answer.status, orjson.dumps(answer.body), headers)


def _refused(dialect: Dialect, suffered: Mapping[Fault, Window]) -> Answer | None:
    for fault in (Fault.TOO_MANY, Fault.SERVER_ERROR, Fault.GATEWAY_TIMEOUT):
        if fault in suffered:
            return dialect.fault(int(fault.value), suffered[fault].retry_after_s)
    return None


def _spoiled(reply: Reply, suffered: Mapping[Fault, Window]) -> Reply:
    if Fault.HTML in suffered:
        return replace(reply, body=_SILENT.encode(), headers={**reply.headers, "Content-Type": "text/html"})
    if Fault.TRUNCATED in suffered:
        return replace(reply, body=reply.body[: len(reply.body) // 2])
    return reply
