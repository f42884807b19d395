"""From the outbox to NATS: everything, in order, marked once confirmed, whatever dies in between."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import asyncpg
import orjson
import pytest
from nats.aio.client import Client

from contracts import codec, subjects
from contracts.events import AnimeSyncedEvent, SyncUpdateType
from contracts.limits import OUTBOX_BUCKETS as BUCKETS
from handlers.relay import OutboxStore, Outgoing, drain
from streams.delivery.publish import Message, Publisher
from streams.embedded import NatsServer
from streams.relay import Relay
from streams.topology import EVENTS
from tests.events import at, uid
from tests.integration.relay.conftest import Connect
from tests.integration.relay.outbox import notify, put, sent, unsent
from tests.waiting import eventually

_HOLDER = """
    SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1"""
_CUT_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""
NAMES = [f"anime {number}" for number in range(40)]
NewRelay = Callable[..., Relay]


def versions_by_entity(messages: list[tuple[object, int]]) -> dict[object, list[int]]:
    found: dict[object, list[int]] = {}
    for entity, version in messages:
        found.setdefault(entity, []).append(version)
    return found


async def test_every_row_is_sent_in_order_and_marked(pool: asyncpg.Pool, client: Client, new_relay: NewRelay) -> None:
    for version in range(1, 6):
        for name in NAMES:
            await put(pool, name, version)
    relay = new_relay(rows_max=7)
    relay.start()
    await eventually(lambda: nothing_waits(pool))
    messages = await sent(client)
    assert versions_by_entity(messages) == {uid(name): [1, 2, 3, 4, 5] for name in NAMES}
    assert relay.sent == 200


async def nothing_waits(pool: asyncpg.Pool) -> bool:
    return await unsent(pool) == 0


async def test_an_earlier_id_that_commits_last_is_sent_too(
    pool: asyncpg.Pool, client: Client, new_relay: NewRelay
) -> None:
    relay = new_relay()
    async with pool.acquire() as late, late.transaction():
        early_id = await put(late, "late", 1)
        late_id = await put(pool, "prompt", 1)
        assert early_id < late_id
        relay.start()
        await eventually(lambda: is_sent(client, 1))
        assert await sent(client) == [(uid("prompt"), 1)]
    await eventually(lambda: is_sent(client, 2))
    assert await sent(client) == [(uid("prompt"), 1), (uid("late"), 1)]


async def is_sent(client: Client, number: int) -> bool:
    return (await client.jetstream().stream_info(EVENTS.name)).state.messages >= number


async def test_a_message_carries_its_id_its_type_and_what_the_row_says(
    pool: asyncpg.Pool, client: Client, new_relay: NewRelay
) -> None:
    await pool.execute(
        """INSERT INTO outbox (event_id, bucket, subject, entity_type, entity_id, op, changed_fields, version,
                               causation_id, correlation_id)
           VALUES ($1, 0, 'anime.synced', 'anime', $2, 'upsert', '{synopsis,year}', 7, $3, $4)""",
        uid("event"),
        uid("Ring"),
        uid("cause"),
        uid("chain"),
    )
    new_relay().start()
    await eventually(lambda: is_sent(client, 1))
    raw = await client.jetstream().get_msg(EVENTS.name, 1)
    assert raw.headers == {
        "Nats-Msg-Id": str(uid("event")),
        "content-type": codec.CONTENT_TYPE,
        "correlation_id": str(uid("chain")),
    }
    event = codec.decode(subjects.ANIME_SYNCED, raw.data or b"")
    assert isinstance(event, AnimeSyncedEvent)
    assert (event.event_id, event.anime_id, event.entity_version) == (uid("event"), uid("Ring"), 7)
    assert (event.causation_id, event.correlation_id) == (uid("cause"), uid("chain"))
    assert (event.changed_fields, event.update_type) == (["synopsis", "year"], SyncUpdateType.PAYLOAD_AND_VECTOR)


async def test_a_row_that_carries_a_message_is_sent_as_it_is(
    pool: asyncpg.Pool, client: Client, new_relay: NewRelay
) -> None:
    await pool.execute(
        """INSERT INTO outbox (event_id, bucket, subject, entity_type, entity_id, headers, payload)
           VALUES ($1, 3, 'anime.updated', 'anime', $2, $3::jsonb, '\\xff00')""",
        uid("event"),
        uid("Ring"),
        orjson.dumps({"x-own": "1"}).decode(),
    )
    new_relay().start()
    await eventually(lambda: is_sent(client, 1))
    raw = await client.jetstream().get_msg(EVENTS.name, 1)
    assert (raw.subject, raw.data) == ("anime.updated", b"\xff\x00")
    assert (raw.headers or {})["x-own"] == "1"
    assert (raw.headers or {})["Nats-Msg-Id"] == str(uid("event"))


async def test_a_row_that_makes_no_message_keeps_no_other_waiting(
    pool: asyncpg.Pool, client: Client, new_relay: NewRelay
) -> None:
    bad = await pool.fetchval(
        """INSERT INTO outbox (event_id, bucket, subject, entity_type, entity_id, op, version)
           VALUES ($1, 0, 'anime.unheard.of', 'anime', $1, 'upsert', 1) RETURNING id""",
        uid("bad"),
    )
    for name in NAMES:
        await put(pool, name, 1)
    new_relay(rows_max=1).start()
    await eventually(lambda: is_sent(client, len(NAMES)))
    # A row is marked a moment after its message is there.
    await eventually(lambda: one_waits(pool))
    assert await pool.fetchval("SELECT id FROM outbox WHERE processed_at IS NULL") == bad


async def one_waits(pool: asyncpg.Pool) -> bool:
    return await unsent(pool) == 1


async def test_a_notice_wakes_it_long_before_it_would_look(
    pool: asyncpg.Pool, client: Client, new_relay: NewRelay
) -> None:
    relay = new_relay(poll_s=3_600)
    relay.start()
    await eventually(lambda: relay.passed_at is not None)
    for version in range(1, 4):
        async with pool.acquire() as connection, connection.transaction():
            await put(connection, "Ring", version)
            await notify(connection)
        await eventually(lambda version=version: is_sent(client, version))
    await eventually(lambda: nothing_waits(pool))


async def test_it_looks_without_a_notice_too(pool: asyncpg.Pool, client: Client, new_relay: NewRelay) -> None:
    relay = new_relay()
    relay.start()
    await eventually(lambda: relay.passed_at is not None)
    await put(pool, "Ring", 1)
    await eventually(lambda: is_sent(client, 1))


async def test_a_stop_sends_what_was_committed_since_it_looked_last(
    pool: asyncpg.Pool, client: Client, new_relay: NewRelay
) -> None:
    relay = new_relay(poll_s=3_600)
    relay.start()
    await eventually(lambda: relay.passed_at is not None)
    await put(pool, "Ring", 1)  # Nobody is told of it.
    await relay.stop(10)
    assert await nothing_waits(pool)
    assert await is_sent(client, 1)


async def test_a_stop_waits_no_longer_than_it_may_for_a_server_that_is_silent(
    pool: asyncpg.Pool, client: Client, new_relay: NewRelay
) -> None:
    """The row leaves with the next start."""
    asked = asyncio.Event()

    class Silent(Publisher):
        async def publish_all(self, messages: Sequence[Message]) -> list[bool]:
            asked.set()
            await asyncio.Event().wait()
            raise AssertionError("nobody wakes it")

    relay = new_relay(publisher=Silent(lambda: client))
    relay.start()
    await put(pool, "Ring", 1)
    await asked.wait()
    async with asyncio.timeout(10):
        await relay.stop(0.1)
    assert await one_waits(pool)


async def test_each_bucket_has_one_relay_and_another_takes_over_when_its_connection_dies(
    connect: Connect, pool: asyncpg.Pool
) -> None:
    first_connection, second_connection = await connect(), await connect()
    try:
        first, second = OutboxStore(first_connection), OutboxStore(second_connection)
        assert await first.own_buckets() == frozenset(range(BUCKETS))
        assert await second.own_buckets() == frozenset()
        await put(pool, "Ring", 1)
        assert await second.claim(10) == []
        assert len(await first.claim(10)) == 1
        await pool.execute("SELECT pg_terminate_backend($1)", first_connection.get_server_pid())
        await eventually(lambda: takes_over(second))
        assert len(await second.claim(10)) == 1
    finally:
        first_connection.terminate()
        second_connection.terminate()


async def takes_over(store: OutboxStore) -> bool:
    return await store.own_buckets() == frozenset(range(BUCKETS))


async def test_several_relays_keep_the_order_of_every_entity_while_connections_are_cut(
    pool: asyncpg.Pool, client: Client, new_relay: NewRelay
) -> None:
    for _ in range(3):
        new_relay(rows_max=5, poll_s=0.02).start()

    async def write() -> None:
        for version in range(1, 16):
            async with pool.acquire() as connection, connection.transaction():
                for name in NAMES[:12]:
                    await put(connection, name, version)
                await notify(connection)

    async def cut() -> None:
        for _ in range(3):
            pid = await eventually(lambda: pool.fetchval(_HOLDER))
            await pool.execute("SELECT pg_terminate_backend($1)", pid)

    await asyncio.gather(write(), cut())
    await eventually(lambda: nothing_waits(pool))
    seen = versions_by_entity(await sent(client))
    assert seen == {uid(name): list(range(1, 16)) for name in NAMES[:12]}


async def test_only_what_was_confirmed_is_marked_and_the_rest_leads_the_next_pass(
    connect: Connect, pool: asyncpg.Pool
) -> None:
    ids = [await put(pool, "Ring", version) for version in range(1, 11)]
    connection = await connect()
    try:
        store = OutboxStore(connection)
        await store.own_buckets()
        published: list[list[int]] = []

        async def half(messages: object) -> list[int]:
            rows = [message.row_id for message in messages]  # type: ignore[attr-defined]
            published.append(rows)
            return rows[: len(rows) // 2]

        assert await drain(store, half, 10) == 5
        assert [message.row_id for message in await store.claim(10)] == ids[5:]
        assert published == [ids]

        async def dies(messages: object) -> list[int]:
            raise ConnectionError("between publish and mark")

        with pytest.raises(ConnectionError):
            await drain(store, dies, 10)
        assert [message.row_id for message in await store.claim(10)] == ids[5:]
    finally:
        await connection.close()


async def test_what_is_sent_again_is_one_message(pool: asyncpg.Pool, client: Client, new_relay: NewRelay) -> None:
    relay = new_relay()
    relay.start()
    await put(pool, "Ring", 1)
    await eventually(lambda: nothing_waits(pool))
    # As after a death between publish and mark.
    await pool.execute("UPDATE outbox SET processed_at = NULL")
    await eventually(lambda: nothing_waits(pool))
    assert await sent(client) == [(uid("Ring"), 1)]


async def test_nats_goes_away_and_comes_back_and_nothing_is_lost(
    pool: asyncpg.Pool, client: Client, own_nats: NatsServer, new_relay: NewRelay
) -> None:
    new_relay().start()
    await put(pool, "Ring", 1)
    await eventually(lambda: nothing_waits(pool))
    assert own_nats.pid is not None
    os.kill(own_nats.pid, signal.SIGKILL)
    await eventually(lambda: not own_nats.alive())
    for version in range(2, 6):
        await put(pool, "Ring", version)
        await put(pool, "Other", version)
    await eventually(lambda: not client.is_connected)
    assert await unsent(pool) == 8
    own_nats.start()
    await eventually(lambda: nothing_waits(pool), within_s=30)
    seen = versions_by_entity(await sent(client))
    assert seen == {uid("Ring"): [1, 2, 3, 4, 5], uid("Other"): [2, 3, 4, 5]}


async def test_postgres_connections_are_cut_and_it_goes_on(
    pool: asyncpg.Pool, client: Client, new_relay: NewRelay
) -> None:
    relay = new_relay()
    relay.start()
    await eventually(lambda: relay.passed_at is not None)
    await pool.execute(_CUT_OTHERS)
    await put(pool, "Ring", 1)
    await eventually(lambda: is_sent(client, 1))


async def test_what_was_sent_long_ago_is_forgotten_and_what_was_not_is_kept(
    connect: Connect, pool: asyncpg.Pool
) -> None:
    for version in range(1, 11):
        await put(pool, "Ring", version)
    await pool.execute("UPDATE outbox SET processed_at = now() - version * interval '1 day' WHERE version <= 8")
    connection = await connect()
    try:
        store = OutboxStore(connection)
        before = datetime.now(UTC) - timedelta(days=3, hours=1)
        assert await store.prune(before, 3) == 3
        assert await store.prune(before, 3) == 2
        assert await store.prune(before, 3) == 0
    finally:
        await connection.close()
    left = await pool.fetch("SELECT version FROM outbox ORDER BY version")
    assert [row["version"] for row in left] == [1, 2, 3, 9, 10]


async def test_a_running_relay_prunes(pool: asyncpg.Pool, new_relay: NewRelay) -> None:
    await put(pool, "Ring", 1)
    await pool.execute("UPDATE outbox SET processed_at = now() - interval '8 days'")
    new_relay().start()
    await eventually(lambda: is_empty(pool))


async def is_empty(pool: asyncpg.Pool) -> bool:
    return bool(await pool.fetchval("SELECT count(*) = 0 FROM outbox"))


def test_the_message_of_a_row_is_the_same_however_often_it_is_made() -> None:
    from handlers.relay import outgoing

    row = {
        "id": 1,
        "event_id": uid("event"),
        "subject": subjects.ANIME_DELETED,
        "entity_type": "anime",
        "entity_id": uid("Ring"),
        "parent_id": None,
        "changed_fields": ["deleted_at"],
        "version": 3,
        "causation_id": None,
        "correlation_id": None,
        "headers": None,
        "payload": None,
        "queued_at": at(0),
        "sendings": 1,
    }
    first, again = outgoing(row), outgoing(row)
    assert isinstance(first, Outgoing)
    assert first == again
    third = outgoing(row | {"sendings": 3})
    assert third.payload == first.payload
    assert third.headers["Nats-Msg-Id"] == first.headers["Nats-Msg-Id"] + ".3"
