"""How the program is doing: asked of every part, with a bound on the wait, and never failing as a whole."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from nats.js import JetStreamContext

from contracts.clock import Clock
from handlers.dead_letters import waiting
from handlers.review.reading import count
from handlers.review.wanted import Wanted
from handlers.schedule.overview import overview
from streams import topology
from streams.asyncapi import contracts_version
from streams.broker import Pullers, connection
from streams.http.models import (
    ConsumerStatus,
    IndexStatus,
    LettersStatus,
    OutboxStatus,
    ScheduleStatus,
    Status,
    StreamStatus,
)
from streams.relay import Relay
from streams.runtime import Runtime

ASK_TIMEOUT_S = 3.0
# A consumer that has heard nothing for this long is not well: an idle one hears a heartbeat every 2 s.
SILENCE_MAX_S = 10.0
_BACKLOG = """
    SELECT count(*) AS pending, coalesce(extract(epoch FROM now() - min(queued_at)), 0)::float8 AS oldest_s
    FROM outbox WHERE processed_at IS NULL"""
T = TypeVar("T")


async def status(runtime: Runtime, pullers: Pullers, relay: Relay) -> Status:
    """Everything that `echora status` shows; what could not be asked is named in `problems`."""
    problems: list[str] = []
    jetstream = connection(pullers.broker).jetstream(timeout=ASK_TIMEOUT_S)
    streams, consumers, outbox, index, schedule, letters, reviews = await asyncio.gather(
        _ask("NATS streams", lambda: _streams(jetstream), problems),
        _ask("NATS consumers", lambda: _consumers(jetstream, pullers, runtime.clock), problems),
        _ask("outbox", lambda: _outbox(runtime), problems),
        _ask("index", lambda: _index(runtime), problems),
        _ask("schedule", lambda: _schedule(runtime), problems),
        _ask("dead letters", lambda: _letters(runtime), problems),
        _ask("reviews", lambda: _reviews(runtime), problems),
    )
    return Status(
        now=runtime.clock.now(),
        roles=list(runtime.settings.roles),
        streams=streams or [],
        consumers=consumers or [],
        outbox=outbox,
        index=index,
        schedule=schedule,
        dead_letters=letters,
        reviews_waiting=reviews,
        versions=runtime.versions | {"contracts": contracts_version()},
        problems=problems + await not_ready(runtime, pullers, relay),
    )


async def not_ready(runtime: Runtime, pullers: Pullers, relay: Relay) -> list[str]:
    """Why this process should get no work: by the progress of each of its consumers, not by a connection's word."""
    now = runtime.clock.monotonic()
    reasons = [
        f"{name} made no progress for {SILENCE_MAX_S:g} s"
        for name, puller in pullers.by_consumer.items()
        if puller.progress.pulled_at is None or now - puller.progress.pulled_at > SILENCE_MAX_S
    ]
    if runtime.settings.runs("relay") and (relay.passed_at is None or now - relay.passed_at > SILENCE_MAX_S):
        reasons.append(f"relay made no progress for {SILENCE_MAX_S:g} s")
    full = runtime.settler.publisher.intake.full
    reasons += [f"stream {stream} takes no messages: {why}" for stream, why in full.items()]
    problems: list[str] = []
    await _ask("PostgreSQL", lambda: runtime.pool.fetchval("SELECT 1"), problems)
    return reasons + problems


async def _ask(what: str, ask: Callable[[], Awaitable[T]], problems: list[str]) -> T | None:
    try:
        async with asyncio.timeout(ASK_TIMEOUT_S):
            return await ask()
    except Exception as error:
        problems.append(f"{what}: no answer ({type(error).__name__})")
        return None


async def _streams(jetstream: JetStreamContext) -> list[StreamStatus]:
    infos = [await jetstream.stream_info(spec.name) for spec in topology.STREAMS]
    return [
        StreamStatus(
            name=str(info.config.name),
            messages=info.state.messages,
            bytes=info.state.bytes,
            last_sequence=info.state.last_seq,
        )
        for info in infos
    ]


async def _consumers(jetstream: JetStreamContext, pullers: Pullers, clock: Clock) -> list[ConsumerStatus]:
    return [await _consumer(jetstream, spec, pullers, clock) for spec in topology.CONSUMERS]


async def _consumer(
    jetstream: JetStreamContext, spec: topology.ConsumerSpec, pullers: Pullers, clock: Clock
) -> ConsumerStatus:
    info = await jetstream.consumer_info(spec.stream, spec.name)
    puller = pullers.by_consumer.get(spec.name)
    pulled_at = puller.progress.pulled_at if puller else None
    return ConsumerStatus(
        name=spec.name,
        stream=spec.stream,
        lag=info.num_pending or 0,
        in_flight=info.num_ack_pending or 0,
        last_progress_age_s=None if pulled_at is None else round(clock.monotonic() - pulled_at, 3),
    )


async def _outbox(runtime: Runtime) -> OutboxStatus:
    row = await runtime.pool.fetchrow(_BACKLOG)
    assert row is not None
    return OutboxStatus(pending=row["pending"], oldest_age_s=round(row["oldest_s"], 3))


async def _reviews(runtime: Runtime) -> int | None:
    if not runtime.settings.runs("update"):
        return None
    return await count(runtime.pool, Wanted(state="pending"))


async def _letters(runtime: Runtime) -> LettersStatus | None:
    if not runtime.settings.runs("letters"):
        return None  # Other parts may not read them.
    letters, groups = await waiting(runtime.pool)
    return LettersStatus(waiting=letters, groups=groups)


async def _index(runtime: Runtime) -> IndexStatus | None:
    if not runtime.has_index:
        return None
    engine = "Qdrant Edge" if runtime.settings.qdrant_url is None else "Qdrant server"
    return IndexStatus(engine=engine, points=await runtime.index.count(), model=runtime.embedder.model)


async def _schedule(runtime: Runtime) -> ScheduleStatus | None:
    if not runtime.settings.runs("update"):
        return None
    looks = runtime.looks
    now = looks.calendar.now()
    found = await overview(looks.pool, now, looks.store.slack_s)
    earliest = min((late.earliest for late in found.late.values()), default=now)
    return ScheduleStatus(
        now=now,
        next_due_at=found.next_due_at,
        overdue=sum(late.count for late in found.late.values()),
        latest_s=round((now - earliest).total_seconds(), 3),
        paused=sum(found.paused.values()),
        missed=sum(found.misses.values()),
    )
