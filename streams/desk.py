"""The schedule as people see and move it: behind the routes of streams/http/schedules.py."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg

from contracts.clock import Clock
from contracts.errors import Permanent, Refused
from contracts.workflow import WEEK_S, EntityKind, Workflow
from handlers.schedule import reading
from handlers.schedule.desk import BACKFILL_LOOKS_MAX, Desk
from handlers.schedule.entities import all_of, paused_among, plain_id, strangers, titled, uuid_of
from handlers.schedule.moves import BACKFILL_SLOTS_MAX
from handlers.schedule.ports import Price
from handlers.schedule.store import ScheduleStore
from handlers.update.airtime import slots_between
from handlers.update.look import Flow
from handlers.update.stored import show_of
from handlers.update.workflows import WORKFLOWS
from streams import schedule_answers as answers
from streams.http.problems import NotFound
from streams.http.schedule_models import (
    Acted,
    Backfilled,
    BackfillWish,
    EntitySchedule,
    Governed,
    ScheduleList,
    Section,
    Triggered,
)
from streams.http.times import instant
from streams.looks import Looks
from streams.price import Asking, Offers, price_list

MISSES_SHOWN: Final = 20
NAMED_MAX: Final = 5
RECORDS_AT_ONCE: Final = 500

AirSlots = Callable[[Sequence[str], datetime, datetime], Awaitable[Mapping[str, Sequence[datetime]]]]
"""The air times of shows from one instant up to another, for workflows that have no interval of their own."""


@dataclass(frozen=True, slots=True)
class ScheduleDesk:
    """The port `Schedules` of the routes. `clock` is the one that the schedule runs on."""

    pool: asyncpg.Pool
    store: ScheduleStore
    desk: Desk
    clock: Clock
    price: Callable[[str], Awaitable[Price]]
    air_slots: AirSlots

    async def listing(
        self, *, workflow: str | None, title: str | None, sections: Collection[Section], limit: int
    ) -> ScheduleList:
        """What is due next, what was missed lately and what is paused, as far as it is asked for."""
        if workflow is not None:
            self._workflow(workflow)
        pool = self.pool
        due = (
            await reading.next_due(pool, workflow=workflow, title=title, rows_max=limit)
            if Section.DUE in sections
            else []
        )
        misses = (
            await reading.latest_misses(pool, workflow=workflow, title=title, rows_max=limit)
            if Section.MISSES in sections
            else []
        )
        paused = (
            await reading.paused(pool, workflow=workflow, title=title, rows_max=limit)
            if Section.PAUSED in sections
            else []
        )
        return ScheduleList(
            now=self.clock.now(),
            due=[answers.look(one) for one in due],
            misses=[answers.miss(one) for one in misses],
            paused=[answers.look(one) for one in paused],
            pauses=[answers.pause(one) for one in await reading.pauses(pool, workflow=workflow)],
        )

    async def show(self, entity_id: str, workflow: str | None) -> EntitySchedule | None:
        """Everything that is scheduled for one entity; None when nothing ever was."""
        if workflow is not None:
            self._workflow(workflow)
        entity_id = plain_id(entity_id)
        rows = await reading.show(self.pool, entity_id, workflow)
        if not rows:
            return None
        misses = await reading.misses_of(self.pool, entity_id, workflow, MISSES_SHOWN)
        title = rows[0].title
        return EntitySchedule(
            now=self.clock.now(),
            entity_id=entity_id,
            title=title,
            # A row of a workflow that this version does not know has no policy, and nobody looks.
            schedules=[
                answers.entity(one, self.store.policy(one.row)) for one in rows if one.row.workflow in self._known
            ],
            misses=[answers.miss(one).model_copy(update={"title": title}) for one in misses],
        )

    async def pause(self, workflow: str, ids: Sequence[str] | None, reason: str) -> Acted:
        """Stop looking at these, or at all of the workflow."""
        wanted = await self._scheduled(workflow, ids)
        return Acted(workflow=workflow, changed=await self.desk.pause(workflow, wanted, reason, self.clock.now()))

    async def resume(self, workflow: str, ids: Sequence[str] | None, reason: str | None) -> Acted:
        """Look again at these, or at all of the workflow."""
        wanted = await self._scheduled(workflow, ids)
        return Acted(workflow=workflow, changed=await self.desk.resume(workflow, wanted, self.clock.now(), reason))

    async def trigger(self, workflow: str, ids: Sequence[str], why: str) -> Triggered:
        """Look at these now."""
        wanted = await self._existing(self._workflow(workflow), ids)
        return Triggered(workflow=workflow, came=await self.desk.trigger(workflow, wanted, why, self.clock.now()))

    async def policy(self, workflow: str, ids: Sequence[str], own: Mapping[str, Any] | None) -> Governed:
        """Look at these by a policy of their own, or by the workflow's again."""
        wanted = await self._existing(self._workflow(workflow), ids)
        try:
            policy = await self.desk.set_policy(workflow, wanted, own, self.clock.now())
        except Permanent as error:
            raise Refused("schedule", "policy", str(error).removeprefix("policy: ")) from error
        return Governed(workflow=workflow, ids=wanted, policy=asdict(policy), own_policy=dict(own) if own else None)

    async def backfill(self, workflow: str, wish: BackfillWish) -> Backfilled:
        """Look for the slots of a past range, or only say which they are and what they cost."""
        known = self._workflow(workflow)
        now = self.clock.now()
        start, end = _range(wish, now)
        ids = await self._meant(known, wish)
        _refuse_too_much(known, len(ids), end - start)
        slots = await self._slots(known, ids, start, end)
        done = await self.desk.backfill(workflow, slots, now, is_dry=wish.dry_run, price=await self.price(workflow))
        shown = {key.entity_id for key, _ in done.looks[: answers.TICKS_SHOWN_MAX]}
        titles = await reading.titles_of(self.pool, shown)
        paused = await paused_among(self.pool, workflow, list(slots))
        return answers.backfilled(workflow, start, end, done, titles, paused)

    async def _slots(
        self, workflow: Workflow, ids: Sequence[str], start: datetime, end: datetime
    ) -> dict[str, Sequence[datetime]]:
        slots: Mapping[str, Sequence[datetime]]
        if workflow.policy.interval_s is not None:
            slots = await self.desk.regular_slots(workflow.name, ids, start, end)
        elif workflow.entity_kind is EntityKind.ANIME:
            slots = await self.air_slots(ids, start, end)
        else:
            raise Refused(
                "backfill", "workflow", f"the looks of {workflow.name} are planned by another workflow; backfill that"
            )
        return {one: found for one, found in slots.items() if found}

    @property
    def _known(self) -> Mapping[str, Workflow]:
        return self.store.workflows

    def _workflow(self, name: str) -> Workflow:
        found = self._known.get(name)
        if found is None:
            raise Refused("schedule", "workflow", f"there is no workflow {name!r}; there are {', '.join(self._known)}")
        return found

    async def _scheduled(self, workflow: str, ids: Sequence[str] | None) -> list[str] | None:
        """The ids, each of which the workflow has a row for; None for all of it."""
        self._workflow(workflow)
        if ids is None:
            return None
        wanted = _plain(ids)
        _refuse(await strangers(self.pool, workflow, wanted), f"workflow {workflow} has nothing scheduled for")
        return wanted

    async def _existing(self, workflow: Workflow, ids: Sequence[str]) -> list[str]:
        """The ids, each of which is in the catalogue or has a row."""
        wanted = _plain(ids)
        unknown = await strangers(self.pool, workflow.name, wanted, workflow.entity_kind)
        _refuse(unknown, f"workflow {workflow.name} looks at {workflow.entity_kind.value}, and there is no")
        return wanted

    async def _meant(self, workflow: Workflow, wish: BackfillWish) -> list[str]:
        if wish.ids is not None and wish.title is not None:
            raise Refused("backfill", "title", "say ids or a title, not both")
        if wish.ids is not None:
            return await self._existing(workflow, wish.ids)
        if wish.title is not None:
            found = await titled(self.pool, workflow.entity_kind, wish.title)
            if not found:
                raise NotFound(f"no {workflow.entity_kind.value} has {wish.title!r} in its title or name")
            return found
        return await all_of(self.pool, workflow.name)


