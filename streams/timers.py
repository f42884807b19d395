"""The timers that the schedule stream holds: listed, counted and cancelled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final
from uuid import UUID

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from contracts import subjects
from contracts.errors import Outage
from handlers.schedule.ports import HeldTimer
from handlers.schedule.timer import SCHEDULE, TICK
from streams import topology

TIMEOUT_S: Final = 10.0
FETCH_MAX: Final = 1_000
FETCH_S: Final = 1.0
# So many fetches in a row may bring nothing before the reading is given up.
IDLE_MAX: Final = 10
_AT: Final = "@at "


class NatsTimers:
    """The port `Timers` on JetStream. `consumer_of` names the durable consumer that reads a workflow's ticks."""

    def __init__(self, client: Callable[[], Client], consumer_of: Callable[[str], str]) -> None:
        self._client = client
        self._consumer_of = consumer_of

    async def held(self) -> Mapping[str, HeldTimer]:
        """Every timer that waits, by its subject; headers only, read once from end to end."""
        found: dict[str, HeldTimer] = {}
        with _outage():
            subscription = (
                await self._client()
                .jetstream(timeout=TIMEOUT_S)
                .pull_subscribe(
                    f"{subjects.SCHEDULE_TIMER}.>",
                    stream=topology.SCHEDULE.name,
                    config=ConsumerConfig(
                        ack_policy=AckPolicy.NONE,
                        deliver_policy=DeliverPolicy.ALL,
                        headers_only=True,
                        inactive_threshold=60,
                        mem_storage=True,
                    ),
                )
            )
            try:
                read, idle = 0, 0
                while idle < IDLE_MAX:
                    # Asked each time, because what fires while we read is gone from the rest. What was delivered and
                    # did not arrive within the time of a fetch counts too: it would look like a timer that is missing.
                    info = await subscription.consumer_info()
                    delivered = info.delivered.consumer_seq if info.delivered is not None else 0
                    left = (info.num_pending or 0) + max(0, delivered - read)
                    if not left:
                        return found
                    messages = await _fetched(subscription, min(left, FETCH_MAX))
                    idle = 0 if messages else idle + 1
                    for message in messages:
                        found[message.subject] = held_timer(message)
                        read = max(read, message.metadata.sequence.consumer)
            finally:
                await subscription.unsubscribe()
        raise Outage("NATS", f"it held back some of the timers for {IDLE_MAX * FETCH_S:g} s; the next pass asks again")

    async def last_sequence(self) -> int:
        """The sequence of the newest message of the stream."""
        with _outage():
            info = await self._client().jetstream(timeout=TIMEOUT_S).stream_info(topology.SCHEDULE.name)
        return int(info.state.last_seq)

    async def made_at(self) -> datetime:
        """When the stream was made."""
        with _outage():
            info = await self._client().jetstream(timeout=TIMEOUT_S).stream_info(topology.SCHEDULE.name)
        if info.created is None:
            raise Outage("NATS", f"stream {topology.SCHEDULE.name} does not say when it was made")
        made: datetime = info.created
        return made

    async def cancel(self, subjects: Sequence[str], up_to_sequence: int) -> None:
        """Forget the timers of these subjects that are not newer than a sequence."""
        with _outage():
            jetstream = self._client().jetstream(timeout=TIMEOUT_S)
            for subject in subjects:
                await jetstream.purge_stream(topology.SCHEDULE.name, seq=up_to_sequence + 1, subject=subject)

    async def waiting_ticks(self, workflow: str) -> int:
        """How many fired ticks of a workflow are unread or unsettled; 0 without its consumer."""
        with _outage():
            jetstream = self._client().jetstream(timeout=TIMEOUT_S)
            try:
                info = await jetstream.consumer_info(topology.SCHEDULE.name, self._consumer_of(workflow))
            except NotFoundError:
                return 0
        return (info.num_pending or 0) + (info.num_ack_pending or 0)


def held_timer(message: Msg) -> HeldTimer:
    """What the headers of a held message say of it; None for what cannot be read."""
    headers = message.headers or {}
    said = headers.get(SCHEDULE, "")
    try:
        fires_at = datetime.fromisoformat(said.removeprefix(_AT)) if said.startswith(_AT) else None
        tick = UUID(headers[TICK]) if TICK in headers else None
    except ValueError:
        fires_at, tick = None, None
    return HeldTimer(message.subject, message.metadata.sequence.stream, tick, fires_at)


async def _fetched(subscription: JetStreamContext.PullSubscription, count: int) -> list[Msg]:
    try:
        messages: list[Msg] = await subscription.fetch(count, timeout=FETCH_S)
    except TimeoutError:
        return []
    return messages


@contextmanager
def _outage() -> Iterator[None]:
    try:
        yield
    except (NatsError, TimeoutError, OSError) as error:
        raise Outage("NATS", f"{type(error).__name__}: {error}") from error
