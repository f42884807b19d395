"""Each role of the program may send and read on NATS what its list says, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from fnmatch import fnmatchcase

import nats
import pytest

from contracts import subjects
from contracts.addresses import user_of
from streams import access, topology
from streams.broker import build_broker, connection
from tests.integration.access.guarded_nats import GuardedNats, guarded_nats, provisioned

EVENTS = (*subjects.EVENT_OF, f"{subjects.SCHEDULE_TIMER}.score_sync.all", f"{subjects.SCHEDULE_DUE}.score_sync")
LETTERS = tuple(consumer.dead_letters for consumer in topology.CONSUMERS)
API = tuple(f"$JS.API.CONSUMER.MSG.NEXT.{consumer.stream}.{consumer.name}" for consumer in topology.CONSUMERS)
OTHERS = (
    "anything.else",
    "$JS.API.STREAM.DELETE.ANIME_EVENTS",
    "$JS.API.STREAM.PURGE.ANIME_EVENTS",
    "$JS.API.STREAM.CREATE.SOMETHING",
    "$JS.API.CONSUMER.DELETE.ANIME_EVENTS.postgres-consumer",
)
PROBES = (*EVENTS, *dict.fromkeys(LETTERS), *API, *OTHERS)


@pytest.fixture(scope="module")
def server() -> Iterator[GuardedNats]:
    with guarded_nats({f"echora_{role}": [role] for role in access.TABLES}) as running:
        yield running


@pytest.fixture
async def _streams(server: GuardedNats) -> AsyncIterator[None]:
    client = await provisioned(server)
    yield
    await client.close()


def is_listed(role: str, subject: str) -> bool:
    patterns = access.permissions([role]).publish
    return any(fnmatchcase(subject, one.replace(">", "*").replace("$", "[$]")) for one in patterns)


@pytest.mark.usefixtures("_streams")
@pytest.mark.parametrize("role", access.TABLES)
async def test_the_server_allows_what_is_listed_and_no_more(server: GuardedNats, role: str) -> None:
    refused: set[str] = set()

    async def told(error: Exception) -> None:
        said = str(error).lower()
        refused.update(one for one in PROBES if f'publish to "{one.lower()}"' in said)

    client = await nats.connect(server.url_of(f"echora_{role}"), error_cb=told)
    for subject in PROBES:
        await client.publish(subject, b"")
        await client.flush()
    await asyncio.sleep(0)
    await client.flush()
    await client.close()
    assert refused == {subject for subject in PROBES if not is_listed(role, subject)}


def test_the_lists_say_what_each_role_is_for() -> None:
    events = set(subjects.EVENT_OF)
    sends = {role: events.intersection(access.permissions([role]).publish) for role in access.TABLES}
    assert sends.pop("relay") == events, "the one door to NATS"
    assert not any(sends.values())


@pytest.mark.usefixtures("_streams")
@pytest.mark.parametrize("subject", ["anime.>", "_INBOX.>", "_INBOX.echora_search.>"])
async def test_nobody_reads_by_a_subscription_what_is_not_his_answer(server: GuardedNats, subject: str) -> None:
    """What others pull comes to their inboxes."""
    refused = asyncio.Event()

    async def told(_: Exception) -> None:
        refused.set()

    client = await nats.connect(server.url_of("echora_persist"), error_cb=told)
    await client.subscribe(subject)
    await client.flush()
    async with asyncio.timeout(10):
        await refused.wait()
    await client.close()


@pytest.mark.usefixtures("_streams")
async def test_what_a_part_asks_for_comes_to_an_inbox_of_its_own(server: GuardedNats) -> None:
    broker = build_broker(server.url_of("echora_persist"), shutdown_grace_s=1, name="access")
    await broker.connect()
    try:
        client = connection(broker)
        assert client.new_inbox().startswith("_INBOX.echora_persist.")
        assert (await client.jetstream(timeout=10).stream_info(topology.EVENTS.name)).config.name == "ANIME_EVENTS"
    finally:
        await broker.stop()


@pytest.mark.parametrize(
    "url", ["nats://a-token@host", "nats://host:4222", "nats://a.b:word@host", "nats://a*:word@host"]
)
def test_a_token_and_a_name_that_no_subject_may_hold_are_no_inbox(url: str) -> None:
    assert access.inbox_of(user_of(url)) == "_INBOX"
