"""Bring streams and consumers to what the topology says, without losing anything that is there.

Planning is pure: what exists and what is wanted give a list of steps. What would lose data is not done, and said; an
operator's longer limit is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import structlog
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import APIError, BadRequestError, NotFoundError, ServerError

from contracts.errors import Outage, Permanent
from streams.topology import ConsumerSpec, StreamSpec

Action = Literal["create", "update", "keep", "refuse"]
_UNLIMITED: Final = 0


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """What is done about one stream or consumer, and why in words."""

    action: Action
    name: str
    notes: tuple[str, ...] = ()
    stream: StreamConfig | None = None
    consumer: ConsumerConfig | None = None


def stream_config(spec: StreamSpec, replicas: int) -> StreamConfig:
    """The stream as the topology wants it."""
    return StreamConfig(
        name=spec.name,
        description=spec.description,
        subjects=list(spec.subjects),
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy.OLD,
        max_age=spec.max_age_s or _UNLIMITED,
        max_msg_size=spec.message_bytes_max,
        num_replicas=replicas,
        duplicate_window=spec.duplicate_window_s,
        allow_direct=True,
        allow_atomic=True,
        allow_msg_ttl=spec.schedules or None,
        allow_msg_schedules=spec.schedules or None,
    )


def consumer_config(spec: ConsumerSpec) -> ConsumerConfig:
    """The consumer as the topology wants it."""
    return ConsumerConfig(
        durable_name=spec.name,
        name=spec.name,
        description=spec.description,
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=spec.ack_wait_s,
        max_deliver=spec.max_deliver,
        filter_subjects=list(spec.subjects),
        max_ack_pending=spec.ack_pending_max,
    )


def plan_stream(spec: StreamSpec, existing: StreamConfig | None, replicas: int) -> PlannedStep:
    """What to do about one stream. Raises Permanent when it cannot serve at all."""
    wanted = stream_config(spec, replicas)
    if existing is None:
        return PlannedStep("create", spec.name, stream=wanted)
    if existing.storage == StorageType.MEMORY or existing.retention not in (None, RetentionPolicy.LIMITS):
        raise Permanent(
            f"stream {spec.name} exists with storage {existing.storage} and retention {existing.retention}; it must "
            "keep messages in files under limits. Remove it once its consumers have no lag: the next start makes it "
            "again and fills it from the outbox"
        )
    notes: list[str] = _dropping(existing)
    merged = replace(
        existing,
        subjects=sorted({*(existing.subjects or []), *spec.subjects}),
        max_age=_longer(existing.max_age or 0, wanted.max_age or 0, f"{spec.name}: max_age", notes),
        max_msg_size=_larger(existing.max_msg_size, spec.message_bytes_max),
        duplicate_window=max(existing.duplicate_window or 0, spec.duplicate_window_s),
        allow_msg_schedules=spec.schedules or existing.allow_msg_schedules,
        allow_msg_ttl=spec.schedules or existing.allow_msg_ttl,
        allow_atomic=True,
        num_replicas=_replicas(existing.num_replicas or 1, replicas, spec.name, notes),
    )
    changed = [name for name in _COMPARED if _value(merged, name) != _value(existing, name)]
    action: Action = "update" if changed else ("refuse" if notes else "keep")
    return PlannedStep(action, spec.name, (*notes, *(f"{spec.name}: {name} changes" for name in changed)), merged)


_COMPARED: Final = (
    "subjects",
    "max_age",
    "max_msg_size",
    "duplicate_window",
    "allow_msg_schedules",
    "allow_msg_ttl",
    "allow_atomic",
    "num_replicas",
)


def _dropping(existing: StreamConfig) -> list[str]:
    """Limits of an operator that would make room by dropping what nobody has read, while the new is confirmed."""
    if existing.discard == DiscardPolicy.NEW:
        return []
    limits = ((name, getattr(existing, name) or 0) for name in ("max_bytes", "max_msgs", "max_msgs_per_subject"))
    return [
        f"{existing.name}: {name} {value} drops messages that nobody has read when it is reached; set the stream's "
        "discard to new, or lift the limit"
        for name, value in limits
        if value > 0
    ]


def _value(config: StreamConfig, name: str) -> object:
    value = getattr(config, name)
    return sorted(value) if isinstance(value, list) else value or 0


def _longer(existing: float, wanted: float, name: str, notes: list[str]) -> float:
    if _UNLIMITED in (existing, wanted):
        if wanted != _UNLIMITED:
            notes.append(f"{name} is unlimited and stays so, {wanted:g} s would delete messages")
        return _UNLIMITED
    if existing > wanted:
        notes.append(f"{name} is {existing:g} s and stays so, {wanted:g} s would delete messages")
    return max(existing, wanted)


def _larger(existing: int | None, wanted: int) -> int:
    return -1 if existing in (None, -1) else max(int(existing or 0), wanted)


def _replicas(existing: int, wanted: int, name: str, notes: list[str]) -> int:
    if existing > wanted:
        notes.append(f"{name}: {existing} replicas stay, {wanted} would drop copies")
    return max(existing, wanted)


def plan_consumer(spec: ConsumerSpec, existing: ConsumerConfig | None) -> PlannedStep:
    """What to do about one consumer; its position in the stream is kept in every case."""
    wanted = consumer_config(spec)
    if existing is None:
        return PlannedStep("create", spec.name, consumer=wanted)
    if existing.ack_policy != AckPolicy.EXPLICIT or existing.deliver_subject:
        raise Permanent(
            f"consumer {spec.name} exists as a push consumer or without explicit acknowledgement; delete it, it is "
            "made again from the first message, and what it handled before has no second effect"
        )
    merged = replace(
        existing,
        filter_subject=None,
        filter_subjects=wanted.filter_subjects,
        ack_wait=_more(existing.ack_wait, spec.ack_wait_s),
        max_deliver=int(_more(existing.max_deliver, spec.max_deliver)),
        max_ack_pending=int(_more(existing.max_ack_pending, spec.ack_pending_max)),
    )
    changed = [name for name in _CONSUMER_COMPARED if _compared(existing, name) != _compared(merged, name)]
    if not changed:
        return PlannedStep("keep", spec.name)
    return PlannedStep("update", spec.name, tuple(f"{spec.name}: {name} changes" for name in changed), consumer=merged)


# A stream's store and a consumer's (the server's own table of errors). Why it failed stands in the server's log alone.
_STORE_FAILED: Final = frozenset({10049, 10104})
_CONSUMER_COMPARED: Final = ("ack_wait", "max_deliver", "max_ack_pending", "filter_subjects")


def _more(existing: float | None, wanted: float) -> float:
    """An operator's longer limit stays; -1 and nothing mean without limit."""
    return wanted if existing is not None and 0 <= existing < wanted else (-1 if existing is None else existing)


