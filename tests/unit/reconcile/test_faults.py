from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

import pytest

from contracts import subjects
from handlers.reconcile.faults import Entity, Fault, Found, fault
from handlers.reconcile.repairs import repair
from handlers.reconcile.report import SAMPLES_MAX, Report

ID = UUID(int=7)
RUN = UUID(int=9)


@dataclass(frozen=True)
class Doc:
    version: int = 5
    text_sha256: str = "a"
    template: str = "anime.v1"


@dataclass(frozen=True)
class Stored:
    id: UUID = ID
    version: int = 5
    entity_type: str = "anime"
    text_sha256: str = "a"
    model: str = "m"
    template: str = "anime.v1"


LIVING = Entity(ID, "anime", 4, is_living=True)
DELETED = replace(LIVING, is_living=False)


@pytest.mark.parametrize(
    ("entity", "document", "point", "expected"),
    [
        (LIVING, Doc(), Stored(), None),
        (LIVING, Doc(), None, Fault.MISSING),
        (LIVING, Doc(), Stored(version=4), Fault.STALE),
        (LIVING, Doc(), Stored(text_sha256="b"), Fault.STALE),
        (LIVING, Doc(), Stored(template="anime.v0"), Fault.STALE),
        (LIVING, Doc(), Stored(model="other"), Fault.MODEL),
        (LIVING, Doc(), Stored(version=4, model="other"), Fault.MODEL),
        (LIVING, Doc(), Stored(version=6), Fault.AHEAD),
        (LIVING, None, Stored(), Fault.ORPHANED),
        (LIVING, None, None, None),
        (DELETED, None, Stored(version=99), Fault.ORPHANED),
        (DELETED, None, None, None),
    ],
)
def test_each_difference_has_one_name(
    entity: Entity, document: Doc | None, point: Stored | None, expected: Fault | None
) -> None:
    found = fault(entity, document, point, "m")
    assert (found.fault if found else None) == expected
    assert found is None or found.point_version == (point.version if point else None)


@pytest.mark.parametrize("kind", ["anime", "character"])
def test_a_repair_has_the_vector_looked_at_too(kind: str) -> None:
    entity = Entity(ID, kind, 4, is_living=True)  # type: ignore[arg-type]
    mended = repair(Found(Fault.STALE, entity), RUN)
    assert mended.subject == (subjects.ANIME_SYNCED if kind == "anime" else subjects.CHARACTER_SYNCED)
    assert (mended.op, mended.changed_fields) == ("upsert", ("title",) if kind == "anime" else ("name",))
    assert repair(Found(Fault.STALE, entity), RUN) == mended
    assert repair(Found(Fault.STALE, entity), UUID(int=10)).event_id != mended.event_id


@pytest.mark.parametrize(
    ("kind", "subject"), [("anime", subjects.ANIME_DELETED), ("character", subjects.CHARACTER_SYNCED)]
)
def test_an_orphan_is_told_as_gone(kind: str, subject: str) -> None:
    gone = repair(Found(Fault.ORPHANED, Entity(ID, kind, 4, is_living=False), 4), RUN)  # type: ignore[arg-type]
    assert (gone.subject, gone.op) == (subject, "delete")


def test_a_report_counts_everything_and_shows_a_few() -> None:
    report = Report()
    report.add(Found(Fault.MISSING, Entity(UUID(int=n), "anime", 1, is_living=True)) for n in range(50))
    report.repaired = 20
    told = report.as_json()
    assert (told["found"], told["repaired"], told["left"]) == (50, 20, 30)
    assert len(told["samples"]["missing"]) == SAMPLES_MAX
    assert told["faults"]["orphaned"] == 0
