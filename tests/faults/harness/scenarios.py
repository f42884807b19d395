"""Short scenarios, each made for one promise. A sound program passes every one; each saboteur must fail its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final

import httpx
from nats.js.api import DiscardPolicy

from contracts import codec, subjects
from contracts.ids import derived_id, outbox_bucket
from streams import topology
from tests import events as make
from tests.events import uid
from tests.faults.harness.lane import Lane
from tests.faults.harness.ledger import Entry
from tests.faults.harness.looking import ask, balance, begin, living_world, settings
from tests.faults.harness.processes import fault
from tests.faults.harness.traffic import change, first_wave, hand_in, next_wave, refusable, remove, token

Scenario = Callable[[Lane, str | None], Awaitable[None]]
# A death that does not come is waited for no longer.
DEATH_TIMEOUT_S: Final = 20.0
CHANGES_IN_HAND: Final = 60


async def calm(lane: Lane, sabotage: str | None) -> None:
    await lane.start(sabotage=sabotage)
    await first_wave(lane)
    await next_wave(lane)


async def dies_before_the_commit(lane: Lane, sabotage: str | None) -> None:
    await _dies(lane, sabotage, "sql COMMIT @ handlers/persist/batch.py:apply", "before")


async def dies_after_the_commit(lane: Lane, sabotage: str | None) -> None:
    await _dies(lane, sabotage, "sql COMMIT @ handlers/persist/batch.py:apply", "after")


async def dies_before_it_publishes(lane: Lane, sabotage: str | None) -> None:
    await _dies(lane, sabotage, "nats anime.synced*", "before")


async def _dies(lane: Lane, sabotage: str | None, point: str, when: str) -> None:
    await lane.start(sabotage=sabotage)
    await hand_in(lane, "a", "b")
    assert await lane.drained() == []
    await lane.program.arm(point, when)
    changing = asyncio.create_task(change(lane, "a"))
    await lane.program.ended(DEATH_TIMEOUT_S)
    await changing
    await lane.start(sabotage=sabotage)


async def dies_before_the_letter(lane: Lane, sabotage: str | None) -> None:
    await lane.start(sabotage=sabotage)
    await hand_in(lane, "a")
    await lane.program.arm("nats anime.dlq.*", "before")
    refused = asyncio.create_task(refusable(lane, "a"))
    await lane.program.ended(DEATH_TIMEOUT_S)
    await refused
    await lane.start(sabotage=sabotage)


async def an_earlier_id_commits_last(lane: Lane, sabotage: str | None) -> None:
    await lane.start(sabotage=sabotage)
    await hand_in(lane, "late", "other")
    async with lane.rows.acquire() as connection, connection.transaction():
        entry = lane.ledger.add(Entry(token(lane, "late"), "anime", uid(lane.port, "late"), lane.minutes(), "nobody"))
        version = await connection.fetchval(
            "UPDATE anime SET synopsis = $2, version = version + 1 WHERE id = $1 RETURNING version",
            entry.entity,
            entry.token,
        )
        await connection.execute(
            "INSERT INTO outbox (event_id, bucket, subject, entity_type, entity_id, op, changed_fields, version) "
            "VALUES ($1, $2, 'anime.synced', 'anime', $3, 'upsert', '{synopsis}', $4)",
            derived_id("sync", "anime", entry.entity, version),
            outbox_bucket(entry.entity),
            entry.entity,
            version,
        )
        await change(lane, "other")
        assert await lane.drained() == []
    entry.sent, entry.acknowledged = 1, True


async def the_broker_refuses(lane: Lane, sabotage: str | None) -> None:
    """The stream is full for a moment and takes nothing; what was refused has to be sent again."""
    await lane.start(sabotage=sabotage)
    await hand_in(lane, "a")
    assert await lane.drained() == []
    entry = lane.ledger.add(Entry(token(lane, "refused"), "anime", uid(lane.port, "a"), lane.minutes(), "nobody"))
    stream = await lane.jetstream.stream_info(topology.EVENTS.name)
    full = replace(stream.config, discard=DiscardPolicy.NEW, max_msgs=stream.state.messages)
    await lane.jetstream.update_stream(config=full)
    async with lane.rows.acquire() as connection, connection.transaction():
        version = await connection.fetchval(
            "UPDATE anime SET synopsis = $2, version = version + 1 WHERE id = $1 RETURNING version",
            entry.entity,
            entry.token,
        )
        event_id = derived_id("sync", "anime", entry.entity, version)
        await connection.execute(
            "INSERT INTO outbox (event_id, bucket, subject, entity_type, entity_id, op, changed_fields, version) "
            "VALUES ($1, $2, 'anime.synced', 'anime', $3, 'upsert', '{synopsis}', $4)",
            event_id,
            outbox_bucket(entry.entity),
            entry.entity,
            version,
        )
    entry.sent, entry.acknowledged = 1, True
    # The relay looks five times a second; a sound one marks nothing that was refused.
    for _ in range(60):
        if await lane.rows.fetchval("SELECT processed_at FROM outbox WHERE event_id = $1", event_id) is not None:
            break
        await asyncio.sleep(0.05)
    await lane.jetstream.update_stream(config=stream.config)


async def an_update_comes_early(lane: Lane, sabotage: str | None) -> None:
    await lane.start(sabotage=sabotage)
    minute = lane.minutes()
    await change(lane, "a")
    await asyncio.sleep(1.5)
    await hand_in(lane, "a", minute=minute)


async def an_event_comes_again_later(lane: Lane, sabotage: str | None) -> None:
    """Under another message id, as after the server's window."""
    await lane.start(sabotage=sabotage)
    await hand_in(lane, "a")
    minute = lane.minutes()
    entry = Entry(token(lane, "again"), "anime", uid(lane.port, "a"), minute, topology.UPDATED.name)
    event = make.updated("x", minute=minute, event_id=uid(lane.port, "again"), synopsis=entry.token)
    payload = codec.encode(event.model_copy(update={"anime_id": entry.entity}))
    lane.ledger.add(entry)
    for copy in (1, 2):
        entry.sent += await lane.publish(subjects.ANIME_UPDATED, payload, f"{event.event_id}#{copy}")
        assert await lane.drained() == []
        await asyncio.sleep(1.2)
    entry.acknowledged, entry.event_id = True, event.event_id


