"""The sources as the settings want them: the live services, or a world that speaks as they do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import structlog
from prometheus_client import Counter

from contracts.clock import Clock
from contracts.errors import Outage, Permanent
from handlers.sources.build import build_sources
from handlers.sources.fetch import Sources
from handlers.sources.notes import Surprise
from handlers.sources.policies import live_policies, world_policies
from streams.clock import world_clock_from
from streams.settings import Settings
from streams.world import remembered, running_world

ASK_TIMEOUT_S = 5.0
EXCHANGES = Counter("echora_source_exchanges_total", "Exchanges with sources.", ["source", "outcome"])
SURPRISES = Counter("echora_source_surprises_total", "Values that a source invented.", ["source", "table"])
_ENTER = """
    INSERT INTO catalogue_origin (origin) VALUES ($1)
    ON CONFLICT (only_row) DO UPDATE SET origin = catalogue_origin.origin RETURNING origin"""


@asynccontextmanager
async def open_sources(settings: Settings, clock: Clock) -> AsyncIterator[Sources]:
    """The sources while the block runs; in world mode the world too, unless WORLD_URL names one."""
    async with AsyncExitStack() as stack:
        if settings.asks_world:
            if settings.world_url is None:
                plan = remembered(_world_file(settings), settings.world_seed, settings.world_speed, clock)
                url = await stack.enter_async_context(running_world(plan))
                clock = plan.clock()
            else:
                url, clock = settings.world_url, await _clock_of(settings.world_url)
            # Where people find /truth and /misbehave.
            structlog.get_logger("world").info("the simulated world stands for the sources", url=url)
            policies = world_policies(url, _enabled(settings))
        else:
            client_id = settings.mal_client_id
            policies = live_policies(
                _base_urls(settings), _enabled(settings), client_id.get_secret_value() if client_id else None
            )
        redis = settings.redis_url.get_secret_value() if settings.redis_url else None
        sources = build_sources(clock, policies, redis_url=redis, count_surprise=_count, meter=_meter)
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


def _world_file(settings: Settings) -> Path:
    return settings.home.expanduser().absolute() / "world.json"


async def _clock_of(url: str) -> Clock:
    try:
        async with httpx.AsyncClient(timeout=ASK_TIMEOUT_S, trust_env=False) as client:
            answer = await client.get(f"{url.rstrip('/')}/clock")
            return world_clock_from(answer.raise_for_status().json())
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        # httpx explains a status on a second line; this has to be one.
        why = str(error).partition("\n")[0] or type(error).__name__
        raise Outage("the world", f"{url} did not tell its time ({why}); start it, or correct WORLD_URL") from error


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
    return {name: url for name, url in urls.items() if url}


def _meter(source: str, outcome: str) -> None:
    EXCHANGES.labels(source, outcome).inc()


def _count(surprise: Surprise) -> None:
    SURPRISES.labels(surprise.source, surprise.table).inc()
