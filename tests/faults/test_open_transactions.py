"""Transactions of others: an earlier outbox id that commits last, and one that holds a row for long, also at a stop."""

from __future__ import annotations

import asyncio
from time import monotonic

from contracts.ids import derived_id, outbox_bucket
from tests.events import uid
from tests.faults.conftest import NewLane, chosen
from tests.faults.harness.judge import judge
from tests.faults.harness.ledger import Entry, Sums
from tests.faults.harness.load import load, probe
from tests.faults.harness.traffic import change, hand_in, token
from tests.waiting import eventually

_CHANGE = "UPDATE anime SET synopsis = $2, version = version + 1 WHERE id = $1 RETURNING version"
_TELL = """
    INSERT INTO outbox (event_id, bucket, subject, entity_type, entity_id, op, changed_fields, version)
    VALUES ($1, $2, 'anime.synced', 'anime', $3, 'upsert', '{synopsis}', $4) RETURNING id"""
_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
# Half of what a statement waits for a lock: whoever leaves sooner did not wait for it.
LEFT_WITHIN_S = 5.0


async def test_an_earlier_id_commits_last_after_a_long_time(new_lane: NewLane, sums: Sums) -> None:
    """A transaction takes its outbox id, and stays open while everything after it is committed, sent and marked."""
    async with new_lane() as lane:
        await lane.start()
        await hand_in(lane, "late")
        async with lane.rows.acquire() as connection, load(lane):
            transaction = connection.transaction()
            await transaction.start()
            entry = Entry(token(lane, "late", "held"), "anime", uid(lane.port, "late"), lane.minutes(), "")
            lane.ledger.add(entry).sent = 1
            version = await connection.fetchval(_CHANGE, entry.entity, entry.token)
            event_id = derived_id("sync", "anime", entry.entity, version)
            bucket = outbox_bucket(entry.entity)
            early = await connection.fetchval(_TELL, event_id, bucket, entry.entity, version)
            begun, waits = monotonic(), []
            while monotonic() - begun < chosen(10, 60):
                waits.append(await probe(lane))
                await asyncio.sleep(0.2)
            sent = await lane.rows.fetchval("SELECT max(id) FROM outbox WHERE processed_at IS NOT NULL")
            assert sent > early, "nothing that began later was sent meanwhile"
            await transaction.commit()
            entry.acknowledged = True
        said = await judge(lane)
        sums.add(said)
        sums.figures["longest wait of others s"] = round(max(waits), 2)
        assert said.faults == []


async def test_a_row_is_held_for_long(new_lane: NewLane, sums: Sums) -> None:
    """Events of a locked row wait for its lock beyond every timeout; no attempt counts, and nothing is given up."""
    async with new_lane() as lane:
        await lane.start()
        await hand_in(lane, "held", "load 0")
        async with lane.rows.acquire() as connection, connection.transaction():
            await connection.execute("SELECT 1 FROM anime WHERE id = $1 FOR UPDATE", uid(lane.port, "held"))
            held = asyncio.create_task(probe(lane, "held", patience_s=150))
            await asyncio.sleep(chosen(12, 60))
            assert not held.done()
            assert await lane.rows.fetchval("SELECT count(*) FROM delivery_failure") == 0, "an attempt was counted"
        sums.figures["the event waited s"] = round(await held, 1)
        said = await judge(lane)
        sums.add(said)
        assert said.faults == []
        assert said.dead_letters == 0


async def test_a_stop_does_not_wait_for_a_row_that_is_held(new_lane: NewLane, sums: Sums) -> None:
    """What is in hand is cut off when its time is over, and the next program has it as soon as it runs."""
    async with new_lane(SHUTDOWN_GRACE_S="1") as lane:
        await lane.start()
        await hand_in(lane, "held")
        async with lane.rows.acquire() as connection, connection.transaction():
            await connection.execute("SELECT 1 FROM anime WHERE id = $1 FOR UPDATE", uid(lane.port, "held"))
            await change(lane, "held")
            await eventually(lambda: lane.rows.fetchval(_WAITING))
            begun = monotonic()
            assert await lane.program.stopped() == 0, lane.program.said
            sums.figures["left after s"] = round(monotonic() - begun, 1)
            assert "is given back" in lane.program.said
            await lane.start()
        said = await judge(lane)
        sums.add(said)
        assert said.faults == []
        assert said.dead_letters == 0
        assert float(sums.figures["left after s"]) < LEFT_WITHIN_S