def schedule_desk(looks: Looks) -> ScheduleDesk:
    """The desk of a program that runs."""

    async def priced(workflow: str) -> Price:
        return price_list({workflow: await _asking(looks, WORKFLOWS[workflow])}, _offers(looks))

    async def air_slots(ids: Sequence[str], start: datetime, end: datetime) -> Mapping[str, Sequence[datetime]]:
        found: dict[str, Sequence[datetime]] = {}
        uuids = [uuid for one in ids if (uuid := uuid_of(one)) is not None]
        for first in range(0, len(uuids), RECORDS_AT_ONCE):
            part = uuids[first : first + RECORDS_AT_ONCE]
            for one, record in (await looks.records.anime(part)).items():
                found[str(one)] = slots_between(show_of(one, record.current.values), start, end)
        return found

    return ScheduleDesk(looks.pool, looks.store, looks.desk, looks.calendar, priced, air_slots)


async def _asking(looks: Looks, flow: Flow) -> Asking:
    tools = looks.tools()
    asks = {name: kinds for name, kinds in flow.asks.items() if flow.spares.get(name) not in tools.sources}
    return Asking(asks, await flow.entities(tools) if flow.entities is not None else 1)


def _offers(looks: Looks) -> Offers:
    return {name: (line.adapter.capability, line.policy) for name, line in looks.sources.lines.items()}


def _plain(ids: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(plain_id(one) for one in ids))


def _refuse(unknown: Sequence[str], why: str) -> None:
    if unknown:
        more = f" and {len(unknown) - NAMED_MAX} more" if len(unknown) > NAMED_MAX else ""
        raise NotFound(f"{why} {', '.join(unknown[:NAMED_MAX])}{more}; nothing was done")


def _refuse_too_much(workflow: Workflow, entities: int, span: timedelta) -> None:
    """Before the slots are worked out: what would be refused afterwards must not first fill the memory."""
    each = span / timedelta(seconds=workflow.policy.interval_s or WEEK_S)
    if each > BACKFILL_SLOTS_MAX or entities * each > BACKFILL_LOOKS_MAX:
        raise Refused(
            "backfill",
            "start",
            f"about {entities * each:,.0f} looks, {each:,.0f} at each of {entities:,}, are too many: at most "
            f"{BACKFILL_LOOKS_MAX:,} and {BACKFILL_SLOTS_MAX}; shorten the range or name fewer",
        )


def _range(wish: BackfillWish, now: datetime) -> tuple[datetime, datetime]:
    ends: dict[str, datetime] = {}
    for name, text in (("start", wish.start), ("end", wish.end)):
        try:
            ends[name] = instant(text, now)
        except ValueError as error:
            raise Refused("backfill", name, str(error)) from error
    if ends["end"] > now:
        raise Refused("backfill", "end", f"a backfill looks back, and that is to come; it is {now.isoformat()} now")
    if ends["start"] >= ends["end"]:
        raise Refused("backfill", "start", f"must lie before the end, {ends['end'].isoformat()}")
    return ends["start"], ends["end"]
