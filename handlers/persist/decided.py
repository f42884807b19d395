"""What a person decides about held changes, applied on the locked row: the review, the row and the outbox in one
transaction.

Rows of entities are locked before reviews, as persist does, so that neither waits for the other. Whether a change still
fits is judged by the value of its field: scores raise a row's version daily.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final
from uuid import UUID

import asyncpg
import orjson

from contracts import subjects
from contracts.errors import Outage, Permanent
from handlers.persist import rows, sync
from handlers.persist.batch import CONFLICT_RETRIES_MAX
from handlers.persist.columns import ANIME, CHARACTER, Table
from handlers.persist.decision import Asking, Decided, Decision, Turn, approved, is_pending, undone, unfit
from handlers.persist.edits import Edit
from handlers.persist.episodes import keep_episode_counts
from handlers.persist.links import write_anime_links
from handlers.persist.rows import Entity
from handlers.persist.sql import query
from handlers.postgres import ACQUIRE_TIMEOUT_S, Connection, is_refused

TABLES: Final = {table.name: table for table in (ANIME, CHARACTER)}
SUBJECTS: Final = {ANIME.name: subjects.ANIME_SYNCED, CHARACTER.name: subjects.CHARACTER_SYNCED}
# So many reviews are decided in one transaction; the rows of their entities are locked meanwhile.
TOGETHER_MAX: Final = 100


Act = Callable[[Connection, Sequence[UUID]], Awaitable[list[Decided]]]


async def approve(
    pool: asyncpg.Pool, ids: Sequence[UUID], decision: Decision, edit: Edit | None = None
) -> list[Decided]:
    """Apply these held changes, as proposed or with an edited value; one whose base moved fails and says so.

    Raises Refused for an edited value that the field cannot have, Outage when PostgreSQL is away.
    """

    async def act(connection: Connection, part: Sequence[UUID]) -> list[Decided]:
        return await _on_rows(connection, part, decision, partial(approved, decision, edit))

    return await _each(pool, ids, act)


async def undo(pool: asyncpg.Pool, ids: Sequence[UUID], decision: Decision) -> list[Decided]:
    """Take decisions back: an approval while nothing newer touched its field, a rejection while its base holds."""

    async def act(connection: Connection, part: Sequence[UUID]) -> list[Decided]:
        return await _on_rows(connection, part, decision, partial(undone, decision))

    return await _each(pool, ids, act)


async def turn_down(pool: asyncpg.Pool, ids: Sequence[UUID], decision: Decision) -> list[Decided]:
    """Turn these held changes down; the same ones are not proposed again."""

    async def act(connection: Connection, part: Sequence[UUID]) -> list[Decided]:
        found = {row["id"]: row for row in await connection.fetch(query("lock_reviews"), sorted(part))}
        turns = [Turn(Decided(one, "rejected"), "rejected", decision.reason) for one in found if is_pending(found[one])]
        await _turn(connection, turns, decision)
        turned = {turn.decided.id: turn.decided for turn in turns}
        return [turned.get(one) or unfit(one, found.get(one), "pending") for one in part]

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
        except Exception as error:
            if is_refused(error):
                if len(ids) == 1:
                    raise Permanent(f"PostgreSQL refuses review {ids[0]}: {error}") from error
                middle = len(ids) // 2
                return await _together(pool, ids[:middle], act) + await _together(pool, ids[middle:], act)
    raise Outage("PostgreSQL", f"other transactions held the rows {CONFLICT_RETRIES_MAX} times")


Judge = Callable[[asyncpg.Record, Entity | None, Asking], Turn]


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
    return [by_id.get(one) or unfit(one, None, "") for one in ids]


async def _asking(connection: Connection, entities: Mapping[UUID, Entity]) -> Asking:
    """The fields of these entities for which something waits."""
    found = await connection.fetch(query("pending_of"), list(entities))
    return frozenset((row["entity_id"], row["field"]) for row in found)


async def _write(
    connection: Connection,
    entities: Mapping[UUID, Entity],
    reviews: Mapping[UUID, asyncpg.Record],
    turns: Sequence[Turn],
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


def _synced(table: Table, entity: Entity, turn: Turn, reviews: Mapping[UUID, asyncpg.Record]) -> sync.Sync:
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


async def _turn(connection: Connection, turns: Sequence[Turn], decision: Decision) -> None:
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


def _with_version(decided: Decided, reviews: Mapping[UUID, asyncpg.Record], entities: Mapping[UUID, Entity]) -> Decided:
    entity = entities.get(reviews[decided.id]["entity_id"])
    return replace(decided, version=entity.version if entity else None)
