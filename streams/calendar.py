"""The catalogue's clock: the machine's, or the simulated world's. Schedules, looks and reviews run on it.

What waits for servers, confirmations and people runs on the machine's clock in either case.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import httpx

from contracts.addresses import shown
from contracts.clock import Clock
from contracts.errors import Outage
from streams.clock import WorldClock, world_clock_from
from streams.settings import Settings
from streams.world import remembered

ASK_TIMEOUT_S = 5.0


async def open_calendar(settings: Settings, clock: Clock) -> Clock:
    """The catalogue's clock of this process. Raises Outage when a world elsewhere does not tell its time."""
    if not settings.lives_in_world:
        return clock
    if settings.world_url is not None:
        return await _clock_of(settings.world_url.get_secret_value())
    return remembered(world_file(settings), settings.world_seed, settings.world_speed, clock).clock()


def world_file(settings: Settings) -> Path:
    """Where the plan of a world of our own is kept."""
    return settings.home.expanduser().absolute() / "world.json"


def speed_of(calendar: Clock) -> float:
    """How many of its seconds pass in one of the machine's."""
    return calendar.speed if isinstance(calendar, WorldClock) else 1.0


def real_time(calendar: Clock) -> Callable[[datetime], datetime]:
    """The machine's instant at which the calendar shows another; NATS fires timers by it."""
    return calendar.real if isinstance(calendar, WorldClock) else _same


def _same(instant: datetime) -> datetime:
    return instant


async def _clock_of(url: str) -> Clock:
    try:
        async with httpx.AsyncClient(timeout=ASK_TIMEOUT_S, trust_env=False) as client:
            answer = await client.get(f"{url.rstrip('/')}/clock")
            return world_clock_from(answer.raise_for_status().json())
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        what = f"{shown(url)} did not tell its time ({_why(error)}); start it, or correct WORLD_URL"
        raise Outage("the world", what) from error


def _why(error: Exception) -> str:
    # httpx shows the whole address where it explains a status, and a password may be in it.
    if isinstance(error, httpx.HTTPStatusError):
        return f"it answered {error.response.status_code}"
    return str(error).partition("\n")[0] or type(error).__name__
