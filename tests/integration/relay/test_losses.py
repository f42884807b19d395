"""Messages that JetStream lost come back from the outbox, by themselves or when somebody asks."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Callable
from datetime import timedelta

import asyncpg
import pytest
from nats.aio.client import Client

from contracts.errors import Outage, Permanent, Refused
from handlers.relay.again import Seen
from streams import topology
from streams.clock import SystemClock
from streams.delivery.failures import PostgresFailures
from streams.delivery.publish import Publisher
from streams.delivery.settle import Settler
from streams.embedded import NatsServer
from streams.losses import Losses, republish
from streams.provision import provision
from streams.relay import Relay
from streams.runtime import Runtime
from streams.settings import Settings
from streams.topology import EVENTS
from tests.alerts import KeptAlerts
from tests.events import at, uid
from tests.integration.relay.outbox import notify, put, sent, unsent
from tests.waiting import eventually

NAMES = [f"anime {number}" for number in range(10)]


@pytest.fixture
async def losses(pool: asyncpg.Pool, client: Client, new_relay: Callable[..., Relay]) -> Losses:
    """The watch, and a relay that shares its publisher and runs."""
    publisher = Publisher(lambda: client)
    clock = SystemClock()
    settler = Settler(publisher, PostgresFailures(lambda: pool), clock, random.random)
    runtime = Runtime(Settings(_env_file=None), clock, settler, KeptAlerts())
    runtime.hold(pool=pool)
    new_relay(publisher=publisher).start()
    return Losses(runtime, lambda: client, publisher)


def heard(losses: Losses) -> list[str]:
    alerts = losses.runtime.alerts
    assert isinstance(alerts, KeptAlerts)
    return [alert.text for alert in alerts.told]


async def relayed(pool: asyncpg.Pool) -> None:
    await notify(pool)
    await eventually(lambda: _nothing_waits(pool))


async def _nothing_waits(pool: asyncpg.Pool) -> bool:
    return await unsent(pool) == 0


@pytest.fixture
async def filled(pool: asyncpg.Pool, losses: Losses) -> list[tuple[object, int]]:
    """Two versions of ten anime are sent, and the watch has seen the stream; what was sent."""
    for version in (1, 2):
        for name in NAMES:
            await put(pool, name, version)
    await relayed(pool)
    await losses.once()
    return [(uid(name), version) for version in (1, 2) for name in NAMES]


async def test_a_stream_that_is_whole_is_left_alone(losses: Losses, client: Client, filled: object) -> None:
    for _ in range(3):
        await losses.once()
    assert await sent(client) == filled
    assert heard(losses) == []
    consumers = {one.name for one in await client.jetstream().consumers_info(EVENTS.name)}
    assert consumers == set(), "what is there is not touched"


async def test_a_deleted_stream_is_made_and_filled_again(
    losses: Losses, client: Client, pool: asyncpg.Pool, filled: list[tuple[object, int]]
) -> None:
    await client.jetstream().delete_stream(EVENTS.name)
    await put(pool, "late", 1)
    await notify(pool)
    await asyncio.sleep(0.3)
    assert await unsent(pool) == 1, "nothing takes it"
    await losses.once()
    await relayed(pool)
    messages = await sent(client)
    assert set(messages) == {*filled, (uid("late"), 1)}
    assert [one for one in messages if one in filled] == filled, "in the order of the rows"
    assert len(heard(losses)) == 1
    assert "lost messages (it was made anew)" in heard(losses)[0]
    consumers = {one.name for one in await client.jetstream().consumers_info(EVENTS.name)}
    assert consumers == {one.name for one in topology.CONSUMERS if one.stream == EVENTS.name}
    await losses.once()
    await relayed(pool)
    assert await sent(client) == messages, "once is enough"
    await put(pool, "later", 1)
    await relayed(pool)
    await losses.once()
    await relayed(pool)
    assert await sent(client) == [*messages, (uid("later"), 1)]
    assert len(heard(losses)) == 1, "sequences begin anew"


async def test_a_stream_that_somebody_made_anew_is_filled_again(
    losses: Losses, client: Client, pool: asyncpg.Pool, filled: list[tuple[object, int]]
) -> None:
    await client.jetstream().delete_stream(EVENTS.name)
    await provision(client.jetstream(), (EVENTS,), ())
    await losses.once()
    await relayed(pool)
    assert await sent(client) == filled


async def test_a_stream_that_ends_earlier_than_it_did_has_lost_messages(
    losses: Losses, pool: asyncpg.Pool, client: Client, filled: list[tuple[object, int]]
) -> None:
    await pool.execute("UPDATE stream_seen SET last_sequence = 25 WHERE stream = $1", EVENTS.name)
    await losses.once()
    await relayed(pool)
    assert "it ended at message 25 and ends at 20 now" in heard(losses)[0]
    assert (await sent(client))[20:] == filled
    await losses.once()
    assert len(heard(losses)) == 1


async def test_a_sequence_that_is_given_twice_tells_of_a_loss_between_two_looks(
    losses: Losses, pool: asyncpg.Pool, client: Client, filled: object
) -> None:
    assert not losses.publisher.went_back(EVENTS.name)
    await client.jetstream().delete_stream(EVENTS.name)
    await provision(client.jetstream(), (EVENTS,), ())
    for version in range(3, 40):
        await put(pool, "more", version)
    await relayed(pool)
    assert losses.publisher.went_back(EVENTS.name)


async def test_everything_of_jetstream_is_gone(
    losses: Losses, pool: asyncpg.Pool, client: Client, own_nats: NatsServer, filled: list[tuple[object, int]]
) -> None:
    own_nats.stop()
    for folder in own_nats.home.path.glob("nats*"):
        shutil.rmtree(folder)
    own_nats.start()
    await eventually(lambda: _looks(losses))
    await relayed(pool)
    assert sorted(map(str, await sent(client))) == sorted(map(str, filled))
    found = {one.config.name for one in await client.jetstream().streams_info()}
    assert found == {spec.name for spec in topology.STREAMS}


async def _looks(losses: Losses) -> bool:
    try:
        await losses.once()
    except Outage:
        return False
    return True


async def test_what_became_a_letter_waits_for_a_person(
    losses: Losses, pool: asyncpg.Pool, client: Client, filled: list[tuple[object, int]]
) -> None:
    event_id = uid("sync", NAMES[0], 1)
    await pool.execute(
        """INSERT INTO dead_letter (id, stream, consumer, stream_sequence, subject, payload, headers, error_class,
                                    error, fingerprint, attempts, last_failed_at)
           VALUES ($1, 'ANIME_EVENTS', 'c', 1, 'anime.synced', '', jsonb_build_object('Nats-Msg-Id', $2::text), 'e',
                   'e', 'f', 5, now())""",
        uid("letter"), str(event_id),
    )  # fmt: skip
    await client.jetstream().delete_stream(EVENTS.name)
    await losses.once()
    await relayed(pool)
    assert await sent(client) == filled[1:]


async def test_failures_of_lost_messages_are_not_counted_for_others(
    losses: Losses, pool: asyncpg.Pool, client: Client, filled: object
) -> None:
    await pool.execute(
        """INSERT INTO delivery_failure
           SELECT stream, 'c', 7, 4, 'e', now(), now() FROM unnest(ARRAY['ANIME_EVENTS', 'ANIME_SCHEDULE']) AS stream"""
    )
    await losses.once()
    assert await pool.fetchval("SELECT count(*) FROM delivery_failure") == 2
    await client.jetstream().delete_stream(EVENTS.name)
    await losses.once()
    assert await pool.fetchval("SELECT array_agg(stream) FROM delivery_failure") == ["ANIME_SCHEDULE"]


async def test_timers_are_not_sent_again(losses: Losses, pool: asyncpg.Pool, filled: object) -> None:
    await pool.execute(
        "UPDATE outbox SET entity_type = 'schedule', subject = 'anime.schedule.timer.w.x' WHERE id % 2 = 0"
    )
    dry = await republish(losses.runtime, "1d", None, is_dry=True)
    assert dry == {"anime.synced": 10}


async def test_a_person_sends_again_what_the_server_would_take_for_known(
    losses: Losses, pool: asyncpg.Pool, client: Client, filled: list[tuple[object, int]]
) -> None:
    await pool.execute("UPDATE outbox SET processed_at = now() - interval '3 hours' WHERE id <= 5")
    assert await republish(losses.runtime, "2h", ["anime.synced"], is_dry=True) == {"anime.synced": 15}
    assert await sent(client) == filled
    assert await republish(losses.runtime, "2h", ["anime.created"], is_dry=False) == {}
    assert await republish(losses.runtime, "2h", None, is_dry=False) == {"anime.synced": 15}
    await relayed(pool)
    assert (await sent(client))[20:] == filled[5:]
    await republish(losses.runtime, "1d", None, is_dry=False)
    await relayed(pool)
    assert len(await sent(client)) == 55


@pytest.mark.parametrize(
    ("since", "subjects", "failure"),
    [
        ("soon", None, Refused),
        ("1h", ["anime.schedule.due.x"], Refused),
        ("1h", ["anime.dlq.x"], Refused),
        ("2999-01-01", None, Permanent),
    ],
)
async def test_what_cannot_be_sent_again_is_said(
    losses: Losses, since: str, subjects: list[str] | None, failure: type[Exception]
) -> None:
    with pytest.raises(failure):
        await republish(losses.runtime, since, subjects, is_dry=True)


def test_two_moments_of_a_stream_are_compared() -> None:
    then = Seen(at(0), 10)
    assert then.lost_by(then) is None
    assert then.lost_by(Seen(at(0), 11)) is None
    assert then.lost_by(Seen(at(0), 9)) is not None
    assert then.lost_by(Seen(at(0) + timedelta(seconds=1), 50)) == "it was made anew"