def _compared(config: ConsumerConfig, name: str) -> object:
    if name == "filter_subjects":
        single = [config.filter_subject] if config.filter_subject else []
        return sorted(config.filter_subjects or single)
    return getattr(config, name)


async def provision(
    jetstream: JetStreamContext, streams: Sequence[StreamSpec], consumers: Sequence[ConsumerSpec], *, replicas: int = 1
) -> list[PlannedStep]:
    """Apply the plan and give back its steps. Raises Outage when it does not answer, Permanent when it refuses."""
    log = structlog.get_logger("provision")
    steps: list[PlannedStep] = []
    at = ""
    try:
        for stream in streams:
            at = f"stream {stream.name}"
            step = plan_stream(stream, await _existing_stream(jetstream, stream.name), replicas)
            await _apply_stream(jetstream, step)
            steps.append(step)
        for consumer in consumers:
            at = f"consumer {consumer.name}"
            existing = await _existing_consumer(jetstream, consumer)
            step = plan_consumer(consumer, existing)
            if step.consumer is not None and step.action in ("create", "update"):
                await jetstream.add_consumer(consumer.stream, config=step.consumer)
            steps.append(step)
    except (BadRequestError, ServerError) as error:
        raise Permanent(_refusal(error, at)) from error
    except (NatsError, TimeoutError, OSError) as error:
        raise Outage("NATS", f"JetStream does not answer: {type(error).__name__}: {error}") from error
    for step in steps:
        for note in step.notes:
            log.warning(note) if step.action == "refuse" else log.info(note)
    return steps


def _refusal(error: APIError, at: str) -> str:
    words = error.description or str(error)
    if error.err_code not in _STORE_FAILED:
        return f"JetStream refuses the topology: {words}"
    return (
        f"JetStream cannot keep {at} on its disk ({words}), mostly because that is full: make room on the disk of the "
        "NATS server's store_dir (the embedded server's is in ECHORA_HOME), whose log names the cause, and start again"
    )


async def _apply_stream(jetstream: JetStreamContext, step: PlannedStep) -> None:
    assert step.stream is not None
    if step.action == "create":
        await jetstream.add_stream(config=step.stream)
    elif step.action == "update":
        await jetstream.update_stream(config=step.stream)


async def _existing_stream(jetstream: JetStreamContext, name: str) -> StreamConfig | None:
    try:
        return (await jetstream.stream_info(name)).config
    except NotFoundError:
        return None


async def _existing_consumer(jetstream: JetStreamContext, spec: ConsumerSpec) -> ConsumerConfig | None:
    try:
        found: ConsumerConfig | None = (await jetstream.consumer_info(spec.stream, spec.name)).config
    except NotFoundError:
        return None
    return found
