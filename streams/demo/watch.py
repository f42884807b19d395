"""What the screen knows: the program's own words about itself, taken every half second over HTTP."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import httpx

from streams.demo.tally import Tally

JSON = Any
TICKER_LINES: Final = 12


@dataclass(slots=True)
class Watch:
    """The last that was heard, and counters that survive kills. `look` never fails: a dead program says nothing."""

    client: httpx.AsyncClient
    tally: Tally = field(default_factory=Tally)
    activity: Mapping[str, JSON] = field(default_factory=dict)
    status: Mapping[str, JSON] = field(default_factory=dict)
    ticker: deque[Mapping[str, JSON]] = field(default_factory=lambda: deque(maxlen=TICKER_LINES))
    scores_moved: int = 0
    is_there: bool = False
    _after: int = 0

    async def look(self) -> None:
        """Ask for everything; what is not answered stays as it was."""
        try:
            activity = (
                await self.client.get("/activity", params={"after": self._after, "limit": 200})
            ).raise_for_status()
            status = (await self.client.get("/status")).raise_for_status()
            metrics = (await self.client.get("/metrics")).raise_for_status()
        except httpx.HTTPError:
            self.is_there = False
            return
        self.is_there = True
        self.activity, self.status = activity.json(), status.json()
        self.tally.take(metrics.text)
        self._after = self.activity["after"]
        for one in self.activity["happenings"]:
            self.ticker.append(one)
            self.scores_moved += one["kind"] == "score"

    @property
    def world_url(self) -> str:
        """Where the world is; empty before it was heard."""
        return str(self.activity.get("world_url") or "")

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is on its way: no look runs, no consumer lags, the outbox is empty."""
        workflows = self.activity.get("workflows", [])
        consumers = self.status.get("consumers", [])
        return (
            self.is_there
            and not any(one["running"] for one in workflows)
            and not any(one["lag"] or one["in_flight"] for one in consumers)
            and not self.activity.get("outbox_pending", 1)
        )


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture: the phase in words, the world's time, how far the run is (0 to 1), and kills so far."""

    phase: str
    now: datetime | None
    share: float
    kills: int = 0
    speed: float = 1.0