async def an_old_write_comes_late(lane: Lane, sabotage: str | None) -> None:
    await lane.start(sabotage=sabotage)
    await hand_in(lane, "a")
    assert await lane.drained() == []
    await lane.program.ask("offer", id=str(uid(lane.port, "a")), title="what was there long ago")


async def an_old_word_comes_late(lane: Lane, sabotage: str | None) -> None:
    await lane.start(sabotage=sabotage)
    await hand_in(lane, "a")
    old = lane.minutes()
    await change(lane, "a")
    assert await lane.drained() == []
    # Observed before the change that is there, and told after it.
    newest, lane.minute = lane.minute, old - 0.5
    await change(lane, "a")
    lane.minute = newest


async def a_later_word_follows(lane: Lane, sabotage: str | None) -> None:
    """In the end the later change shows, whatever became of the one before it."""
    await lane.start(sabotage=sabotage)
    await hand_in(lane, "a")
    assert await lane.drained() == []
    for _ in range(2):
        await change(lane, "a")
        assert await lane.drained() == []


async def what_is_in_the_index_is_deleted(lane: Lane, sabotage: str | None) -> None:
    """A row that is gone before the index has seen it never makes a point; this one has one."""
    await lane.start(sabotage=sabotage)
    await hand_in(lane, "a", "b")
    assert await lane.drained() == []
    await remove(lane, "a")


async def the_index_is_away(lane: Lane, sabotage: str | None) -> None:
    await lane.start(sabotage=sabotage)
    await hand_in(lane, "a")
    assert await lane.drained() == []
    await lane.program.arm("index *", "before", 1, "fail")
    await change(lane, "a")
    await asyncio.sleep(3.0)
    await lane.program.ask("disarm")


async def one_is_refused_among_many(lane: Lane, sabotage: str | None) -> None:
    await lane.start(sabotage=sabotage)
    names = [f"n{number}" for number in range(10)]
    await hand_in(lane, *names)
    assert await lane.drained() == []
    await lane.program.stopped()
    # They wait together, so that they come in one batch.
    for name in names[:5]:
        await change(lane, name)
    await refusable(lane, names[5])
    for name in names[6:]:
        await change(lane, name)
    await lane.start(sabotage=sabotage)


async def stops_with_much_in_hand(lane: Lane, sabotage: str | None) -> None:
    lane.settings |= {"PERSIST_BATCH": "2"}
    await lane.start(sabotage=sabotage)
    names = [f"n{number}" for number in range(10)]
    await hand_in(lane, *names)
    assert await lane.drained() == []
    await lane.program.stopped()
    for number in range(CHANGES_IN_HAND):
        await change(lane, names[number % 10])
    # While one batch waits for the database another is fetched; then the program is asked to end.
    await lane.start(fault("sql claim_events*", "before", 1, "slow", 0.3), sabotage=sabotage)
    await asyncio.sleep(0.3)
    await lane.program.stopped()
    info = await lane.jetstream.consumer_info(topology.UPDATED.stream, topology.UPDATED.name)
    # What is given back at a stop must not come back to the program that gives it back.
    assert info.delivered is not None
    assert info.delivered.consumer_seq <= 3 * CHANGES_IN_HAND, info.delivered
    await lane.start(sabotage=sabotage)


async def dies_while_it_resumes_a_look(lane: Lane, sabotage: str | None) -> None:
    """A look is paused and resumed, and the program dies before that is committed: it is paused, and has no timer."""
    url = await lane.stack.enter_async_context(living_world())
    lane.settings |= settings(url) | {"TIMER_HORIZON_H": "700"}
    await lane.start(sabotage=sabotage)
    (one,) = await begin(lane, 1)
    assert await balance(lane) == []
    await ask(lane, "pause", ids=[one], reason="the suite asks")
    await lane.program.arm("sql COMMIT @ handlers/schedule/desk.py*", "before")
    with suppress(httpx.HTTPError):
        await ask(lane, "resume", ids=[one])
    await lane.program.ended(DEATH_TIMEOUT_S)
    await lane.start(sabotage=sabotage)
    async with asyncio.timeout(DEATH_TIMEOUT_S):
        # The first pass after a start compares rows and timers, and says what it had to mend.
        while not await lane.program.ask("kept time"):
            await asyncio.sleep(0.05)


SCENARIOS: Final[dict[str, Scenario]] = {
    scenario.__name__.replace("_", " "): scenario
    for scenario in (
        calm,
        dies_before_the_commit,
        dies_after_the_commit,
        dies_before_it_publishes,
        dies_before_the_letter,
        an_earlier_id_commits_last,
        the_broker_refuses,
        an_update_comes_early,
        an_event_comes_again_later,
        an_old_write_comes_late,
        an_old_word_comes_late,
        a_later_word_follows,
        what_is_in_the_index_is_deleted,
        the_index_is_away,
        one_is_refused_among_many,
        stops_with_much_in_hand,
        dies_while_it_resumes_a_look,
    )
}
