"""A stream that has reached its limit: its rows wait and are probed, others go on, an alarm says so, and it ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import asyncpg
import pytest
from nats.aio.client import Client
from nats.js.api import DiscardPolicy

from streams.clock import SystemClock
from streams.delivery.publish import Message, Publisher
from streams.fullness import Fullness
from streams.provision import provision
from streams.relay import Relay
from streams.topology import EVENTS, SCHEDULE
from tests.alerts import KeptAlerts
from tests.events import uid
from tests.integration.relay.outbox import notify, put, sent, unsent
from tests.waiting import eventually

TOO_MANY = 300


class Watched(Publisher):
    """A publisher that writes down how many messages it is given at once."""

    def __init__(self, client: Client) -> None:
        super().__init__(lambda: client, SystemClock())
        self.given: list[int] = []

    async def publish_all(self, messages: Sequence[Message]) -> list[bool]:
        self.given.append(len(messages))
        return await super().publish_all(messages)


@pytest.fixture
def publisher(client: Client) -> Watched:
    return Watched(client)


@pytest.fixture
def watch(client: Client, publisher: Watched) -> Fullness:
    return Fullness(publisher.intake, KeptAlerts(), SystemClock(), "nats://here", lambda: client.is_connected)


async def limit(client: Client, bytes_max: int) -> None:
    """As an operator may have set it."""
    jetstream = client.jetstream()
    config = (await jetstream.stream_info(EVENTS.name)).config
    await jetstream.update_stream(replace(config, max_bytes=bytes_max, discard=DiscardPolicy.NEW))


async def put_timer(pool: asyncpg.Pool, number: int) -> None:
    await pool.execute(
        """INSERT INTO outbox (event_id, bucket, subject, entity_type, entity_id, headers, payload)
           VALUES ($1, 3, $2, 'schedule', $1, $3::jsonb, 'tick')""",
        uid("timer", number),
        f"anime.schedule.timer.metadata_refresh.{number}",
        '{"Nats-Schedule": "@at 2099-01-01T00:00:00Z", "Nats-Schedule-Target": "anime.schedule.due.metadata_refresh"}',
    )


async def test_a_full_stream_is_told_its_rows_wait_and_all_is_sent_when_there_is_room(
    pool: asyncpg.Pool, client: Client, new_relay: Callable[..., Relay], publisher: Watched, watch: Fullness
) -> None:
    await provision(client.jetstream(), (SCHEDULE,), ())
    await limit(client, 10_000)
    for number in range(TOO_MANY):
        await put(pool, f"anime {number}", 1)
    new_relay(publisher=publisher, rows_max=50).start()
    await eventually(lambda: EVENTS.name in publisher.intake.troubles)
    await watch.once()
    (alarm,) = watch.alerts.told  # type: ignore[attr-defined]
    assert (alarm.kind, alarm.key, alarm.facts["state"]) == ("broker_full", EVENTS.name, "begun")
    assert "stream ANIME_EVENTS on nats://here takes no messages" in alarm.text
    assert "maximum bytes exceeded" in alarm.text

    # What goes to another stream does not wait behind it.
    publisher.given.clear()
    for number in range(3):
        await put_timer(pool, number)
        await notify(pool)
    await eventually(lambda: holds(client, 3))
    tries = publisher.intake.troubles[EVENTS.name].failures
    await eventually(lambda: publisher.intake.troubles[EVENTS.name].failures >= tries + 2)
    assert max(publisher.given) <= 3, "one row is tried, and not all of them again and again"
    assert await unsent(pool) > 0

    await limit(client, -1)
    await eventually(lambda: nothing_waits(pool))
    assert sorted(await sent(client)) == sorted((uid(f"anime {number}"), 1) for number in range(TOO_MANY))
    assert publisher.intake.troubles == {}


async def holds(client: Client, timers: int) -> bool:
    return (await client.jetstream().stream_info(SCHEDULE.name)).state.messages == timers


async def nothing_waits(pool: asyncpg.Pool) -> bool:
    return await unsent(pool) == 0
