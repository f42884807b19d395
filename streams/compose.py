"""The composition root: settings, servers, broker, rooms and HTTP become one application."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import structlog

from streams import advisories, index, persist, update
from streams.alerts import Alerts
from streams.application import EchoraApplication, workers_asked_for
from streams.broker import Pullers, build_broker, connection
from streams.clock import SystemClock
from streams.collector import calm_collector
from streams.delivery.failures import PostgresFailures
from streams.delivery.publish import Publisher
from streams.delivery.settle import Settler
from streams.embedded import EmbeddedError
from streams.graph import Graph
from streams.http.cut_off import CutOff
from streams.http.guard import Guard
from streams.letters import LetterDesk
from streams.log import configure_logging
from streams.relay import Relay
from streams.runtime import Runtime
from streams.services import build_services
from streams.settings import Settings, SettingsError, load_settings
from streams.start import Servers, choose_servers, relay_connection, running
from streams.webhook import Webhook

# Each part of a stop has this much, also when those before it took all of its time.
GRACE_LEAST_S = 0.5


def application() -> EchoraApplication:
    """What `faststream run streams:app` runs. What cannot work ends here, in one line on standard error."""
    try:
        settings = load_settings()
        configure_logging(settings.log_format, settings.log_level)
        _refuse_workers(settings)
        servers = choose_servers(settings)
    except (SettingsError, EmbeddedError) as error:
        sys.exit(f"echora: {error}")
    return assemble(wire(settings, servers))


def _refuse_workers(settings: Settings) -> None:
    workers = workers_asked_for(sys.argv, dict(os.environ))
    if workers > 1 and settings.embedded:
        raise SettingsError(
            f"--workers {workers} needs servers that several processes can share, and {', '.join(settings.embedded)} "
            "would run embedded in one: set NATS_URL, POSTGRES_URL and QDRANT_URL, or run one worker"
        )


def wire(settings: Settings, servers: Servers) -> Graph:
    """Build every part and connect them; nothing is started and nothing is opened."""
    clock = SystemClock()
    broker = build_broker(servers.nats_url, shutdown_grace_s=settings.shutdown_grace_s, name="echora")
    publisher = Publisher(lambda: connection(broker), clock)
    failures = PostgresFailures(lambda: runtime.pool)
    settler = Settler(publisher, failures, clock, random.random, settings.tuning)
    runtime = Runtime(settings, clock, settler, _alerts(settings, clock))
    pullers = Pullers(broker, clock, settings.tuning)
    letters = LetterDesk(runtime)
    if settings.runs("persist"):
        persist.subscribe(pullers, runtime)
    if settings.runs("index"):
        index.subscribe(pullers, runtime)
    if settings.runs("update"):
        update.subscribe(pullers, runtime)
    if settings.runs("letters"):
        advisories.subscribe(pullers, runtime)
        letters.subscribe(pullers)
    relay = Relay(
        relay_connection(servers),
        publisher,
        clock,
        random.random,
        settings.relay_batch,
        settings.relay_poll_s,
        timedelta(days=settings.outbox_retention_days),
    )
    return Graph(settings, servers, broker, runtime, pullers, relay, letters)


def _alerts(settings: Settings, clock: SystemClock) -> Alerts:
    if settings.alert_webhook_url is None:
        return Alerts()
    return Alerts(Webhook(settings.alert_webhook_url, settings.alert_webhook_secret, clock))


def assemble(graph: Graph) -> EchoraApplication:
    """The application around a wired graph."""
    services = build_services(graph)

    @asynccontextmanager
    async def lifespan(**_: Any) -> AsyncIterator[None]:
        async with running(graph.servers, graph.broker, graph.runtime):
            yield

    async def started() -> None:
        graph.runtime.alerts.start()
        if graph.settings.runs("relay"):
            graph.relay.start()
        structlog.get_logger("echora").info("running", roles=",".join(graph.settings.roles))
        await services.started()
        calm_collector()

    async def stopping() -> None:
        graph.pullers.halt()
        graph.runtime.settler.stopping.set()
        clock, grace_s = graph.runtime.clock, graph.settings.shutdown_grace_s
        end = clock.monotonic() + grace_s
        await services.stopping()
        await graph.pullers.stop(max(GRACE_LEAST_S, end - clock.monotonic()))
        await graph.relay.stop(max(GRACE_LEAST_S, end - clock.monotonic()))
        await graph.runtime.alerts.stop()

    return EchoraApplication(
        graph.broker,
        http=CutOff(Guard(services.http, graph.settings.api_token)),
        has_token=graph.settings.api_token is not None,
        host=graph.settings.http_host,
        port=graph.settings.http_port,
        lifespan=lifespan,
        after_startup=[started],
        on_shutdown=[stopping],
        logger=None,
    )
