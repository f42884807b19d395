"""What looks need, as the settings and the catalogue's clock want it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from nats.aio.client import Client

from handlers.catalogue.assemble import anime_values, character_values
from handlers.schedule.desk import Desk
from handlers.update.breaker import BreakerPolicy
from handlers.update.look import Wishes
from handlers.update.records import RecordStore
from streams import topology
from streams.looks import Looks
from streams.runtime import Runtime
from streams.scheduling import HOUR_S, schedule_store
from streams.timers import NatsTimers


def build_looks(runtime: Runtime, client: Callable[[], Client]) -> Looks:
    """Put together what looks need, of a runtime that has its pool, its sources and its calendar."""
    settings, calendar = runtime.settings, runtime.calendar
    store = schedule_store(settings, calendar)
    timers = NatsTimers(client, lambda workflow: topology.DUE[workflow].name)
    off = frozenset(name for name, line in runtime.sources.lines.items() if not line.policy.enabled)
    return Looks(
        pool=runtime.pool,
        store=store,
        timers=timers,
        desk=Desk(runtime.pool, store, timers),
        records=RecordStore(runtime.pool, anime_values, character_values, off),
        sources=runtime.sources,
        calendar=calendar,
        wishes=Wishes(
            settings.episode_window_days,
            settings.episode_confirmation,
            settings.score_delta_threshold,
            settings.score_sync_lookback_days,
        ),
        breaker=BreakerPolicy(
            settings.breaker_window_h * HOUR_S,
            settings.breaker_titles_min,
            settings.breaker_risky_share,
            settings.breaker_blanked_share,
        ),
        alerts=runtime.alerts,
        stopping=runtime.settler.stopping,
        fetches=asyncio.Semaphore(settings.update_fetches_max),
    )
