"""The broker, with every default spelled out that would lose or spin; and how a subscriber gets our pull loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from operator import attrgetter
from random import random
from types import TracebackType
from typing import Any, Protocol, cast

import structlog
from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, PullSub
from nats.aio.client import Client, Server
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import ConsumerConfig

from contracts.addresses import shown, user_of
from contracts.clock import Clock
from streams.access import inbox_of
from streams.delivery.codec import ProtobufCodec
from streams.delivery.delays import reconnect_delay_s
from streams.delivery.pull import Puller
from streams.delivery.staying import stay
from streams.provision import provision
from streams.topology import ConsumerSpec
from streams.tuning import Tuning

# Between two tries of a start; a connection that is lost later has delays that grow.
CONNECT_AGAIN_S = 1
PING_EVERY_S = 5


class EndingBroker(NatsBroker):
    """A broker that also stops while NATS is away. The library's raises then, and a Ctrl-C ends in a traceback.

    It stays as long as it is not stopped: whatever a server says, the connection is made anew.
    """

    async def _connect(self) -> Client:
        client = await super()._connect()
        stay(client)
        return client

    async def stop(
        self,
        exc_type: type[BaseException] | None = None,
        exc_val: BaseException | None = None,
        exc_tb: TracebackType | None = None,
    ) -> None:
        """Stop the subscribers and drain the connection; one that is broken is closed as it is."""
        try:
            await super().stop(exc_type, exc_val, exc_tb)
        except (NatsError, OSError, TimeoutError) as error:
            structlog.get_logger("broker").info("stopped without the server", error=type(error).__name__)
            with suppress(NatsError, OSError):  # What it still wants to write goes nowhere.
                await connection(self).close()
            self._connection = None
            self.config.disconnect()


def build_broker(url: str, *, shutdown_grace_s: float, name: str) -> NatsBroker:
    """A broker that reconnects for ever and waits at a stop for the batch in hand."""
    log = structlog.get_logger("broker")

    async def lost(*_: object) -> None:
        log.warning("connection lost, reconnecting", server=shown(url))

    async def back(*_: object) -> None:
        log.info("connected again")

    async def failed(error: Exception) -> None:
        log.debug("client error", error=f"{type(error).__name__}: {error}")

    return EndingBroker(
        url,
        name=name,
        inbox_prefix=inbox_of(user_of(url)),
        codec=cast("Any", ProtobufCodec()),
        max_reconnect_attempts=-1,
        reconnect_time_wait=CONNECT_AGAIN_S,
        reconnect_to_server_handler=next_server,
        ping_interval=PING_EVERY_S,
        max_outstanding_pings=2,
        graceful_timeout=shutdown_grace_s,
        disconnected_cb=lost,
        reconnected_cb=back,
        error_cb=failed,
        # FastStream logs every batch at INFO; our own lines say what is worth saying. What it calls an error is shown
        # in the form of all other lines, which its own logger would not keep to.
        logger=logging.getLogger("faststream"),
        log_level=logging.DEBUG,
    )


def next_server(servers: list[Server], _: dict[str, Any]) -> tuple[Server, float]:
    """The server to try after a lost connection, the one that has failed least often, and the seconds until then."""
    server = min(servers, key=attrgetter("reconnects"))
    return server, reconnect_delay_s(server.reconnects, random)


class _Subscriber(Protocol):
    subscription: Any

    async def consume(self, msg: list[Msg]) -> Any: ...


@dataclass(slots=True)
class Pullers:
    """The pull loops of this process, one per consumer."""

    broker: NatsBroker
    clock: Clock
    tuning: Tuning = field(default_factory=Tuning)
    by_consumer: dict[str, Puller] = field(default_factory=dict)

    def subscriber(self, consumer: ConsumerSpec, batch_max: int) -> Callable[[Any], Any]:
        """Declare a batch subscriber of `consumer`; its messages come through our loop, never through FastStream's."""
        consumer = self.tuning.of(consumer)
        subscriber = self.broker.subscriber(
            consumer.subjects[0] if len(consumer.subjects) == 1 else "",
            durable=consumer.name,
            config=ConsumerConfig(filter_subjects=list(consumer.subjects) if len(consumer.subjects) > 1 else None),
            stream=JStream(consumer.stream, declare=False),
            pull_sub=PullSub(batch=True, batch_size=batch_max),
            ack_policy=AckPolicy.MANUAL,
            title=consumer.name,
            description=consumer.description,
        )

        async def restore() -> None:
            # A consumer that was deleted is made again; it begins at the first message, which has no second effect.
            await provision(self._client().jetstream(), (), (consumer,))

        handle = cast("_Subscriber", subscriber).consume
        puller = Puller(self._client, consumer, batch_max, handle, self.clock, restore)
        self.by_consumer[consumer.name] = puller

        async def create_subscription() -> None:
            subscriber.subscription = cast("Any", puller)
            puller.start()

        # The one seam: FastStream asks this method for a subscription when it starts the subscriber.
        cast("Any", subscriber)._create_subscription = create_subscription
        return cast("Callable[[Any], Any]", subscriber)

    def _client(self) -> Client:
        return connection(self.broker)

    def halt(self) -> None:
        """Begin nothing more, anywhere. A loop that still pulled would get back at once what a stop gives back, and a
        message would use up its deliveries within milliseconds.
        """
        for puller in self.by_consumer.values():
            puller.halt()

    async def stop(self, within_s: float | None = None) -> None:
        """Stop pulling everywhere, finish what is in hand within that time, give the rest back."""
        self.halt()
        await asyncio.gather(*(puller.stop(within_s) for puller in self.by_consumer.values()))


def connection(broker: NatsBroker) -> Client:
    """The client of a connected broker."""
    client = broker._connection
    assert client is not None, "the broker is not connected yet"
    return client
