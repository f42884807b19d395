"""Ticks become looks: judged by their rows, done by their workflow, and ended in one transaction with what they found.

    begin    which ticks run; committed before any work, so that a second delivery is recognised
    look     ask the sources, compare; nothing is written
    end      the ends of the looks, the next timers, and the events: one transaction, then the ticks are acknowledged

A crash anywhere repeats the look under the same ids: the row lets only one of them end.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import asyncpg
import structlog

from contracts.clock import Clock
from contracts.errors import Awaited, EchoraError, Outage
from contracts.events import ScheduleTickEvent
from contracts.observation import Kind
from contracts.workflow import Due, Policy
from handlers.postgres import ACQUIRE_TIMEOUT_S, Connection, outage
from handlers.schedule.desk import Desk
from handlers.schedule.moves import Finish, finish_of
from handlers.schedule.row import Key
from handlers.schedule.store import ScheduleStore
from handlers.schedule.tick import Decision, Ignore, Missed, Run, Tick, Wait, tick_of
from handlers.sources.account import FetchResult
from handlers.sources.fetch import Sources
from handlers.sources.gate import Priority
from handlers.sources.scores import means
from handlers.update.breaker import BreakerPolicy
from handlers.update.look import Flow, Found, Look, NoticeKind, Tools, Wishes
from handlers.update.notices import gathered
from handlers.update.record import Recorded, record
from handlers.update.records import RecordStore
from streams.alerts import Alert, AlertKind, Alerts
from streams.calendar import speed_of
from streams.delivery.metrics import LATENESS, LOOKS, MISSES
from streams.tasks import end_tasks
from streams.timers import NatsTimers

Outcome = EchoraError | None
ALERT_OF: Final[Mapping[NoticeKind, AlertKind]] = {
    NoticeKind.WINDOW_SKIPPED: AlertKind.WINDOW_SKIPPED,
    NoticeKind.BREAKER_OPENED: AlertKind.SOURCE_BREAKER,
    NoticeKind.BREAKER_CLOSED: AlertKind.SOURCE_BREAKER,
}


@dataclass(slots=True)
class Looks:
    """What looks need while the program runs. `calendar` is the catalogue's clock."""

    pool: asyncpg.Pool
    store: ScheduleStore
    timers: NatsTimers
    desk: Desk
    records: RecordStore
    sources: Sources
    calendar: Clock
    wishes: Wishes
    breaker: BreakerPolicy
    alerts: Alerts
    stopping: asyncio.Event
    fetches: asyncio.Semaphore

    async def take(self, flow: Flow, ticks: Sequence[tuple[ScheduleTickEvent, int]]) -> list[Outcome]:
        """Handle ticks of one workflow, each with its sequence in the stream; one outcome per tick.

        Raises Outage while PostgreSQL is away, and when the program stops before the looks have ended.
        """
        read = [tick_of(event, sequence) for event, sequence in ticks]
        now = self.calendar.now()
        async with self._transaction() as connection:
            decisions = await self.store.begin(connection, read, now)
            policies = await self.store.policies(connection, [tick.key for tick in read])
        looks = [
            (tick, Look(tick.id, tick.entity_id, decision.slot_at, tick.attempt, event.reason or ""))
            for tick, decision, (event, _) in zip(read, decisions, ticks, strict=True)
            if isinstance(decision, Run)
        ]
        self._count(flow, decisions)
        for tick, _ in looks:
            LATENESS.labels(flow.workflow.name).observe(max(0.0, (now - tick.due_at).total_seconds()))
        for part in [[one] for one in looks] if flow.ends_singly else [looks] if looks else []:
            found = await self._unless_stopped(flow, [look for _, look in part])
            await self._end(flow, [(tick, one) for (tick, _), one in zip(part, found, strict=True)], policies)
        return [self._waits(decision) for decision in decisions]

    def tools(self) -> Tools:
        """What a look may use."""
        on = frozenset(name for name, line in self.sources.lines.items() if line.policy.enabled)
        return Tools(self._fetch, self.records, self.plan, means, self.calendar.now, on, self.wishes)

    async def plan(self, workflow: str, plans: Mapping[str, Due | None]) -> int:
        """Plan each entity's next look, None for its next regular slot; gives how many plans changed."""
        now = self.calendar.now()
        regular = [entity_id for entity_id, due in plans.items() if due is None]
        singly = {entity_id: due for entity_id, due in plans.items() if due is not None}
        changed = await self.desk.plan_regular(workflow, regular, now) if regular else 0
        return changed + (await self.desk.plan(workflow, singly, now) if singly else 0)

    async def _fetch(
        self, source: str, kind: Kind, ids: Sequence[str], fields: Collection[str] | None, *, urgent: bool, fresh: bool
    ) -> FetchResult:
        priority = Priority.AIRING if urgent else Priority.STALE
        async with self.fetches:
            return await self.sources.fetch(source, kind, ids, fields, priority=priority, fresh=fresh)

    async def _unless_stopped(self, flow: Flow, looks: Sequence[Look]) -> list[Found]:
        # A source may take minutes; nobody waits for it at a stop. The ticks are handed back and run again.
        work = asyncio.create_task(flow.run(looks, self.tools()), name=f"looks {flow.workflow.name}")
        stop = asyncio.create_task(self.stopping.wait())
        try:
            await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.cancel()
            await end_tasks(work)
        if work.cancelled():
            raise Outage("the program", "it is stopping")
        return work.result()

    async def _end(self, flow: Flow, found: Sequence[tuple[Tick, Found]], policies: Mapping[Key, Policy]) -> None:
        now = self.calendar.now()
        ends = [finish_of(tick, one.look.slot_at, one.end, policies[tick.key], now) for tick, one in found]
        async with self._transaction() as connection:
            verdicts = await self.store.finish(connection, ends, now)
            # What another delivery of the same tick has committed already must not be committed again.
            counted = [(end, one) for end, (_, one), is_ours in zip(ends, found, verdicts, strict=True) if is_ours]
            recorded = await record(connection, [one for _, one in counted], now, self.breaker)
            for workflow, plans in _plans([one for _, one in counted]).items():
                await self.store.plan(connection, workflow, plans, now)
        self._tell(flow, counted, recorded)

    def _tell(self, flow: Flow, counted: Sequence[tuple[Finish, Found]], recorded: Recorded) -> None:
        name = flow.workflow.name
        for end, one in counted:
            changes = sum(len(part.changes) + len(part.episodes) for part in one.parts)
            is_retry = end.next is not None and end.next.attempt > 1
            LOOKS.labels(name, "retried" if is_retry else "changed" if changes else "unchanged").inc()
            if end.miss is not None:
                MISSES.labels(name, end.miss.value).inc()
        missed = [notice for end, one in counted if end.miss is not None for notice in one.notices]
        for notice in gathered([*missed, *recorded.notices]):
            self.alerts.tell(Alert(ALERT_OF[notice.kind], notice.key, notice.text))
        structlog.get_logger("looks").debug("ended", workflow=name, looks=len(counted), events=recorded.events)

    def _count(self, flow: Flow, decisions: Sequence[Decision]) -> None:
        name = flow.workflow.name
        for decision in decisions:
            if isinstance(decision, Missed):
                MISSES.labels(name, decision.reason.value).inc(len(decision.slots))
            if isinstance(decision, Ignore):
                LOOKS.labels(name, "ignored").inc()

    def _waits(self, decision: Decision) -> Outcome:
        if not isinstance(decision, Wait):
            return None
        left_s = (decision.until - self.calendar.now()).total_seconds() / speed_of(self.calendar)
        return Awaited(f"the look is due at {decision.until.isoformat()}", retry_after_s=max(0.1, left_s))

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Connection]:
        with outage():
            async with self.pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection, connection.transaction():
                yield connection


def _plans(found: Sequence[Found]) -> dict[str, dict[str, Due]]:
    plans: dict[str, dict[str, Due]] = {}
    for one in found:
        for workflow, wanted in one.plans.items():
            plans.setdefault(workflow, {}).update(wanted)
    return plans
