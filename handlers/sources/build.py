"""Puts the machinery together. The composition root calls this once and closes what it returns."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

import httpx

from contracts.clock import Clock
from handlers.sources.bodies import bodies
from handlers.sources.breaker import Breaker
from handlers.sources.budget import Budget
from handlers.sources.fetch import Sources
from handlers.sources.gate import Gate
from handlers.sources.http import Http, http_client
from handlers.sources.line import Line
from handlers.sources.notes import Surprise
from handlers.sources.policy import SourcePolicy
from handlers.sources.port import SourceAdapter
from handlers.sources.sender import Meter, Sender
from handlers.sources.sources import SOURCES
from handlers.sources.storage import limit_storage
from handlers.sources.surprises import SurpriseLog

_log = logging.getLogger(__name__)


def _log_surprise(surprise: Surprise) -> None:
    _log.warning("%s has a value of %s that we do not know: %r", surprise.source, surprise.table, surprise.value)


def build_sources(
    clock: Clock,
    policies: Mapping[str, SourcePolicy] | None = None,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    redis_url: str | None = None,
    adapters: Mapping[str, SourceAdapter] = SOURCES,
    count_surprise: Callable[[Surprise], None] = lambda _: None,
    log_surprise: Callable[[Surprise], None] = _log_surprise,
    meter: Meter = lambda _source, _outcome: None,
) -> Sources:
    """The sources, ready to be asked. Nothing is sent here.

    `policies` replaces an adapter's own policy by name. With `redis_url` the budgets and the cache are shared by all
    processes that name it, else they are this process's. `meter` hears of every exchange, for metrics.
    """
    client = http_client(transport)
    cache = bodies(clock, redis_url)
    storage = limit_storage(clock, redis_url)
    lines: dict[str, Line] = {}
    for name, adapter in adapters.items():
        policy = (policies or {}).get(name, adapter.policy)
        gate = Gate(name, Budget(name, policy, storage, clock), policy.concurrency, policy.waiting_max, clock)
        breaker = Breaker(name, policy.failures_to_open, policy.open_s, clock)
        sender = Sender(adapter, policy, Http(name, policy, client), gate, breaker, clock, meter)
        lines[name] = Line(adapter, policy, sender, cache, clock)
    return Sources(lines, client, cache, storage, clock, SurpriseLog(count_surprise, log_surprise))
