"""What a person decides about held changes, applied on the locked row: the review, the row and the outbox in one
transaction.

Rows of entities are locked before reviews, as persist does, so that neither waits for the other. Whether a change still
fits is judged by the value of its field: scores raise a row's version daily.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

import asyncpg
import orjson

from contracts import subjects
from contracts.errors import Outage, Permanent
from contracts.ids import derived_id
from contracts.risk import PERSON
from contracts.sameness import same_value
from contracts.texts import shortened
from handlers.persist import rows, sync
from handlers.persist.batch import ACQUIRE_TIMEOUT_S, CONFLICT_RETRIES_MAX, CONFLICTS, OUTAGES, REFUSALS
from handlers.persist.columns import ANIME, CHARACTER, Table
from handlers.persist.edits import Edit, edited_value
from handlers.persist.episodes import keep_episode_counts
from handlers.persist.links import write_anime_links
from handlers.persist.merge import STAR, Held, Saying, attribute, holder
from handlers.persist.rows import Connection, Entity
from handlers.persist.sql import query

TABLES: Final = {table.name: table for table in (ANIME, CHARACTER)}
SUBJECTS: Final = {ANIME.name: subjects.ANIME_SYNCED, CHARACTER.name: subjects.CHARACTER_SYNCED}
# So many reviews are decided in one transaction; the rows of their entities are locked meanwhile.
TOGETHER_MAX: Final = 100
# The state of a review that is not there.
MISSING: Final = "missing"
_LEAST_STEP: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decides, when, and why."""

    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of one review. `problem` says why it was not done as asked; `version` is the row's after it."""

    id: UUID
    state: str
    problem: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class _Turn:
    """A review that turns into another state, and what has to be kept for that."""

    decided: Decided
    act: str = ""
    reason: str = ""
    edited: str | None = None
    before: str | None = None
    event_id: UUID | None = None


Act = Callable[[Connection, Sequence[UUID]], Awaitable[list[Decided]]]


async def approve(
    pool: asyncpg.Pool, ids: Sequence[UUID], decision: Decision, edit: Edit | None = None
) -> list[Decided]:
    """Apply these held changes, as proposed or with an edited value; one whose base moved fails and says so.

    Raises Refused for an edited value that the field cannot have, Outage when PostgreSQL is away.
    """

    async def act(connection: Connection, part: Sequence[UUID]) -> list[Decided]:
        return await _on_rows(connection, part, decision, partial(_approved, decision, edit))

    return await _each(pool, ids, act)


async def undo(pool: asyncpg.Pool, ids: Sequence[UUID], decision: Decision) -> list[Decided]:
    """Take decisions back: an approval while nothing newer touched its field, a rejection while its base holds."""

    async def act(connection: Connection, part: Sequence[UUID]) -> list[Decided]:
        return await _on_rows(connection, part, decision, partial(_undone, decision))

    return await _each(pool, ids, act)


async def turn_down(pool: asyncpg.Pool, ids: Sequence[UUID], decision: Decision) -> list[Decided]:
    """Turn these held changes down; the same ones are not proposed again."""

    async def act(connection: Connection, part: Sequence[UUID]) -> list[Decided]:
        found = {row["id"]: row for row in await connection.fetch(query("lock_reviews"), sorted(part))}
        turns = [
            _Turn(Decided(one, "rejected"), "rejected", decision.reason) for one in found if _is_pending(found[one])
        ]
        await _turn(connection, turns, decision)
        turned = {turn.decided.id: turn.decided for turn in turns}
        return [turned.get(one) or _unfit(one, found.get(one), "pending") for one in part]

    return await _each(pool, ids, act)


# --- transactions ------------------------------------------------------------------------------------------------


async def _each(pool: asyncpg.Pool, ids: Sequence[UUID], act: Act) -> list[Decided]:
    done: list[Decided] = []
    distinct = list(dict.fromkeys(ids))
    for start in range(0, len(distinct), TOGETHER_MAX):
        done += await _together(pool, distinct[start : start + TOGETHER_MAX], act)
    return done


