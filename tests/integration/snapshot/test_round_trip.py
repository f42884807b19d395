"""A catalogue goes out and comes back equal; what is damaged, or has no place to go, changes nothing."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import orjson
import pytest

from contracts import subjects
from contracts.errors import Outage, Permanent, Refused
from contracts.events import Belief
from handlers.catalogue import read_record
from handlers.persist import delete_anime
from handlers.relay.message import outgoing
from handlers.snapshot.format import Contents, Header, Seal, header_line, row_line
from handlers.snapshot.restore import ROWS_AT_ONCE_MAX, Restored, restore
from handlers.snapshot.sections import NOT_KEPT, SECTIONS
from handlers.snapshot.write import snapshot
from streams import access
from streams.database.pool import PoolLimits, open_pool
from tests.integration.catalogue.full import RECORD
from tests.integration.ingest.persisting import hand_in
from tests.servers import NewDatabase
from tests.unit.ingest.samples import anime_id, raw_record

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CONTRACTS = "1.4.0"
BELIEF = '{"rule": "most believed", "dissents": {"kitsu": "Another."}}'
TABLES = """
    SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"""


async def taken(pool: asyncpg.Pool, now: datetime = NOW) -> bytes:
    return b"".join([chunk async for chunk in snapshot(pool, now, contracts=CONTRACTS, schema="0002")])


async def arriving(whole: bytes, size: int = 1_000) -> AsyncIterator[bytes]:
    for start in range(0, len(whole), size):
        yield whole[start : start + size]


async def brought(pool: asyncpg.Pool, whole: bytes) -> Restored:
    return await restore(pool, arriving(whole), contracts=CONTRACTS)


def rows(whole: bytes, section: str) -> list[dict[str, Any]]:
    found = [orjson.loads(line) for line in whole.splitlines()[1:]]
    return [one[section] for one in found if section in one]


@pytest.fixture
async def filled(pool: asyncpg.Pool) -> asyncpg.Pool:
    """A catalogue with every kind of row, a deleted anime, odd text, and what a person did to its schedules."""
    odd = raw_record(2, title='Sakura "桜" \\ \u2028 \U0001f338', external_ids={"mal": "22"}, synopsis="a\n\tb")
    await hand_in(pool, [RECORD, odd, *(raw_record(number) for number in range(3, 40))])
    await delete_anime(pool, anime_id(3))
    await pool.execute("INSERT INTO catalogue_origin (origin) VALUES ('world')")
    await pool.execute("INSERT INTO reference_search VALUES ($1, $2)", anime_id(2), NOW)
    await pool.execute('UPDATE anime SET raw_by_source = \'{"mal": {"x": [1, null]}}\' WHERE id = $1', anime_id(2))
    await pool.execute(
        "INSERT INTO schedule_pause (workflow, paused_at, reason) VALUES ('score_sync', $1, 'Kitsu moves')", NOW
    )
    await pool.execute(
        """INSERT INTO schedule (workflow, entity_id, policy, paused_at, paused_reason, due_at, slot_at) VALUES
           ('score_sync', 'all', NULL, $1, 'source is wrong', $1, $1), ('metadata_refresh', $2, '{"jitter_s": 5}',
           NULL, NULL, NULL, NULL), ('metadata_refresh', $3, NULL, NULL, NULL, $1, $1)""",
        NOW, str(anime_id(1)), str(anime_id(2)),
    )  # fmt: skip
    await pool.execute(
        """INSERT INTO guarded_word VALUES ($2, 'synopsis', gen_random_uuid(), 'mal', $1, 'null', $1, NULL, true, false,
                                            true, $3)""",
        NOW, anime_id(1), BELIEF,
    )  # fmt: skip
    # Why a word was believed goes along wherever it is kept.
    await pool.execute(
        """UPDATE anime SET provenance = provenance ||
               jsonb_build_object('title', (provenance -> '*') || jsonb_build_array($2::jsonb)) WHERE id = $1""",
        anime_id(1), BELIEF,
    )  # fmt: skip
    # The JSON null is a value, and no value is another.
    await pool.execute(
        """INSERT INTO review (id, entity_type, entity_id, field, old, new, edited, source, observed_at, event_id,
                               reasons, base_version, state, created_at, decided_at, before, belief)
           VALUES (gen_random_uuid(), 'anime', $2, 'synopsis', '"a"', 'null', 'null', 'mal', $1, gen_random_uuid(),
                   '[]', 1, 'approved', $1, $1, NULL, NULL),
                  (gen_random_uuid(), 'anime', $2, 'title', 'null', '"b"', NULL, 'mal', $1, gen_random_uuid(), '[]',
                   1, 'pending', $1, NULL, 'null', $3)""",
        NOW, anime_id(1), BELIEF,
    )  # fmt: skip
    return pool


async def test_a_round_trip_is_equal_byte_by_byte(filled: asyncpg.Pool, empty: asyncpg.Pool) -> None:
    before = await taken(filled)
    restored = await brought(empty, before)
    after = await taken(empty, NOW + timedelta(days=1))
    assert after.splitlines()[1:] == before.splitlines()[1:]
    assert after.splitlines()[0] != before.splitlines()[0], "the header bears the time"
    assert restored.rows == {one["name"]: one["rows"] for one in orjson.loads(before.splitlines()[0])["sections"]}
    assert await read_record(empty, anime_id(1)) == await read_record(filled, anime_id(1))
    assert await read_record(empty, anime_id(3)) == await read_record(filled, anime_id(3)), "deleted stays deleted"
    record = await read_record(empty, anime_id(1))
    assert record is not None
    assert record.provenance["title"].belief == Belief.model_validate_json(BELIEF)
    for table in ("review", "guarded_word"):
        assert await empty.fetchval(f"SELECT belief::text FROM {table} WHERE belief IS NOT NULL") is not None, table
    assert await empty.fetchval("SELECT origin FROM catalogue_origin") == "world"
    nulls = "SELECT old::text, new::text, edited::text, before::text FROM review ORDER BY field"
    assert [tuple(row) for row in await empty.fetch(nulls)] == [
        ('"a"', "null", "null", None),
        ("null", '"b"', None, "null"),
    ]


async def test_every_section_of_the_filled_catalogue_holds_rows(filled: asyncpg.Pool) -> None:
    whole = await taken(filled)
    written = {name for line in whole.splitlines()[1:] for name in orjson.loads(line)} - {"end", "rows", "sha256"}
    here = {row["relname"] for row in await filled.fetch(TABLES)}
    assert written >= {section.name for section in SECTIONS if section.name in here}


async def test_every_table_is_kept_or_left_out_for_a_reason(pool: asyncpg.Pool) -> None:
    here = {row["relname"] for row in await pool.fetch(TABLES)}
    assert here - {section.name for section in SECTIONS} - NOT_KEPT.keys() == set(), "list it in sections.py"
    assert NOT_KEPT.keys() - here == set()


async def test_of_schedules_only_what_a_person_decided_is_kept(filled: asyncpg.Pool, empty: asyncpg.Pool) -> None:
    whole = await taken(filled)
    kept = [(row["workflow"], row.get("policy"), row.get("paused_reason")) for row in rows(whole, "schedule")]
    assert kept == [("metadata_refresh", {"jitter_s": 5}, None), ("score_sync", None, "source is wrong")]
    # A program that has just started has planned looks of its own already.
    await empty.execute(
        "INSERT INTO schedule (workflow, entity_id, due_at, slot_at) VALUES ('score_sync', 'all', $1, $1)", NOW
    )
    await brought(empty, whole)
    row = await empty.fetchrow("SELECT due_at, paused_reason FROM schedule WHERE workflow = 'score_sync'")
    assert row is not None
    assert tuple(row) == (NOW, "source is wrong")


async def test_the_index_hears_of_everything_that_lives(filled: asyncpg.Pool, empty: asyncpg.Pool) -> None:
    await brought(empty, await taken(filled))
    queued = await empty.fetch("SELECT * FROM outbox ORDER BY id")
    living = await empty.fetch("SELECT id, version FROM anime WHERE deleted_at IS NULL ORDER BY id")
    said = [(row["entity_id"], row["version"]) for row in queued if row["subject"] == subjects.ANIME_CREATED]
    assert said == [tuple(row) for row in living]
    assert {row["subject"] for row in queued} == {subjects.ANIME_CREATED, subjects.CHARACTER_SYNCED}
    assert {outgoing(dict(row)).subject for row in queued} == {subjects.ANIME_CREATED, subjects.CHARACTER_SYNCED}
    assert all(row["bucket"] == row["entity_id"].bytes[-1] % 16 for row in queued)
    assert len({row["event_id"] for row in queued}) == len(queued)


async def test_what_was_handed_in_before_is_known_after(filled: asyncpg.Pool, empty: asyncpg.Pool) -> None:
    await brought(empty, await taken(filled))
    (verdict,) = await hand_in(empty, [raw_record(7)])
    assert verdict.kind.value == "unchanged"


Damage = Callable[[bytes], bytes]


def changed_value(whole: bytes) -> bytes:
    assert b'"Brave."' in whole
    return whole.replace(b'"Brave."', b'"Brawn."', 1)


def lost_line(whole: bytes) -> bytes:
    lines = whole.splitlines(keepends=True)
    return b"".join(lines[:5] + lines[6:])


DAMAGES: Iterable[tuple[Damage, str]] = (
    (changed_value, r"line \d+ of the snapshot: is not the end of section character"),
    (lost_line, r"line \d+ of the snapshot: is not row"),
    (lambda whole: whole[:-1], "is not the end of the snapshot"),
    (lambda whole: whole[: len(whole) // 2], "is not row|cut off"),
    (lambda whole: b"".join(whole.splitlines(keepends=True)[:-1]), "ends after line .* it was cut off"),
    (lambda whole: b"", "ends after line 0"),
    (lambda whole: whole + whole, "stands behind the end"),
    (lambda whole: whole.replace(b'"Hero"', b'"He\\u0000o"', 1), "is not the end of section character"),
    (lambda whole: whole.replace(b'"Hero"', b'"Her\xff"', 1), "is not the end of section character"),
    (lambda whole: whole.replace(b'"contracts":"1.4.0"', b'"contracts":"1.5.0"', 1), "does not match its checksum"),
)


@pytest.mark.parametrize(("damage", "why"), DAMAGES)
async def test_a_damaged_snapshot_leaves_nothing_behind(
    filled: asyncpg.Pool, empty: asyncpg.Pool, damage: Damage, why: str
) -> None:
    with pytest.raises(Refused, match=why):
        await brought(empty, damage(await taken(filled)))
    for section in SECTIONS:
        if await empty.fetchval("SELECT to_regclass($1) IS NOT NULL", section.name):
            assert await empty.fetchval(f'SELECT count(*) FROM "{section.name}"') == 0
    assert await empty.fetchval("SELECT count(*) FROM outbox") == 0
    assert await empty.fetchval("SELECT count(*) FROM catalogue_origin") == 0


@pytest.mark.parametrize("value", [b'"x', b'"x\\u0000"', b'"x\xff"', b"null", b'"x"}, {"id": "no id"'])
async def test_a_row_that_the_database_refuses_is_named_by_its_lines(empty: asyncpg.Pool, value: bytes) -> None:
    header = Header(CONTRACTS, "0002", None, NOW.isoformat(), (Contents("company", 1, ("id", "name")),))
    seal, line = Seal(), row_line("company", b'{"id": "%s", "name": %s}' % (str(anime_id(1)).encode(), value))
    seal.add(line)
    with pytest.raises(Refused, match="lines 2 to 2 of the snapshot: company: cannot be stored"):
        await brought(empty, header_line(header) + line + seal.end_section("company") + seal.end())


async def test_a_database_that_holds_anything_is_left_alone(filled: asyncpg.Pool, empty: asyncpg.Pool) -> None:
    whole = await taken(filled)
    with pytest.raises(Permanent, match="the database is not empty"):
        await brought(filled, whole)
    await empty.execute("INSERT INTO company (id, name) VALUES ($1, 'One')", uuid4())
    with pytest.raises(Permanent, match="the database is not empty"):
        await brought(empty, whole)
    assert await empty.fetchval("SELECT count(*) FROM anime") == 0


async def test_what_came_in_before_and_has_not_changed_is_left_as_it_is(
    filled: asyncpg.Pool, empty: asyncpg.Pool
) -> None:
    whole = await taken(filled)
    first = await brought(empty, whole)
    assert first.already_at is None
    queued = await empty.fetchval("SELECT count(*) FROM outbox")
    again = await brought(empty, whole)
    assert (again.rows, again.taken_at) == (first.rows, first.taken_at)
    assert again.already_at == await empty.fetchval("SELECT restored_at FROM catalogue_restore")
    assert await empty.fetchval("SELECT count(*) FROM outbox") == queued, "nothing is told twice"
    with pytest.raises(Refused, match="cut off"):
        await brought(empty, b"".join(whole.splitlines(keepends=True)[:-1]))
    with pytest.raises(Permanent, match="the database is not empty"):
        await brought(empty, await taken(filled, NOW + timedelta(seconds=1)))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE anime SET version = version + 1 WHERE title = (SELECT min(title) FROM anime)",
        "DELETE FROM episode WHERE id = (SELECT min(id::text)::uuid FROM episode)",
        "INSERT INTO company (id, name) VALUES (gen_random_uuid(), 'One more')",
        "UPDATE schedule_pause SET reason = 'another'",
    ],
)
async def test_what_came_in_before_and_has_changed_since_is_refused_and_says_so(
    filled: asyncpg.Pool, empty: asyncpg.Pool, change: str
) -> None:
    whole = await taken(filled)
    await brought(empty, whole)
    assert not (await empty.execute(change)).endswith(" 0")
    with pytest.raises(Permanent, match=r"came into this database at .* and the catalogue has changed since"):
        await brought(empty, whole)


async def test_a_database_that_was_emptied_takes_the_same_snapshot_again(
    filled: asyncpg.Pool, empty: asyncpg.Pool
) -> None:
    whole = await taken(filled)
    await brought(empty, whole)
    await empty.execute(
        "TRUNCATE anime, character, company, source_material, schedule_pause, schedule, review, guarded_word CASCADE"
    )
    assert (await brought(empty, whole)).already_at is None
    assert (await taken(empty)).splitlines()[1:] == whole.splitlines()[1:]


async def test_the_role_that_is_granted_for_it_is_enough(
    filled: asyncpg.Pool, new_database: NewDatabase, migrated_template: str
) -> None:
    dsn = await new_database(migrated_template)
    owner = await asyncpg.connect(dsn)
    await owner.execute(access.roles_sql())
    await owner.execute("DROP ROLE IF EXISTS test_mover")
    await owner.execute("CREATE ROLE test_mover LOGIN IN ROLE echora_ingest, echora_copy")
    await owner.close()
    pool = await open_pool(dsn.replace("//echora@", "//test_mover@", 1), PoolLimits(connections_max=2))
    try:
        whole = await taken(filled)
        assert (await brought(pool, whole)).already_at is None
        assert (await brought(pool, whole)).already_at is not None
        assert (await taken(pool)).splitlines()[1:] == whole.splitlines()[1:]
    finally:
        pool.terminate()


async def test_a_restore_that_came_to_nothing_is_not_remembered(filled: asyncpg.Pool, empty: asyncpg.Pool) -> None:
    whole = await taken(filled)
    with pytest.raises(Refused, match="cut off"):
        await brought(empty, b"".join(whole.splitlines(keepends=True)[:-1]))
    assert await empty.fetchval("SELECT count(*) FROM catalogue_restore") == 0
    assert (await brought(empty, whole)).already_at is None


async def test_the_words_of_world_and_live_are_never_mixed(filled: asyncpg.Pool, empty: asyncpg.Pool) -> None:
    await empty.execute("INSERT INTO catalogue_origin (origin) VALUES ('live')")
    with pytest.raises(Permanent, match=re.escape("holds the word of world, and this database is for live")):
        await brought(empty, await taken(filled))


async def test_a_newer_programs_snapshot_is_refused_by_what_is_new(filled: asyncpg.Pool, empty: asyncpg.Pool) -> None:
    whole = await taken(filled)
    with pytest.raises(Refused, match=r"follows the contracts 1\.4\.0, this program 2\.0\.0"):
        await restore(empty, arriving(whole), contracts="2.0.0")
    await filled.execute("ALTER TABLE anime ADD COLUMN mood text NOT NULL DEFAULT 'calm'")
    with pytest.raises(Refused, match="anime: has mood, which this program does not know"):
        await brought(empty, await taken(filled))
    # An older one's comes in, and what is new takes its default.
    await empty.execute("ALTER TABLE anime ADD COLUMN mood text NOT NULL DEFAULT 'calm'")
    await brought(empty, whole)
    assert await empty.fetchval("SELECT array_agg(DISTINCT mood) FROM anime") == ["calm"]


async def test_a_snapshot_is_of_one_instant(filled: asyncpg.Pool, empty: asyncpg.Pool) -> None:
    await filled.execute(
        """INSERT INTO company (id, name, meta)
           SELECT gen_random_uuid(), n::text, jsonb_build_object('x', repeat('x', 3000))
           FROM generate_series(1, 500) AS n"""
    )
    chunks = snapshot(filled, NOW, contracts=CONTRACTS, schema="0002")
    first = await anext(chunks)
    assert b'{"anime":' not in first, "the reading has not come that far"
    await delete_anime(filled, anime_id(5))
    await hand_in(filled, [raw_record(77)])
    whole = first + b"".join([chunk async for chunk in chunks])
    assert len(rows(whole, "anime")) == 39
    assert ["deleted_at" in row for row in rows(whole, "anime") if row["id"] == str(anime_id(5))] == [False]
    await brought(empty, whole)


async def test_many_rows_come_in_with_few_statements(filled: asyncpg.Pool, empty: asyncpg.Pool) -> None:
    await filled.execute(
        "INSERT INTO company (id, name) SELECT gen_random_uuid(), n::text FROM generate_series(1, $1) AS n",
        3 * ROWS_AT_ONCE_MAX,
    )
    whole = await taken(filled)
    await brought(empty, whole)
    assert (await taken(empty)).splitlines()[1:] == whole.splitlines()[1:]


async def test_a_snapshot_that_nobody_takes_any_more_gives_its_connection_back(filled: asyncpg.Pool) -> None:
    chunks = snapshot(filled, NOW, contracts=CONTRACTS, schema="0002")
    await anext(chunks)
    assert filled.get_size() - filled.get_idle_size() == 1
    await chunks.aclose()  # type: ignore[attr-defined]
    assert filled.get_size() - filled.get_idle_size() == 0


async def test_whoever_writes_meanwhile_waits_until_the_restore_is_through(
    filled: asyncpg.Pool, empty: asyncpg.Pool
) -> None:
    whole = await taken(filled)
    lines = whole.splitlines(keepends=True)

    async def slowly() -> AsyncIterator[bytes]:
        yield lines[0]
        async with empty.acquire() as other:
            with pytest.raises(asyncpg.LockNotAvailableError):
                await other.execute(
                    "SET lock_timeout = 50; INSERT INTO company (id, name) VALUES (gen_random_uuid(), 'x')"
                )
        yield b"".join(lines[1:])

    await restore(empty, slowly(), contracts=CONTRACTS)


async def test_a_database_that_is_away_is_an_outage(fresh_database: str) -> None:
    pool = await open_pool(fresh_database, PoolLimits(connections_max=1))
    await pool.close()
    with pytest.raises(Outage, match="PostgreSQL"):
        await taken(pool)
    with pytest.raises(Outage, match="PostgreSQL"):
        await brought(pool, b"")
