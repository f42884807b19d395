"""An effect takes place once, and what is refused falls alone."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from contracts.errors import Outage, Permanent, Refused
from contracts.events import AnimeUpdatedEvent, AnimeValues, Event
from contracts.model.anime_parts import CompanyRef
from contracts.model.enums import AnimeStatus
from handlers.persist import Outcome, apply, enriched, updated
from handlers.postgres import Connection
from tests.events import aired, uid
from tests.events import enriched as record
from tests.events import updated as change
from tests.integration.persist.helpers import anime, count, done, outbox, outcomes, tables

EVERYTHING = ("anime", "episode", "character", "anime_reference", "anime_company", "company", "outbox", "inbox")


def unchecked(event: AnimeUpdatedEvent, **values: Any) -> AnimeUpdatedEvent:
    """The event with values that our types would not let through; a row of PostgreSQL does not take them either."""
    body = {name: getattr(event.values or AnimeValues(), name) for name in AnimeValues.model_fields} | values
    raw = AnimeValues.model_construct(_fields_set=set(values), **body)
    return event.model_copy(update={"values": raw, "changed_fields": list(values)})


REFUSED_BY_POSTGRES: dict[str, dict[str, Any]] = {
    "a NUL character": {"synopsis": "a\x00b"},
    "a negative count": {"episode_count": -1},
    "a year beyond int4": {"year": 2**40},
    "a name that no index takes": {
        "studios": [CompanyRef(name="".join(chr(0x4E00 + n * 7 % 20_000) for n in range(2_000)))]
    },
}


async def test_the_same_event_twice_in_one_batch_and_again_in_the_next_counts_once(pool: asyncpg.Pool) -> None:
    await done(pool, record("Ring"))
    event = change("Ring", status="ONGOING")
    assert await outcomes(pool, event, event) == [None, None]
    assert await outcomes(pool, event) == [None]
    assert (await anime(pool, "Ring"))["version"] == 2
    assert len(await outbox(pool, uid("Ring"))) == 2


async def test_an_event_id_counts_once_even_when_a_newer_value_came_between(pool: asyncpg.Pool) -> None:
    await done(pool, record("Ring"), change("Ring", minute=1, status="ONGOING"))
    removal = change("Ring", minute=2, source="person", synopsis=None)
    await done(pool, change("Ring", minute=1, synopsis="Text"), removal, change("Ring", minute=3, synopsis="Text 2"))
    version = (await anime(pool, "Ring"))["version"]
    await done(pool, removal)
    assert (await anime(pool, "Ring"))["version"] == version


async def test_two_consumers_that_get_one_event_at_once_apply_it_once(
    pool: asyncpg.Pool, other_pool: asyncpg.Pool
) -> None:
    await done(pool, record("Ring"))
    arrived = asyncio.Barrier(2)

    async def together(connection: Connection, events: Any) -> list[Outcome]:
        return await updated.apply_anime(connection, events)

    async def one(own: asyncpg.Pool, events: list[Event]) -> list[Outcome]:
        await arrived.wait()
        return await apply(own, "same consumer", events, together)

    for number in range(10):
        batch: list[Event] = [
            change("Ring", minute=number, event_id=uid("doubled", number, part), episode_count=number + part)
            for part in range(4)
        ]
        assert await asyncio.gather(one(pool, batch), one(other_pool, batch[::-1])) == [[None] * 4, [None] * 4]
    assert await pool.fetchval("SELECT count(*) FROM inbox WHERE consumer = 'same consumer'") == 40
    versions = [version for _, _, version, _ in await outbox(pool, uid("Ring"))]
    assert versions == list(range(1, len(versions) + 1)), "each commit raised the version by exactly one"


@pytest.mark.parametrize("reason", REFUSED_BY_POSTGRES)
async def test_one_that_the_database_refuses_falls_alone(pool: asyncpg.Pool, reason: str) -> None:
    names = [f"anime {number}" for number in range(50)]
    assert await outcomes(pool, *(record(name) for name in names)) == [None] * 50
    batch = [change(name, status="FINISHED", studios=[{"name": f"Studio of {name}"}]) for name in names]
    batch[17] = unchecked(batch[17], **REFUSED_BY_POSTGRES[reason])
    results = await outcomes(pool, *batch)
    assert [number for number, result in enumerate(results) if result is not None] == [17]
    assert isinstance(results[17], Permanent)
    assert str(batch[17].event_id) in str(results[17])
    assert await pool.fetchval("SELECT count(*) FROM anime WHERE status = 'FINISHED'") == 49
    guilty = await anime(pool, names[17])
    assert (guilty["status"], guilty["version"]) == (None, 1)
    assert len(await outbox(pool, uid(names[17]))) == 1
    assert await pool.fetchval("SELECT count(*) FROM inbox WHERE event_id = $1", batch[17].event_id) == 0
    # What had no effect may be corrected and sent again.
    await done(pool, change(names[17], status="FINISHED"))


async def test_of_a_refused_record_no_row_stays(pool: asyncpg.Pool) -> None:
    good = record("Good", episodes=[{"episode_number": 1}])
    bad = record(
        "Bad",
        external_ids={"mal": "66"},
        studios=[{"name": "Somebody"}],
        characters=[{"id": uid("c"), "name": "Hero"}],
        episodes=[{"episode_number": 1, "title": "fine"}, {"episode_number": 2, "title": "bad"}],
    )
    episodes = [bad.episodes[0], bad.episodes[1].model_copy(update={"title": "\x00"})]
    await done(pool, good)
    before = await tables(pool, EVERYTHING)
    (outcome,) = await outcomes(pool, bad.model_copy(update={"episodes": episodes}))
    assert isinstance(outcome, Permanent)
    assert await tables(pool, EVERYTHING) == before


async def test_a_value_outside_an_enumeration_is_refused_by_the_database_too(pool: asyncpg.Pool) -> None:
    await done(pool, record("Ring"))
    for field in ("type", "status", "season", "rating", "source_material"):
        with pytest.raises(asyncpg.CheckViolationError):
            await pool.execute(f"UPDATE anime SET {field} = 'AIRING'")


async def test_the_outbox_has_one_row_for_each_entity_that_changed_and_the_version_it_was_committed_with(
    pool: asyncpg.Pool,
) -> None:
    await outcomes(pool, *(record(f"anime {number}", episode_count=1) for number in range(20)))
    batch = [change(f"anime {number}", status="ONGOING") for number in range(0, 20, 2)]
    batch += [change(f"anime {number}", minute=2, year=2020) for number in range(0, 20, 4)]
    batch += [change(f"anime {number}", minute=3, episode_count=1) for number in range(1, 20, 2)]
    await outcomes(pool, *batch)
    await outcomes(pool, *(aired(f"anime {number}", 2, minute=4) for number in range(20)))
    for kind in ("anime", "episode"):
        sent = await pool.fetch(
            "SELECT entity_id, array_agg(version ORDER BY id) AS versions FROM outbox "
            "WHERE entity_type = $1 GROUP BY entity_id",
            kind,
        )
        held = dict(await pool.fetch(f"SELECT id, version FROM {kind}"))
        assert {row["entity_id"]: row["versions"] for row in sent} == {
            entity: list(range(1, version + 1)) for entity, version in held.items()
        }
    changed = await pool.fetch("SELECT changed_fields FROM outbox WHERE entity_id = $1 ORDER BY id", uid("anime 4"))
    assert [row["changed_fields"] for row in changed][1:] == [["status", "year"], ["episode_count"]]


async def test_one_anime_first_seen_by_two_processes_at_once_is_one_row(
    pool: asyncpg.Pool, other_pool: asyncpg.Pool
) -> None:
    for number in range(10):
        name = f"new {number}"
        pair = [
            record(
                name, minute=minute, external_ids={"mal": name}, episodes=[{"episode_number": 1}], year=2000 + minute
            )
            for minute in (0, 1)
        ]
        results = await asyncio.gather(outcomes(pool, pair[0]), outcomes(other_pool, pair[1]))
        assert results == [[None], [None]]
        assert (await anime(pool, name))["year"] == 2001
    assert await count(pool, "episode") == 10


async def test_two_records_that_take_one_external_id_at_once_end_in_one_clear_refusal(
    pool: asyncpg.Pool, other_pool: asyncpg.Pool
) -> None:
    for number in range(10):
        first, second = (record(f"{side} {number}", external_ids={"mal": str(number)}) for side in "ab")
        results = await asyncio.gather(outcomes(pool, first), outcomes(other_pool, second))
        (refusal,) = [result for (result,) in results if result is not None]
        assert isinstance(refusal, Refused), refusal
        assert refusal.field == "anime.external_ids.mal"


async def test_overlapping_batches_all_get_through(pool: asyncpg.Pool, other_pool: asyncpg.Pool) -> None:
    names = [f"anime {number}" for number in range(12)]
    await outcomes(pool, *(record(name) for name in names))
    firms = [{"name": f"firm {number}"} for number in range(6)]

    async def work(own: asyncpg.Pool, offset: int) -> None:
        for turn in range(12):
            order = names[turn % 12 :] + names[: turn % 12]
            order = order[::-1] if offset % 2 else order
            minute = turn * 10 + offset
            who = firms[turn % 6 :] + firms[: turn % 6]
            batch: list[Event] = [
                change(name, minute=minute, year=1950 + minute, studios=who[:3], producers=who[3:]) for name in order
            ]
            kind: Any = updated.apply_anime
            if offset == 3:
                batch = [
                    record(name, minute=minute, studios=who[:3], episodes=[{"episode_number": 1 + turn % 3}])
                    for name in order
                ]
                kind = enriched.apply
            while True:
                try:
                    results = await apply(own, f"consumer {offset}", batch, kind)
                except Outage:
                    continue  # It lost against the others too often; that is no fault of its events.
                assert results == [None] * 12
                break

    async with asyncio.timeout(60):
        await asyncio.gather(*(work(own, offset) for offset, own in enumerate((pool, other_pool, pool, other_pool))))
    assert {row["year"] for row in await pool.fetch("SELECT year FROM anime")} == {1950 + 11 * 10 + 2}
    for name in names:
        versions = [version for _, _, version, _ in await outbox(pool, uid(name))]
        assert versions == list(range(1, len(versions) + 1))


async def test_a_database_that_is_away_is_an_outage_and_counts_against_nobody(pool: asyncpg.Pool) -> None:
    async def killed(connection: Connection, events: Any) -> list[Outcome]:
        await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        raise AssertionError("the connection is gone")

    with pytest.raises(Outage, match="PostgreSQL is not available"):
        await apply(pool, "test", [change("Ring", status="ONGOING")], killed)


async def test_a_row_that_somebody_holds_is_an_outage_and_counts_against_nobody(
    pool: asyncpg.Pool, other_pool: asyncpg.Pool
) -> None:
    await done(pool, record("Ring"))

    async def impatient(connection: Connection, events: Any) -> list[Outcome]:
        await connection.execute("SET LOCAL lock_timeout = '20ms'")
        return await updated.apply_anime(connection, events)

    async with other_pool.acquire() as holder, holder.transaction():
        await holder.execute("SELECT FROM anime FOR UPDATE")
        with pytest.raises(Outage, match="other transactions held the rows"):
            await apply(pool, "test", [change("Ring", status="ONGOING")], impatient)
    assert await outcomes(pool, change("Ring", status=AnimeStatus.ONGOING)) == [None]
