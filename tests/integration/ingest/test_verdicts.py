"""From a raw record to the verdict on it, through the real books and the real persist."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

import asyncpg

from handlers.ingest import IngestStore, Kind, demo_catalogue, ingest
from handlers.ingest.books import HandedIn
from handlers.ingest.records import prepare
from handlers.ingest.sending import Batch, encode
from handlers.persist import delete_anime
from streams.clock import SystemClock
from tests.integration.ingest.persisting import deliver, delivering, hand_in, version
from tests.unit.ingest.samples import NOW, anime_id, raw_record
from tests.unit.ingest.test_vocabulary import DATABASE, recorded

ENRICHED = {"enrichment_metadata": {"enriched_at": "2026-01-01T00:00:00Z", "source": "crew"}}


async def kinds(pool: asyncpg.Pool, *values: Any) -> list[Kind]:
    return [verdict.kind for verdict in await hand_in(pool, values)]


async def test_new_then_unchanged_then_changed(pool: asyncpg.Pool) -> None:
    assert await kinds(pool, raw_record(1), raw_record(2)) == [Kind.NEW, Kind.NEW]
    sent = await pool.fetchval("SELECT count(*) FROM ingestion_entries")
    assert await kinds(pool, raw_record(1), raw_record(2, year=2020)) == [Kind.UNCHANGED, Kind.CHANGED]
    assert await pool.fetchval("SELECT count(*) FROM ingestion_entries") == sent + 1, "what is known is not sent again"
    assert await pool.fetchval("SELECT year FROM anime WHERE id = $1", anime_id(2)) == 2020


async def test_a_record_corrected_by_hand_wins_although_it_kept_its_enriched_at(pool: asyncpg.Pool) -> None:
    # Ten, because an order by chance would let some of them win too.
    await kinds(pool, *(raw_record(number, synopsis="wrong") | ENRICHED for number in range(10)))
    found = await kinds(pool, *(raw_record(number, synopsis="right") | ENRICHED for number in range(10)))
    assert found == [Kind.CHANGED] * 10
    assert await pool.fetch("SELECT DISTINCT synopsis FROM anime") == [("right",)]
    # And back again: this payload was handed in before, but it is not the last one.
    assert await kinds(pool, raw_record(0, synopsis="wrong") | ENRICHED) == [Kind.CHANGED]


async def test_other_layout_of_the_same_record_is_the_same_payload(pool: asyncpg.Pool) -> None:
    raw = raw_record(1)
    await kinds(pool, raw)
    assert await kinds(pool, {key: raw[key] for key in reversed(raw)}) == [Kind.UNCHANGED]
    assert await pool.fetchval("SELECT count(*) FROM ingestion_entries") == 1


async def test_two_records_with_one_external_id_refuse_the_second_and_name_both(pool: asyncpg.Pool) -> None:
    first, second, third = await hand_in(
        pool,
        [
            raw_record(1, external_ids={"mal": "5"}),
            raw_record(2, external_ids={"mal": "5"}),
            raw_record(3, external_ids={"mal": "6"}),
        ],
    )
    assert (first.kind, second.kind, third.kind) == (Kind.NEW, Kind.REFUSED, Kind.NEW)
    assert "anime.external_ids.mal" in (second.reason or "")
    assert str(anime_id(1)) in (second.reason or "")
    assert await version(pool, anime_id(2)) is None, "nothing half-written stays"


async def test_a_refused_record_goes_in_once_its_cause_is_gone(pool: asyncpg.Pool) -> None:
    await kinds(pool, raw_record(1, external_ids={"mal": "5"}))
    again = raw_record(2, external_ids={"mal": "5"}) | ENRICHED
    assert await kinds(pool, again) == [Kind.REFUSED]
    await pool.execute("DELETE FROM anime_reference")
    assert await kinds(pool, again) == [Kind.NEW]


async def test_a_deleted_anime_is_refused_and_not_called_unchanged(pool: asyncpg.Pool) -> None:
    await kinds(pool, raw_record(1))
    await delete_anime(pool, anime_id(1))
    (verdict,) = await hand_in(pool, [raw_record(1)])
    assert verdict.kind is Kind.REFUSED
    assert "deleted" in (verdict.reason or "")


async def test_bad_records_leave_no_trace_and_the_rest_goes_in(pool: asyncpg.Pool) -> None:
    found = await kinds(
        pool,
        raw_record(1, title=None),
        raw_record(2),
        raw_record(3, synopsis="x" * 10_000_000),
        raw_record(4, title="a\x00b"),
        raw_record(5) | {"episodes": [{"episode_number": 1}, {"episode_number": 1}]},
        raw_record(6),
        "nonsense",
    )
    assert found == [Kind.REFUSED, Kind.NEW, Kind.REFUSED, Kind.REFUSED, Kind.REFUSED, Kind.NEW, Kind.REFUSED]
    assert await pool.fetchval("SELECT count(*) FROM anime") == 2
    assert await pool.fetchval("SELECT count(*) FROM outbox WHERE subject = 'anime.enriched'") == 2


async def test_a_record_of_several_parts_goes_in_whole(pool: asyncpg.Pool) -> None:
    long = raw_record(1) | {
        "characters": [{"name": f"c{at}", "description": "x" * 3_000} for at in range(1_000)],
        "episodes": [{"episode_number": at, "synopsis": "y" * 1_000} for at in range(1, 1_001)],
    }
    assert await kinds(pool, long) == [Kind.NEW]
    parts = await pool.fetch("SELECT length(payload) AS size FROM outbox WHERE subject = 'anime.enriched'")
    assert len(parts) > 4
    assert await pool.fetchval("SELECT count(*) FROM anime_character WHERE anime_id = $1", anime_id(1)) == 1_000
    assert await pool.fetchval("SELECT count(*) FROM episode WHERE anime_id = $1", anime_id(1)) == 1_000
    before = await pool.fetchval("SELECT count(*) FROM ingestion_entries")
    assert await kinds(pool, long) == [Kind.UNCHANGED]
    assert await pool.fetchval("SELECT count(*) FROM ingestion_entries") == before


async def test_a_record_whose_later_part_is_open_is_not_called_unchanged(pool: asyncpg.Pool) -> None:
    long = raw_record(1) | {"characters": [{"name": f"c{at}", "description": "x" * 3_000} for at in range(500)]}
    await hand_in(pool, [long], timeout_s=0.2, persisting=False)
    first, *later = await pool.fetch("SELECT id FROM outbox WHERE subject = 'anime.enriched' ORDER BY id")
    held = [row["id"] for row in later]
    await pool.execute("UPDATE outbox SET processed_at = now() WHERE id = ANY ($1)", held)
    assert [event.part for event in await deliver(pool)] == [1]
    (open_one,) = await hand_in(pool, [long], timeout_s=0.2, persisting=False)
    assert open_one.kind is Kind.UNDECIDED
    assert await pool.fetchval("SELECT count(*) FROM ingestion_entries") == 1 + len(later), "it is waited for, not sent"
    await pool.execute("UPDATE outbox SET processed_at = NULL WHERE id = ANY ($1)", held)
    assert await kinds(pool, long) == [Kind.NEW], "the first part was new, so the record is"
    assert first["id"]


async def test_without_persist_it_is_undecided_and_handing_it_in_again_waits_for_the_same_verdict(
    pool: asyncpg.Pool,
) -> None:
    (verdict,) = await hand_in(pool, [raw_record(1)], timeout_s=0.2, persisting=False)
    assert verdict.kind is Kind.UNDECIDED
    assert await kinds(pool, raw_record(1)) == [Kind.NEW]
    assert await pool.fetchval("SELECT count(*) FROM ingestion_entries") == 1
    assert await pool.fetchval("SELECT count(*) FROM outbox WHERE subject = 'anime.enriched'") == 1


async def test_what_is_undecided_for_very_long_is_sent_again(pool: asyncpg.Pool) -> None:
    await hand_in(pool, [raw_record(1)], timeout_s=0.2, persisting=False)
    await pool.execute("UPDATE ingestion_entries SET queued_at = now() - interval '1 hour'")
    await pool.execute("UPDATE outbox SET processed_at = now()")  # Sent, and lost with its stream.
    assert await kinds(pool, raw_record(1)) == [Kind.NEW]


async def test_two_at_once_hand_in_the_same(pool: asyncpg.Pool) -> None:
    values = [raw_record(number) for number in range(30)]
    async with delivering(pool):
        both = await asyncio.gather(hand_in(pool, values, persisting=False), hand_in(pool, values, persisting=False))
    found = {verdict.kind for verdicts in both for verdict in verdicts}
    assert found <= {Kind.NEW, Kind.UNCHANGED}
    assert [len(verdicts) for verdicts in both] == [30, 30]
    assert await pool.fetch("SELECT DISTINCT version FROM anime") == [(1,)]


async def test_the_books_of_a_run(pool: asyncpg.Pool) -> None:
    await hand_in(pool, [raw_record(1) | ENRICHED])
    run = await pool.fetchrow("SELECT * FROM ingestion_runs")
    assert (run["artifact_uri"], run["status"], run["error"]) == ("test", "finished", None)
    entry = await pool.fetchrow("SELECT * FROM ingestion_entries")
    assert (entry["run_id"], entry["label"], entry["verdict"]) == (run["id"], "Sample 1", "new")
    queued = await pool.fetchrow("SELECT * FROM outbox WHERE subject = 'anime.enriched'")
    assert queued["event_id"] == entry["event_id"]
    assert queued["entity_id"] == anime_id(1)
    assert queued["bucket"] == anime_id(1).bytes[-1] % 16
    assert json.loads(queued["headers"]) == {"Echora-Ingestion-Run": str(run["id"])}
    state = await pool.fetchrow("SELECT * FROM anime_ingestion_state")
    assert state["last_payload_sha256"] == entry["payload_sha256"]
    assert state["last_enriched_at"].isoformat() == "2026-01-01T00:00:00+00:00"


async def test_entering_twice_after_a_broken_connection_queues_once(pool: asyncpg.Pool) -> None:
    store = IngestStore(pool)
    run_id = await store.begin("test")
    prepared = prepare(raw_record(1), 1)
    entries, _ = encode(Batch(run_id, NOW, [prepared]))
    await store.enter(run_id, entries)
    await store.enter(run_id, entries)
    assert await pool.fetchval("SELECT count(*) FROM outbox") == 1
    assert await store.handed_in([prepared.payload]) == {
        prepared.payload: HandedIn(known=False, waiting=frozenset({entries[0].event_id}))
    }


async def test_the_relay_is_notified_once_a_chunk(pool: asyncpg.Pool) -> None:
    heard: list[object] = []
    async with pool.acquire() as connection:
        await connection.add_listener("outbox", lambda *told: heard.append(told))
        await hand_in(pool, [raw_record(number) for number in range(20)], timeout_s=0.2, persisting=False)
        await connection.fetchval("SELECT 1")
        await connection.reset()
    assert len(heard) == 1


@recorded
async def test_all_recorded_records_go_in(pool: asyncpg.Pool) -> None:
    values = json.loads(DATABASE.read_bytes())["data"]
    verdicts = await hand_in(pool, values)
    assert [(one.label, one.reason) for one in verdicts if one.kind is not Kind.NEW] == []
    assert await pool.fetchval("SELECT count(*) FROM anime") == 28
    # One character is in three of the shows and one in two, under ids of their own and one page on MyAnimeList each.
    assert await pool.fetchval("SELECT count(*) FROM character") == 57
    assert await pool.fetchval("SELECT count(*) FROM anime_character") == 60
    assert await pool.fetchval("SELECT count(*) FROM episode") == 59
    assert Counter(await kinds(pool, *values)) == {Kind.UNCHANGED: 28}


async def test_the_demo_catalogue_goes_in(pool: asyncpg.Pool) -> None:
    async with delivering(pool):
        found = ingest(demo_catalogue(), IngestStore(pool), SystemClock(), artifact_uri="demo catalogue")
        verdicts = [verdict async for verdict in found]
    assert len(verdicts) >= 60
    assert [(one.label, one.reason) for one in verdicts if one.kind is not Kind.NEW] == []
    assert all(not one.ignored for one in verdicts)
