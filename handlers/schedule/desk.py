"""What a person does with schedules: pause, resume, trigger, backfill. Each act is committed when it returns."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Final

import asyncpg
import orjson

from contracts.errors import Permanent
from contracts.regular import slots_between
from contracts.workflow import Due, Policy
from handlers.postgres import ACQUIRE_TIMEOUT_S, Connection, outage
from handlers.schedule import moves, plan
from handlers.schedule.moves import BACKFILL_SLOTS_MAX, Moved
from handlers.schedule.policy import changed, differing
from handlers.schedule.ports import Cost, Price, Timers
from handlers.schedule.row import Key, Row
from handlers.schedule.sql import query
from handlers.schedule.store import ROWS_MAX, ScheduleStore
from handlers.schedule.timer import subject_of

REASON_CHARS_MAX: Final = 500
BACKFILL_LOOKS_MAX: Final = 100_000
_PAGES_MAX: Final = 10_000


@dataclass(frozen=True, slots=True)
class Backfill:
    """The looks that a backfill makes or would make, and what they cost per source if a price was asked for."""

    looks: tuple[tuple[Key, datetime], ...]
    costs: Mapping[str, Cost] = field(default_factory=dict)
    is_dry: bool = True


class Desk:
    """Acts on rows by way of the store. Raises Permanent for what cannot be, Outage while a server is away."""

    def __init__(self, pool: asyncpg.Pool, store: ScheduleStore, timers: Timers) -> None:
        self._pool = pool
        self._store = store
        self._timers = timers

    async def plan(self, workflow: str, plans: Mapping[str, Due], now: datetime) -> int:
        """Plan many looks, a bounded number in each transaction; gives how many plans changed."""
        self._policy(workflow)
        changes, ids = 0, sorted(plans)
        for start in range(0, len(ids), ROWS_MAX):
            part = {entity_id: plans[entity_id] for entity_id in ids[start : start + ROWS_MAX]}
            async with self._transaction() as connection:
                changes += await self._store.plan(connection, workflow, part, now)
        return changes

    async def plan_regular(self, workflow: str, entity_ids: Iterable[str], now: datetime) -> int:
        """Plan the next regular slot of each entity, by the policy that counts for it; gives how many plans changed."""
        policies = await self._policies(workflow, entity_ids)
        plans = {one: plan.following(policy, workflow, one, now) for one, policy in policies.items()}
        regular = {one: due for one, due in plans.items() if due is not None}
        if len(regular) < len(plans):
            raise Permanent(f"workflow {workflow} has no interval; plan each of its looks with its own time")
        return await self.plan(workflow, regular, now)

    async def pause(self, workflow: str, entity_ids: Sequence[str] | None, reason: str, now: datetime) -> int:
        """Stop looking at these entities, and cancel their timers; gives how many were not paused before.

        Without entities the workflow is paused as a whole: all that it has, and what will be new in it.
        """
        reason = reason.strip()[:REASON_CHARS_MAX]
        if not reason:
            raise Permanent("a pause needs a reason; whoever finds it later has to know whether to resume")
        self._policy(workflow)
        if entity_ids is None:
            await self._whole(workflow, "pause_whole", now, reason)
        count, newest = 0, 0
        async for part in self._parts(workflow, entity_ids):
            async with self._transaction() as connection:
                count += await self._store.move(
                    connection, part, lambda row: Moved(moves.paused(row, reason, now)), now
                )
                # Read while the rows are locked: whatever is newer was set after somebody resumed them.
                newest = await self._timers.last_sequence()
            if entity_ids is not None:
                await self._timers.cancel([subject_of(*key) for key in part], newest)
        if entity_ids is None and count:
            await self._timers.cancel([subject_of(workflow, "*")], newest)
        return count

    async def resume(
        self, workflow: str, entity_ids: Sequence[str] | None, now: datetime, reason: str | None = None
    ) -> int:
        """Look again at these entities, or at all that the workflow has; gives how many were paused.

        A reason is kept with each of them until it is paused again.
        """
        self._policy(workflow)
        why = (reason or "").strip()[:REASON_CHARS_MAX] or None
        if entity_ids is None:
            await self._whole(workflow, "resume_whole")
        count = 0
        async for part in self._parts(workflow, entity_ids):
            async with self._transaction() as connection:
                count += await self._store.move(
                    connection, part, lambda row: moves.resumed(row, self._store.policy(row), now, why), now
                )
        return count

    async def trigger(self, workflow: str, entity_ids: Sequence[str], why: str, now: datetime) -> dict[str, str]:
        """Look at each at once. Gives per entity `triggered`, `buffered` or `overlap` (one runs), or `paused`."""
        self._policy(workflow)
        came: dict[str, str] = {}

        def step(row: Row) -> Moved:
            came[row.entity_id], moved = moves.triggered(row, self._store.policy(row), why, now)
            return moved

        keys = [Key(workflow, entity_id) for entity_id in entity_ids]
        async with self._transaction() as connection:
            await self._store.enter(connection, keys)
            await self._store.move(connection, keys, step, now)
        return came

    async def backfill(
        self,
        workflow: str,
        slots: Mapping[str, Sequence[datetime]],
        now: datetime,
        *,
        is_dry: bool,
        price: Price | None = None,
    ) -> Backfill:
        """Look for past slots, one after the other per entity; dry, it only gives the looks and their cost.

        `slots` are those of each entity within the range: regular_slots() or airtime.slots_between() give them.
        """
        self._policy(workflow)
        looks = tuple((Key(workflow, one), slot) for one in sorted(slots) for slot in sorted(set(slots[one])))
        self._bounded(looks, slots, now)
        costs = price(workflow, looks) if price is not None and looks else {}
        if is_dry:
            return Backfill(looks, costs)
        keys = sorted({key for key, _ in looks})
        for start in range(0, len(keys), ROWS_MAX):
            part = keys[start : start + ROWS_MAX]
            async with self._transaction() as connection:
                await self._store.enter(connection, part)
                await self._store.move(
                    connection, part, lambda row: Moved(moves.backfilled(row, slots[row.entity_id], now)), now
                )
        return Backfill(looks, costs, is_dry=False)

    async def regular_slots(
        self, workflow: str, entity_ids: Iterable[str], start: datetime, end: datetime
    ) -> dict[str, tuple[datetime, ...]]:
        """The regular slots of each entity from `start` up to `end`, for a backfill; one more than it takes at most."""
        return {
            one: tuple(islice(slots_between(policy, workflow, one, start, end), BACKFILL_SLOTS_MAX + 1))
            for one, policy in (await self._policies(workflow, entity_ids)).items()
        }

    async def set_policy(
        self, workflow: str, entity_ids: Sequence[str], changes: Mapping[str, Any] | None, now: datetime
    ) -> Policy:
        """Give each a policy of its own where it differs, None for its workflow's; gives the one that counts now.

        Regular looks to come move to their new places. Raises Permanent for a wrong name or value.
        """
        whole, own = self._policy(workflow), dict(changes) if changes else None
        try:
            policy = changed(whole, own)
        except ValueError as error:
            raise Permanent(str(error)) from error
        keys = [Key(workflow, one) for one in entity_ids]
        async with self._transaction() as connection:
            await self._store.enter(connection, keys)
            await self._store.move(
                connection,
                keys,
                lambda row: Moved(moves.governed(row, own, (self._store.policy(row), policy), now)),
                now,
            )
        return policy

    async def _whole(self, workflow: str, name: str, *arguments: Any) -> None:
        """Committed before the rows are moved: each row that is made meanwhile is found by that, or sees this."""
        async with self._transaction() as connection:
            await connection.execute(query("lock_pausing"), workflow)
            await connection.execute(query(name), workflow, *arguments)

    def _policy(self, workflow: str) -> Policy:
        found = self._store.workflows.get(workflow)
        if found is None:
            raise Permanent(f"there is no workflow {workflow!r}; there are {', '.join(self._store.workflows)}")
        return found.policy

    async def _policies(self, workflow: str, entity_ids: Iterable[str]) -> dict[str, Policy]:
        """The policy that counts for each."""
        whole, ids = self._policy(workflow), list(entity_ids)
        found = dict.fromkeys(ids, whole)
        for start in range(0, len(ids), ROWS_MAX):
            with outage():
                records = await self._pool.fetch(query("own_policies"), workflow, ids[start : start + ROWS_MAX])
            found |= {one["entity_id"]: differing(whole, orjson.loads(one["policy"])) for one in records}
        return found

    @staticmethod
    def _bounded(looks: Sequence[tuple[Key, datetime]], slots: Mapping[str, Sequence[datetime]], now: datetime) -> None:
        longest = max((len(set(one)) for one in slots.values()), default=0)
        if len(looks) > BACKFILL_LOOKS_MAX or longest > BACKFILL_SLOTS_MAX:
            raise Permanent(
                f"a backfill of {len(looks)} looks, {longest} at one entity, is too long: at most "
                f"{BACKFILL_LOOKS_MAX} and {BACKFILL_SLOTS_MAX}; shorten the range"
            )
        late = next((slot for _, slot in looks if slot > now), None)
        if late is not None:
            raise Permanent(
                f"a backfill looks back, and {late.isoformat()} is to come; end the range at {now.isoformat()}"
            )

    async def _parts(self, workflow: str, entity_ids: Sequence[str] | None) -> AsyncIterator[list[Key]]:
        if entity_ids is not None:
            for start in range(0, len(entity_ids), ROWS_MAX):
                yield [Key(workflow, one) for one in entity_ids[start : start + ROWS_MAX]]
            return
        after = ""
        for _ in range(_PAGES_MAX):
            with outage():
                rows = await self._pool.fetch(query("entities_of"), workflow, after, ROWS_MAX)
            if not rows:
                return
            after = rows[-1]["entity_id"]
            yield [Key(workflow, row["entity_id"]) for row in rows]

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Connection]:
        with outage():
            async with self._pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection, connection.transaction():
                yield connection
