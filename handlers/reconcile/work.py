"""One pass: compare everything, look again at what differs, and queue what is wrong, no faster than it is mended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from handlers.reconcile.faults import Entity, EntityType, Fault, Found, fault
from handlers.reconcile.ports import Document, Documents, Point, Points
from handlers.reconcile.repairs import repair
from handlers.reconcile.report import Report
from handlers.reconcile.store import ReconcileStore
from handlers.reconcile.windows import Window, windows

# The index takes this many as one group to embed, so an update that comes in between waits a few seconds at most.
REPAIRS_AT_ONCE: Final = 64
REPAIRS_MAX: Final = 10_000_000
OVERDUE: Final = timedelta(minutes=5)
UNDER_WAY: Final = timedelta(minutes=15)
SETTLE_S: Final = 30.0
UNANNOUNCED_MAX: Final = 10_000


@dataclass(frozen=True, slots=True)
class Scene:
    """What a pass works with.

    `settled` waits until the index has caught up with what was sent, that many seconds at most, and gives the instant
    of which that is true, by the database's clock; None when it did not. `room` waits until the index has room for
    more repairs.
    """

    store: ReconcileStore
    points: Points
    documents: Documents
    model: str
    now: datetime
    kept_since: datetime
    settled: Callable[[float], Awaitable[datetime | None]]
    room: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked of a pass. One that `rebuilds` takes what is missing for lost, and waits for nobody."""

    run_id: UUID
    is_dry: bool = False
    repairs_max: int = REPAIRS_MAX
    rebuilds: bool = False


async def reconcile(scene: Scene, order: Order) -> AsyncIterator[Report]:
    """The report as it grows, once per window; the last one is whole. Raises Outage; the next pass finds the rest."""
    work = _Pass(scene, order, Report())
    work.report.overdue = await scene.store.overdue(scene.now - OVERDUE)
    unannounced = await scene.store.unannounced(scene.kept_since, UNANNOUNCED_MAX)
    await work.mend([Found(Fault.UNANNOUNCED, entity) for entity in unannounced])
    async for window in windows(scene.store, scene.points):
        work.report.rows += sum(one.is_living for one in window.entities.values())
        work.report.points += len(window.points)
        await work.mend(await work.confirmed(await _suspects(scene, window)))
        yield work.report
    yield work.report


@dataclass(slots=True)
class _Pass:
    scene: Scene
    order: Order
    report: Report
    patience_s: float = SETTLE_S

    async def confirmed(self, suspects: Sequence[Found]) -> list[Found]:
        """Those that are still wrong once everything that was under way has come through."""
        if not suspects or self.order.rebuilds:
            return list(suspects)
        scene = self.scene
        settled_at = await scene.settled(self.patience_s)
        # An index that is far behind does not catch up while we wait for each window anew.
        self.patience_s = SETTLE_S if settled_at else 0.0
        entities = {one.entity.id: one.entity for one in suspects}
        points = await scene.points.stored(list(entities))
        again = await _faults(scene, entities | await scene.store.rows(list(entities)), points)
        sent_after = settled_at if settled_at else scene.now - UNDER_WAY
        under_way = await scene.store.under_way([one.entity.id for one in again], sent_after) if again else set()
        self.report.under_way += len(under_way)
        return [one for one in again if one.entity.id not in under_way]

    async def mend(self, found: Sequence[Found]) -> None:
        """Count them, and queue as many as may be."""
        self.report.add(found)
        if self.order.is_dry:
            return
        allowed = found[: max(0, self.order.repairs_max - self.report.repaired)]
        for start in range(0, len(allowed), REPAIRS_AT_ONCE):
            part = allowed[start : start + REPAIRS_AT_ONCE]
            await self.scene.room()
            # What claims to be newer than its row has to go first, or its row would be taken for an old one.
            await self.scene.points.remove(
                {one.entity.id: one.point_version or 0 for one in part if one.fault is Fault.AHEAD}
            )
            await self.scene.store.queue([repair(one, self.order.run_id) for one in part], self.order.run_id)
            self.report.repaired += len(part)


async def _suspects(scene: Scene, window: Window) -> list[Found]:
    # A point without any row is taken for one of a row that does not live.
    rowless = {
        point.id: Entity(point.id, _type(point), point.version, is_living=False)
        for point in window.points.values()
        if point.id not in window.entities
    }
    return await _faults(scene, window.entities | rowless, window.points)


async def _faults(scene: Scene, entities: Mapping[UUID, Entity], points: Mapping[UUID, Point]) -> list[Found]:
    living = [one for one in entities.values() if one.is_living]
    documents: Mapping[UUID, Document] = await scene.documents.read(
        [one.id for one in living if one.type == "anime"],
        [one.id for one in living if one.type == "character"],
        scene.now,
    )
    found = (fault(one, documents.get(one.id), points.get(one.id), scene.model) for one in entities.values())
    return [one for one in found if one is not None]


def _type(point: Point) -> EntityType:
    return "character" if point.entity_type == "character" else "anime"
