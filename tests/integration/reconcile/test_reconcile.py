"""Every kind of difference between rows and points is found and mended, and what is well is left alone."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts import subjects
from handlers.index.port import Deletion, Patch, Point
from handlers.persist import delete_anime
from handlers.reconcile.faults import Fault
from handlers.reconcile.work import REPAIRS_AT_ONCE
from tests.integration.index.samples import SPACE, unit
from tests.integration.ingest.persisting import hand_in
from tests.integration.reconcile.conftest import Catalogue
from tests.unit.ingest.samples import anime_id, raw_record

pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
]
HERO = {"id": str(anime_id(900)), "name": "Hero", "description": "Brave.", "external_ids": {"mal": "44"}}


async def filled(catalogue: Catalogue, count: int = 5) -> None:
    await hand_in(catalogue.pool, [raw_record(number) | {"characters": [HERO]} for number in range(1, count + 1)])
    await catalogue.deliver()


def found(report: Any) -> dict[Fault, int]:
    return {fault: count for fault, count in report.faults.items() if count}


async def test_what_agrees_has_no_difference_and_costs_nothing(catalogue: Catalogue) -> None:
    await filled(catalogue)
    await delete_anime(catalogue.pool, anime_id(2))
    await catalogue.deliver()
    before = len(catalogue.embedded)
    report = await catalogue.reconcile()
    assert (report.found, report.rows, report.points, report.under_way) == (0, 5, 5, 0)
    assert len(catalogue.embedded) == before
    assert await catalogue.pool.fetchval("SELECT count(*) FROM outbox WHERE processed_at IS NULL") == 0


async def damage_missing(catalogue: Catalogue) -> None:
    await catalogue.index.delete([Deletion(anime_id(1), 99), Deletion(anime_id(900), 99)])


async def damage_orphaned(catalogue: Catalogue) -> None:
    payload = {"entity_type": "anime", "model": SPACE.model, "text_sha256": "x", "template": "anime.v1"}
    await catalogue.index.upsert([Point(uuid4(), 3, unit(0), payload)])
    await catalogue.index.upsert([Point(uuid4(), 3, unit(0), payload | {"entity_type": "character"})])


async def damage_deleted(catalogue: Catalogue) -> None:
    """A deletion that the index never heard of."""
    await catalogue.pool.execute("UPDATE anime SET deleted_at = now(), version = 7 WHERE id = $1", anime_id(1))
    await catalogue.pool.execute("UPDATE character SET deleted_at = now(), version = 7 WHERE id = $1", anime_id(900))


async def damage_stale(catalogue: Catalogue) -> None:
    """A change that was committed without its outbox row, and one whose row was lost."""
    await catalogue.pool.execute("UPDATE anime SET title = 'New', version = 2 WHERE id = $1", anime_id(1))
    await catalogue.pool.execute("UPDATE character SET name = 'New', version = 2 WHERE id = $1", anime_id(900))


async def damage_model(catalogue: Catalogue) -> None:
    stored = await catalogue.index.stored([anime_id(1), anime_id(900)])
    for one in stored.values():
        await catalogue.index.patch([Patch(one.id, one.version + 1, {"model": "older"})])
        await catalogue.pool.execute("UPDATE anime SET version = version + 1 WHERE id = $1", one.id)
        await catalogue.pool.execute("UPDATE character SET version = version + 1 WHERE id = $1", one.id)


async def damage_ahead(catalogue: Catalogue) -> None:
    """The database was brought back to an earlier state."""
    await catalogue.index.patch([Patch(one, 50, {"title": "Later"}) for one in (anime_id(1), anime_id(900))])


@pytest.mark.parametrize(
    ("damage", "fault", "is_unannounced"),
    [
        (damage_missing, Fault.MISSING, False),
        (damage_orphaned, Fault.ORPHANED, False),
        (damage_deleted, Fault.ORPHANED, False),
        (damage_stale, Fault.STALE, True),
        (damage_model, Fault.MODEL, True),
        (damage_ahead, Fault.AHEAD, False),
    ],
)
async def test_each_difference_is_found_and_mended(
    catalogue: Catalogue, damage: Any, fault: Fault, is_unannounced: bool
) -> None:
    await filled(catalogue)
    await damage(catalogue)
    damaged = await catalogue.points()
    dry = await catalogue.reconcile(is_dry=True)
    assert found(dry) == {fault: 2} | ({Fault.UNANNOUNCED: 2} if is_unannounced else {})
    assert dry.repaired == 0
    assert await catalogue.points() == damaged, "a dry run changes nothing"
    report = await catalogue.reconcile()
    # A change that nobody was told of is told, which mends its point as well, before the point is compared.
    assert report.faults[Fault.UNANNOUNCED if is_unannounced else fault] == 2
    assert report.repaired == report.found == 2
    again = await catalogue.reconcile()
    assert again.found == 0
    points = await catalogue.points()
    assert {one.model for one in points.values()} == {SPACE.model}
    living = await catalogue.pool.fetch(
        "SELECT id FROM anime WHERE deleted_at IS NULL UNION ALL SELECT id FROM character WHERE deleted_at IS NULL"
    )
    assert points.keys() == {row["id"] for row in living}


async def test_what_is_under_way_is_no_difference(catalogue: Catalogue) -> None:
    await filled(catalogue)
    catalogue.held = {anime_id(7), anime_id(1)}
    await hand_in(catalogue.pool, [raw_record(7), raw_record(1, title="Other words")])
    report = await catalogue.reconcile()
    assert (report.found, report.under_way) == (0, 2)
    catalogue.held = set()
    await catalogue.deliver()
    assert (await catalogue.reconcile()).under_way == 0


async def test_no_more_is_repaired_than_may_be(catalogue: Catalogue) -> None:
    await filled(catalogue)
    await catalogue.index.delete([Deletion(anime_id(number), 99) for number in range(1, 6)])
    report = await catalogue.reconcile(repairs_max=2)
    assert (report.found, report.repaired, report.as_json()["left"]) == (5, 2, 3)
    assert len(await catalogue.points()) == 3
    assert (await catalogue.reconcile()).found == 3


async def test_a_lost_index_is_rebuilt_a_little_at_a_time(catalogue: Catalogue) -> None:
    count = 3 * REPAIRS_AT_ONCE
    await filled(catalogue, count)
    before = await catalogue.points()
    await catalogue.index.delete([Deletion(one, 99) for one in before])
    catalogue.most_at_once = 0
    report = await catalogue.reconcile(rebuilds=True)
    assert found(report) == {Fault.MISSING: count + 1}
    assert await catalogue.points() == before
    assert 0 < catalogue.most_at_once <= REPAIRS_AT_ONCE


async def test_repairs_say_which_pass_caused_them(catalogue: Catalogue) -> None:
    await filled(catalogue)
    await damage_missing(catalogue)
    await catalogue.reconcile()
    rows = await catalogue.pool.fetch("SELECT * FROM outbox ORDER BY id DESC LIMIT 2")
    assert {row["subject"] for row in rows} == {subjects.ANIME_SYNCED, subjects.CHARACTER_SYNCED}
    assert len({row["causation_id"] for row in rows}) == 1
    assert all(row["bucket"] == UUID(str(row["entity_id"])).bytes[-1] % 16 for row in rows)


async def test_rows_that_wait_too_long_for_a_relay_are_counted(catalogue: Catalogue) -> None:
    await filled(catalogue)
    await catalogue.pool.execute(
        "UPDATE outbox SET processed_at = NULL, op = NULL, payload = 'x', queued_at = now() - interval '6 minutes' "
        "WHERE subject = 'anime.enriched'"
    )
    assert (await catalogue.reconcile()).overdue == 5
