"""Bad days on request: which service misbehaves how, until when on the world's clock."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from contracts.errors import Refused
from handlers.world.changes import Source


class Fault(StrEnum):
    """The ways to misbehave."""

    TOO_MANY = "429"
    SERVER_ERROR = "500"
    GATEWAY_TIMEOUT = "504"
    TIMEOUT = "timeout"
    TRUNCATED = "truncated"
    HTML = "html"
    STALE = "stale"
    PARTIAL = "partial"
    MASS_TITLES = "mass_titles"


WINDOWS_MAX = 100
FOR_S_MAX = 400 * 86_400.0
HOLD_S_MAX = 3_600.0


@dataclass(frozen=True, slots=True)
class Window:
    """One bad spell. `share` of the requests suffer, or of the titles for `mass_titles`.

    `retry_after_s` goes with a 429 (None sends none), `hold_s` with a timeout, `stale_s` says how old a stale copy is.
    """

    source: Source
    fault: Fault
    start: datetime
    end: datetime
    share: float = 1.0
    retry_after_s: int | None = None
    hold_s: float = 120.0
    stale_s: float = 3 * 86_400.0

    def as_json(self) -> dict[str, Any]:
        """The window as the HTTP surface prints it."""
        return {**asdict(self), "kind": self.fault.value, "source": self.source.value}


class Misbehaviour:
    """The windows that were asked for. They are the only thing in the world that does not follow from the seed."""

    def __init__(self) -> None:
        self._windows: list[Window] = []
        self._asked = 0

    def start(
        self,
        source: Source | str,
        kind: Fault | str,
        for_s: float,
        now: datetime,
        *,
        share: float = 1.0,
        retry_after_s: int | None = None,
        hold_s: float = 120.0,
        stale_s: float = 3 * 86_400.0,
    ) -> Window:
        """Begin a bad spell of `for_s` world seconds; raises Refused when a value makes no sense."""
        where = "misbehaviour"
        if source not in list(Source):
            raise Refused(where, "source", f"{source!r} is not one of {', '.join(Source)}")
        if kind not in list(Fault):
            raise Refused(where, "kind", f"{kind!r} is not one of {', '.join(Fault)}")
        if kind == Fault.PARTIAL and source != Source.ANILIST:
            raise Refused(where, "kind", "only anilist can answer in part; choose another kind or source")
        for name, value, most in (("for_s", for_s, FOR_S_MAX), ("hold_s", hold_s, HOLD_S_MAX), ("share", share, 1.0)):
            if not 0 < value <= most:
                raise Refused(where, name, f"{value} is not above 0 and at most {most}")
        self._windows = self.active(now)
        if len(self._windows) >= WINDOWS_MAX:
            raise Refused(where, "", f"{WINDOWS_MAX} windows are open already; end some with DELETE /misbehave")
        end = now + timedelta(seconds=for_s)
        window = Window(Source(source), Fault(kind), now, end, share, retry_after_s, hold_s, stale_s)
        self._windows.append(window)
        return window

    def clear(self) -> None:
        """End all bad spells now."""
        self._windows = []

    def active(self, now: datetime) -> list[Window]:
        """The windows that are open at `now`."""
        return [window for window in self._windows if window.start <= now < window.end]

    def suffered(self, source: Source, now: datetime) -> dict[Fault, Window]:
        """What one request to `source` suffers at `now`. A share is met by counting, not by luck."""
        self._asked += 1
        # Steps of the golden ratio spread a share evenly over requests that come one after the other.
        draw = self._asked * 0.6180339887498949 % 1.0
        return {
            window.fault: window
            for window in self.active(now)
            if window.source is source and (window.fault is Fault.MASS_TITLES or draw < window.share)
        }
