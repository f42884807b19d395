"""Streams that lost messages are noticed, made again, and filled from the outbox; so are consumers that are gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from contracts.errors import EchoraError, Outage, Permanent, Refused
from handlers.relay.again import EVER, Seen, forget_failures, note, seen, send_again, sent_since
from streams import topology
from streams.alerts import Alert, AlertKind
from streams.delivery.publish import Publisher
from streams.http.times import instant
from streams.provision import provision
from streams.runtime import Runtime
from streams.tasks import end_tasks
from streams.topology import StreamSpec

WATCH_EVERY_S: Final = 5.0
TIMEOUT_S: Final = 10.0
MARKED_WITHIN_S: Final = 1.0


@dataclass(slots=True)
class Losses:
    """The loop in processes that relay."""

    runtime: Runtime
    client: Callable[[], Client]
    publisher: Publisher
    _failing: bool = False
    _task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; the first look tells what was lost while nobody looked."""
        self._task = asyncio.create_task(self._run(), name="stream watch")

    async def stop(self) -> None:
        """End; what is sent again is in the outbox already."""
        await end_tasks(self._task)
        self._task = None

    async def once(self) -> None:
        """Look at every stream. Raises Outage while PostgreSQL or NATS is away."""
        for spec in topology.STREAMS:
            await self._look(spec)

    async def _look(self, spec: StreamSpec) -> None:
        pool = self.runtime.pool
        # Asked before the server is, so that what it says is at least as late.
        went_back = self.publisher.went_back(spec.name)
        now = await self._now(spec)
        before = await seen(pool, spec.name)
        lost = None if before is None else before.lost_by(now)
        if lost is None and went_back:
            lost = "a message got a sequence that an earlier one had"
        if lost is not None:
            # Its messages get the sequences of others, whose failures are not theirs.
            await forget_failures(pool, spec.name)
            await self._heal(spec, lost)
            self.publisher.forget(spec.name)
        if now != before:
            await note(pool, spec.name, now)

    async def _now(self, spec: StreamSpec) -> Seen:
        """The stream as it is; one that is gone is made again, with its consumers."""
        jetstream = self.client().jetstream(timeout=TIMEOUT_S)
        try:
            return await _seen_now(jetstream, spec.name)
        except NotFoundError:
            await self._provision(jetstream, spec)
        except (NatsError, OSError, TimeoutError) as error:
            raise Outage("NATS", f"{type(error).__name__}: {error}") from error
        try:
            return await _seen_now(jetstream, spec.name)
        except (NatsError, OSError, TimeoutError) as error:
            raise Outage("NATS", f"{type(error).__name__}: {error}") from error

    async def _heal(self, spec: StreamSpec, why: str) -> None:
        """Send everything again that the outbox remembers of the stream, and make sure of its consumers."""
        await self._provision(self.client().jetstream(timeout=TIMEOUT_S), spec)
        await self.runtime.settler.forget_stream(spec.name)
        # What the lost stream confirmed may not be marked yet; what the new one takes meanwhile comes twice, which has
        # no second effect.
        await asyncio.sleep(MARKED_WITHIN_S)
        # Timers are set again by the schedule's own reconciler, and letters are rows already.
        counts = await send_again(self.runtime.pool, EVER, _events_of(spec), without_letters=True)
        messages = sum(counts.values())
        text = f"stream {spec.name} lost messages ({why}); {messages} are sent again from the outbox"
        self.runtime.alerts.tell(Alert(AlertKind.OUT_OF_STEP, spec.name, text, {"messages": messages}))

    async def _provision(self, jetstream: JetStreamContext, spec: StreamSpec) -> None:
        tuning, replicas = self.runtime.settings.tuning, self.runtime.settings.nats_replicas
        consumers = [tuning.of(consumer) for consumer in topology.CONSUMERS if consumer.stream == spec.name]
        await provision(jetstream, (spec,), consumers, replicas=replicas)

    async def _run(self) -> None:
        log = structlog.get_logger("streams")
        while True:
            try:
                await self.once()
                self._failing = False
            except Outage as error:
                if not self._failing:
                    log.warning("put off", error=str(error))
                self._failing = True
            except EchoraError as error:
                log.error("streams cannot be looked after", error=str(error))
            except Exception:
                # A defect of ours must not end the watching for good.
                log.exception("looking after streams failed")
            await asyncio.sleep(WATCH_EVERY_S)


async def _seen_now(jetstream: JetStreamContext, name: str) -> Seen:
    info = await jetstream.stream_info(name)
    if info.created is None:
        raise Outage("NATS", f"stream {name} does not say when it was made")
    made_at: datetime = info.created
    return Seen(made_at, info.state.last_seq)


def _events_of(spec: StreamSpec) -> Sequence[str]:
    return spec.subjects if spec.name == topology.EVENTS.name else ()


async def republish(runtime: Runtime, since: str, subjects: Sequence[str] | None, *, is_dry: bool) -> Mapping[str, int]:
    """What a person asks for: how many messages of each subject are sent again, or would be."""
    try:
        at = instant(since, runtime.clock.now())
    except ValueError as error:
        raise Refused("republish", "since", str(error)) from None
    unknown = sorted(set(subjects or ()) - set(topology.EVENTS.subjects))
    if unknown:
        known = ", ".join(topology.EVENTS.subjects)
        raise Refused("republish", "subject", f"what went to {unknown[0]} is not sent again; choose of {known}")
    if at > runtime.clock.now():
        raise Permanent(f"nothing was sent since {at.isoformat()}, which lies ahead; give an earlier time")
    work = sent_since if is_dry else send_again
    return await work(runtime.pool, at, subjects)
