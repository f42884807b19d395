"""The schedule in PostgreSQL. Every step takes the caller's connection, so that it commits with the caller's own work.

All steps are set-based and go one way: lock the rows, move them by a pure rule (moves.py), write them back with what
they missed, and queue the timers of those that are due within the horizon. So a row and its timer change together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg
import orjson

from contracts.errors import Permanent
from contracts.workflow import Due, Policy, Workflow
from handlers.postgres import Connection, outage
from handlers.schedule import moves
from handlers.schedule.moves import Finish, Moved
from handlers.schedule.plan import SLACK_S
from handlers.schedule.policy import differing
from handlers.schedule.records import as_json, row_of
from handlers.schedule.row import Key, Miss, Row
from handlers.schedule.sql import query
from handlers.schedule.tick import Decision, Tick
from handlers.schedule.timer import RealTime, Timer, timer_of

ROWS_MAX: Final = 2_000
Step = Callable[[Row], Moved]


def same_time(instant: datetime) -> datetime:
    """The clock of a program that runs on the machine's own time."""
    return instant


class ScheduleStore:
    """The steps of a schedule. `workflows` is the table of them, `horizon_s` how far ahead NATS holds timers.

    `real` gives the machine's instant for one of the program's clock; the two differ in a simulated world. `slack_s` is
    how early or late a tick may come and still count as on time.
    Raises Outage while PostgreSQL is away.
    """

    def __init__(
        self,
        workflows: Mapping[str, Workflow],
        *,
        horizon_s: float,
        real: RealTime = same_time,
        slack_s: float = SLACK_S,
    ) -> None:
        self.workflows = workflows
        self.horizon = timedelta(seconds=horizon_s)
        self.real = real
        self.slack_s = slack_s

    async def plan(self, connection: Connection, workflow: str, plans: Mapping[str, Due], now: datetime) -> int:
        """Plan the next look at each entity, and make rows where there are none; gives how many plans changed."""
        self._known(workflow)
        moved = 0
        for part in _parts(sorted(plans)):
            keys = [Key(workflow, entity_id) for entity_id in part]
            # Mostly nothing changes, and then nothing is locked or written.
            known = await self.read(connection, keys)
            wanted = [
                key
                for key in keys
                if (row := known.get(key)) is None or moves.planned(row, plans[key.entity_id], now) is not row
            ]
            await self.enter(connection, [key for key in wanted if key not in known])
            moved += await self.move(
                connection, wanted, lambda row: Moved(moves.planned(row, plans[row.entity_id], now)), now
            )
        return moved

    async def begin(self, connection: Connection, ticks: Sequence[Tick], now: datetime) -> list[Decision]:
        """Judge ticks by their rows, in their order, and note which run. Commit before the work starts."""
        before = await self.lock(connection, [tick.key for tick in ticks])
        after = dict(before)
        misses: list[Miss] = []
        decisions: list[Decision] = []
        for tick in ticks:
            row = after.get(tick.key)
            policy = self.policy(row) if row is not None and tick.workflow in self.workflows else None
            decision, moved = moves.begun(row if policy else None, tick, policy or _ANY, now, self.slack_s)
            decisions.append(decision)
            if moved is not None:
                after[tick.key] = moved.row
                misses += moved.misses
        await self._write(connection, before, after, misses, now)
        return decisions

    async def finish(self, connection: Connection, ends: Sequence[Finish], now: datetime) -> list[bool]:
        """Note the ends of looks and set the next timers, in the transaction that commits what the looks found.

        False for a tick that is not the one that runs, since another delivery of it was faster: what it found is
        committed already, and must not be committed by this transaction.
        """
        before = await self.lock(connection, [end.tick.key for end in ends])
        after = dict(before)
        misses: list[Miss] = []
        verdicts: list[bool] = []
        for end in ends:
            row = after.get(end.tick.key)
            moved = moves.finished(row, end, now) if row is not None else None
            verdicts.append(moved is not None)
            if moved is not None:
                after[end.tick.key] = moved.row
                misses += moved.misses
        await self._write(connection, before, after, misses, now)
        return verdicts

    async def project(self, connection: Connection, now: datetime, rows_max: int = ROWS_MAX) -> int:
        """Set the timers of rows that came within the horizon; gives how many were looked at, 0 when none are left.

        Several may project at once: each takes rows that no other holds.
        """
        with outage():
            records = await connection.fetch(
                query("claim_untimed"), now + self.horizon, min(rows_max, ROWS_MAX), list(self.workflows)
            )
        before = {row.key: row for row in map(row_of, records)}
        moved = {key: moves.caught_up(row, self.policy(row), now, self.slack_s) for key, row in before.items()}
        misses = [miss for one in moved.values() for miss in one.misses]
        await self._write(connection, before, {key: one.row for key, one in moved.items()}, misses, now)
        return len(before)

    async def move(self, connection: Connection, keys: Sequence[Key], step: Step, now: datetime) -> int:
        """Move each of the rows that exist by a rule; gives how many it changed."""
        changes = 0
        for part in _parts(sorted(set(keys))):
            before = await self.lock(connection, part)
            moved = {key: step(row) for key, row in before.items()}
            misses = [miss for one in moved.values() for miss in one.misses]
            after = {key: one.row for key, one in moved.items()}
            changes += await self._write(connection, before, after, misses, now)
        return changes

    async def enter(self, connection: Connection, keys: Sequence[Key]) -> None:
        """Make empty rows where there are none. Raises Permanent for an id that cannot be part of a subject."""
        if not keys:
            return
        with outage():
            try:
                await connection.fetch(query("lock_entering"), [key.workflow for key in keys])
                await connection.execute(query("enter_rows"), *_columns(keys))
            except asyncpg.CheckViolationError as error:
                raise Permanent(
                    f"an entity's id is part of a subject and made of letters, digits, - and _: {error.detail}"
                ) from error

    async def lock(self, connection: Connection, keys: Sequence[Key]) -> dict[Key, Row]:
        """The rows that exist, locked until the transaction ends."""
        return await self._rows(connection, "lock_rows", keys)

    async def read(self, connection: Connection, keys: Sequence[Key]) -> dict[Key, Row]:
        """The rows that exist, as they are now."""
        return await self._rows(connection, "read_rows", keys)

    async def policies(self, connection: Connection, keys: Sequence[Key]) -> dict[Key, Policy]:
        """The policy of each row that exists and whose workflow is known."""
        rows = await self.read(connection, keys)
        return {key: self.policy(row) for key, row in rows.items() if row.workflow in self.workflows}

    def policy(self, row: Row) -> Policy:
        """The row's policy: its own where it has one."""
        return differing(self._known(row.workflow).policy, row.policy)

    async def _rows(self, connection: Connection, name: str, keys: Sequence[Key]) -> dict[Key, Row]:
        with outage():
            records = await connection.fetch(query(name), *_columns(sorted(set(keys))))
        return {row.key: row for row in map(row_of, records)}

    def _known(self, workflow: str) -> Workflow:
        found = self.workflows.get(workflow)
        if found is None:
            raise Permanent(f"there is no workflow {workflow!r}; there are {', '.join(self.workflows)}")
        return found

    async def _write(
        self,
        connection: Connection,
        before: Mapping[Key, Row],
        after: Mapping[Key, Row],
        misses: Sequence[Miss],
        now: datetime,
    ) -> int:
        changes = {key: row for key, row in after.items() if row is not before[key]}
        timers: list[Timer] = []
        rows: list[Row] = []
        for key, row in {**before, **changes}.items():
            is_timed = row.workflow in self.workflows and moves.to_be_timed(row, now, self.horizon)
            if is_timed:
                row = moves.timed(row)
                timers.append(timer_of(row, self.policy(row), now, self.real, self.slack_s))
            if is_timed or key in changes:
                rows.append(row)
        with outage():
            if rows:
                await connection.execute(query("save_rows"), as_json(rows))
            if misses:
                await connection.execute(query("enter_misses"), as_json(misses))
            if timers:
                await connection.execute(query("queue_timers"), *_timer_columns(timers))
        return len(changes)


_ANY: Final = Policy(interval_s=None)


def _parts(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[start : start + ROWS_MAX] for start in range(0, len(values), ROWS_MAX))


def _columns(keys: Sequence[Key]) -> tuple[list[str], list[str]]:
    return [key.workflow for key in keys], [key.entity_id for key in keys]


def _timer_columns(timers: Sequence[Timer]) -> tuple[list[Any], ...]:
    return (
        [timer.event_id for timer in timers],
        [timer.entity_id for timer in timers],
        [timer.bucket for timer in timers],
        [timer.subject for timer in timers],
        [orjson.dumps(timer.headers).decode() for timer in timers],
        [timer.payload for timer in timers],
    )
