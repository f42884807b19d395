"""The sources as the settings want them: the live services, or a world that speaks as they do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg
import structlog
from prometheus_client import Counter

from contracts.addresses import shown
from contracts.clock import Clock
from contracts.errors import Permanent
from handlers.sources.build import build_sources
from handlers.sources.fetch import Sources
from handlers.sources.notes import Surprise
from handlers.sources.policies import live_policies, world_policies
from streams.calendar import world_file
from streams.settings import Settings
from streams.world import remembered, running_world

EXCHANGES = Counter("echora_source_exchanges_total", "Exchanges with sources.", ["source", "outcome"])
SURPRISES = Counter("echora_source_surprises_total", "Values that a source invented.", ["source", "table"])
_ENTER = """
    INSERT INTO catalogue_origin (origin) VALUES ($1)
    ON CONFLICT (only_row) DO UPDATE SET origin = catalogue_origin.origin RETURNING origin"""


@asynccontextmanager
async def open_sources(settings: Settings, clock: Clock, calendar: Clock) -> AsyncIterator[Sources]:
    """The sources while the block runs, on the catalogue's clock; in world mode the world too, unless WORLD_URL names
    one.
    """
    async with AsyncExitStack() as stack:
        if settings.asks_world:
            if settings.world_url is None:
                plan = remembered(world_file(settings), settings.world_seed, settings.world_speed, clock)
                url = await stack.enter_async_context(running_world(plan))
            else:
                url = settings.world_url.get_secret_value()
            # Where people find /truth and /misbehave.
            structlog.get_logger("world").info("the simulated world stands for the sources", url=shown(url))
            policies = world_policies(url, _enabled(settings))
        else:
            client_id = settings.mal_client_id
            policies = live_policies(
                _base_urls(settings), _enabled(settings), client_id.get_secret_value() if client_id else None
            )
        redis = settings.redis_url.get_secret_value() if settings.redis_url else None
        sources = build_sources(calendar, policies, redis_url=redis, count_surprise=_count, meter=_meter)
        stack.push_async_callback(sources.close)
        yield sources


async def claim_database(pool: asyncpg.Pool, settings: Settings) -> None:
    """Mark whose word the database holds. Raises Permanent when it holds the other's: the two never mix."""
    wanted = "world" if settings.asks_world else "live"
    found = await pool.fetchval(_ENTER, wanted)
    if found != wanted:
        raise Permanent(
            f"this database holds what {'live services' if found == 'live' else 'the simulated world'} said, and "
            f"ECHORA_SOURCES={wanted} would mix both: set ECHORA_SOURCES={found}, or use another database"
        )


def _enabled(settings: Settings) -> dict[str, bool]:
    switches = {
        "jikan": settings.jikan_enabled,
        "anilist": settings.anilist_enabled,
        "kitsu": settings.kitsu_enabled,
        "mal": settings.mal_enabled,
    }
    # MyAnimeList is on only with a client id, so its switch can turn it off but not on.
    return {name: on for name, on in switches.items() if not on}


def _base_urls(settings: Settings) -> dict[str, str]:
    urls = {
        "jikan": settings.jikan_base_url,
        "anilist": settings.anilist_base_url,
        "kitsu": settings.kitsu_base_url,
        "mal": settings.mal_base_url,
    }
    return {name: url.get_secret_value() for name, url in urls.items() if url is not None}


def _meter(source: str, outcome: str) -> None:
    EXCHANGES.labels(source, outcome).inc()


def _count(surprise: Surprise) -> None:
    SURPRISES.labels(surprise.source, surprise.table).inc()