async def _together(pool: asyncpg.Pool, ids: Sequence[UUID], act: Act) -> list[Decided]:
    for _ in range(CONFLICT_RETRIES_MAX):
        try:
            async with pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection, connection.transaction():
                return await act(connection, ids)
        except CONFLICTS:
            continue
        except REFUSALS as error:
            if len(ids) == 1:
                raise Permanent(f"PostgreSQL refuses review {ids[0]}: {error}") from error
            middle = len(ids) // 2
            return await _together(pool, ids[:middle], act) + await _together(pool, ids[middle:], act)
        except OUTAGES as error:
            raise Outage("PostgreSQL", f"{type(error).__name__}: {error}") from error
    raise Outage("PostgreSQL", f"other transactions held the rows {CONFLICT_RETRIES_MAX} times")


Judge = Callable[[asyncpg.Record, Entity | None, frozenset[tuple[UUID, str]]], _Turn]


async def _on_rows(connection: Connection, ids: Sequence[UUID], decision: Decision, judge: Judge) -> list[Decided]:
    named = await connection.fetch(query("reviews_named"), list(ids))
    entities: dict[UUID, Entity] = {}
    for table in TABLES.values():
        own = [row for row in named if row["entity_type"] == table.name]
        fields = frozenset(str(row["field"]) for row in own)
        entities |= await rows.read(connection, table, (row["entity_id"] for row in own), fields)
    reviews = {row["id"]: row for row in await connection.fetch(query("lock_reviews"), sorted(ids))}
    asking = await _asking(connection, entities)
    turns = [judge(reviews[one], entities.get(reviews[one]["entity_id"]), asking) for one in ids if one in reviews]
    await _write(connection, entities, reviews, turns)
    await _turn(
        connection, [turn for turn in turns if turn.decided.state != reviews[turn.decided.id]["state"]], decision
    )
    by_id = {turn.decided.id: _with_version(turn.decided, reviews, entities) for turn in turns}
    return [by_id.get(one) or _unfit(one, None, "") for one in ids]


async def _asking(connection: Connection, entities: Mapping[UUID, Entity]) -> frozenset[tuple[UUID, str]]:
    """The fields of these entities for which something waits."""
    found = await connection.fetch(query("pending_of"), list(entities))
    return frozenset((row["entity_id"], row["field"]) for row in found)


async def _write(
    connection: Connection,
    entities: Mapping[UUID, Entity],
    reviews: Mapping[UUID, asyncpg.Record],
    turns: Sequence[_Turn],
) -> None:
    causes = {reviews[turn.decided.id]["entity_id"]: turn for turn in turns if turn.decided.problem is None}
    for table in TABLES.values():
        kind = {row["entity_id"] for row in reviews.values() if row["entity_type"] == table.name}
        own = [entity for entity_id, entity in entities.items() if entity_id in kind]
        if table is ANIME:
            await keep_episode_counts(connection, own)
        changed = [entity for entity in own if entity.held.changed]
        for entity in changed:
            entity.raise_version()
        await rows.write(connection, table, own)
        if table is ANIME:
            await write_anime_links(connection, [(entity, None) for entity in changed])
        await sync.queue(connection, [_synced(table, entity, causes[entity.id], reviews) for entity in changed])
    # An approval that is taken back was never said.
    gone = [reviews[turn.decided.id] for turn in turns if turn.decided.state == "undone" and turn.act]
    if gone:
        await connection.execute(
            query("forget_words"),
            [review["entity_id"] for review in gone],
            [review["field"] for review in gone],
            [review["decision_event"] for review in gone],
        )


def _synced(table: Table, entity: Entity, turn: _Turn, reviews: Mapping[UUID, asyncpg.Record]) -> sync.Sync:
    review = reviews[turn.decided.id]
    return sync.Sync(
        SUBJECTS[table.name],
        "anime" if table is ANIME else "character",
        entity.id,
        "upsert",
        tuple(sorted(entity.held.changed)),
        entity.version,
        turn.event_id or review["decision_event"],
        review["correlation_id"],
    )


async def _turn(connection: Connection, turns: Sequence[_Turn], decision: Decision) -> None:
    if not turns:
        return
    acts = [
        {"act": turn.act, "by": decision.by, "at": decision.at.isoformat(), "reason": turn.reason} for turn in turns
    ]
    await connection.execute(
        query("decide_reviews"),
        [turn.decided.id for turn in turns],
        [turn.decided.state for turn in turns],
        [turn.reason for turn in turns],
        [turn.edited for turn in turns],
        [turn.before for turn in turns],
        [turn.event_id for turn in turns],
        [orjson.dumps([act]).decode() for act in acts],
        decision.by,
        decision.at,
    )


# --- judging -----------------------------------------------------------------------------------------------------


def _approved(
    decision: Decision, edit: Edit | None, review: asyncpg.Record, entity: Entity | None, _: frozenset[tuple[UUID, str]]
) -> _Turn:
    name = review["field"]
    if not _is_pending(review):
        return _Turn(_unfit(review["id"], review, "pending"))
    problem = _moved(review, entity)
    if entity is None or problem:
        return _Turn(Decided(review["id"], "failed", problem), "failed", str(problem))
    value = edited_value(review["entity_type"], name, edit) if edit else orjson.loads(review["new"])
    held = entity.held
    entry = holder(held.provenance, name, held_now=held.values.get(name) is not None)
    # What was known may be no newer than the decision, or to hear it again would win over what a person said.
    observed = max(decision.at, datetime.fromisoformat(entry[1]) + _LEAST_STEP) if entry else decision.at
    said = Saying(PERSON if edit else review["source"], observed, derived_id("review.approved", review["id"]))
    held.assign(name, value)
    attribute(held, [name], said)
    return _Turn(
        Decided(review["id"], "approved"),
        "approved",
        decision.reason,
        orjson.dumps(value).decode() if edit else None,
        orjson.dumps(entry).decode(),
        said.event_id,
    )


def _undone(
    decision: Decision, review: asyncpg.Record, entity: Entity | None, asking: frozenset[tuple[UUID, str]]
) -> _Turn:
    name, state = review["field"], review["state"]
    if state == "rejected":
        problem = _moved(review, entity)
        if problem is None and (review["entity_id"], name) in asking:
            problem = f"another change of {_words(name)} waits by now; decide about that one"
        if problem:
            return _Turn(Decided(review["id"], state, problem))
        return _Turn(Decided(review["id"], "pending"), "undone", decision.reason)
    if state != "approved":
        return _Turn(_unfit(review["id"], review, "approved or rejected"))
    if entity is None or entity.deleted:
        return _Turn(Decided(review["id"], state, _moved(review, entity)))
    held = entity.held
    entry = holder(held.provenance, name, held_now=held.values.get(name) is not None)
    if entry is None or entry[2] != str(review["decision_event"]):
        problem = f"something newer was said of {_words(name)} since, by {entry[0] if entry else 'nobody'}; it stays"
        return _Turn(Decided(review["id"], state, problem))
    held.assign(name, orjson.loads(review["old"]))
    _attribute_again(held, name, orjson.loads(review["before"]))
    return _Turn(Decided(review["id"], "undone"), "undone", decision.reason)


def _attribute_again(held: Held, name: str, entry: list[str] | None) -> None:
    rest = {key: value for key, value in held.provenance.items() if key != name}
    held.provenance = rest if entry is None or entry == rest.get(STAR) else rest | {name: entry}
    held.attributed = True


def _moved(review: asyncpg.Record, entity: Entity | None) -> str | None:
    """Why the change no longer fits the record; None when it does."""
    if entity is None or entity.deleted:
        return f"the {review['entity_type']} was deleted since"
    now = entity.held.values.get(review["field"])
    if same_value(now, orjson.loads(review["old"])):
        return None
    shown = "empty" if now is None else f"“{shortened(now)}”"
    return f"the record has changed since: {_words(review['field'])} is {shown} now"


def _is_pending(review: asyncpg.Record) -> bool:
    return bool(review["state"] == "pending")


def _unfit(review_id: UUID, review: asyncpg.Record | None, wanted: str) -> Decided:
    if review is None:
        return Decided(review_id, MISSING, f"there is no review {review_id}")
    by = f" by {review['decided_by']}" if review["decided_by"] else ""
    return Decided(review_id, review["state"], f"it is {review['state']}{by}, not {wanted}")


def _with_version(decided: Decided, reviews: Mapping[UUID, asyncpg.Record], entities: Mapping[UUID, Entity]) -> Decided:
    entity = entities.get(reviews[decided.id]["entity_id"])
    return replace(decided, version=entity.version if entity else None)


def _words(field: str) -> str:
    return field.replace("_", " ")
