"""The guard of risky fields, on rows that are locked: what was said is judged, and what is held becomes a review.

Everything here happens in the transaction that writes the rows, so that a change is either applied or held.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
import orjson

from contracts.events import RiskFlag
from contracts.risk import GUARDED
from contracts.sameness import proposal_key
from handlers.persist.columns import Table
from handlers.persist.episodes import highest_episodes
from handlers.persist.holds import Hold, Key, as_json, believed, enter
from handlers.persist.merge import Saying, attribute, holder
from handlers.persist.rows import Entity
from handlers.persist.sql import query
from handlers.persist.words import NOBODY, Memory, Proposal, Settled, Word, first_word
from handlers.postgres import Connection

# A proposal that a person turned down, or took back after approving it, is not made again.
TURNED_DOWN: Final = frozenset({"rejected", "undone"})


@dataclass(slots=True)
class Guard:
    """The guarded fields of a batch, by entity and field: what is remembered of each, and what was heard now."""

    table: Table
    memories: dict[Key, Memory] = field(default_factory=dict)
    _pending: dict[Key, tuple[UUID, Proposal]] = field(default_factory=dict)
    _stored: dict[Key, dict[UUID, bool]] = field(default_factory=dict)
    _heard_at: dict[Key, datetime] = field(default_factory=dict)

    def hear(self, entity: Entity, name: str, word: Word) -> None:
        """Judge what was said of a guarded field, and bring the entity to what stands after it."""
        key, held = (entity.id, name), entity.held
        memory = self.memory(key)
        current = held.values.get(name)
        entry = holder(held.provenance, name, held_now=current is not None)
        holder_id = UUID(entry[2]) if entry else NOBODY.event_id
        if not memory.knows(holder_id):
            memory.learn_holder(first_word(name, current, entry))
        ruling = memory.hear(word, current, holder_id)
        if ruling is None:
            return
        self._heard_at[key] = word.said_at
        if ruling.standing.saying.event_id != holder_id:
            held.assign(name, ruling.value)
            attribute(held, [name], ruling.standing.saying)

    def memory(self, key: Key) -> Memory:
        """What is remembered of a field; nothing at first."""
        return self.memories.setdefault(key, Memory(key[1]))

    def remembered(self, entity_id: UUID, names: Iterable[str]) -> frozenset[str]:
        """The fields of which something was judged before."""
        return frozenset(name for name in names if (entity_id, name) in self.memories)

    async def write(self, connection: Connection, entities: Mapping[UUID, Entity]) -> None:
        """Keep what was heard, and enter and supersede reviews; after the versions were raised."""
        heard = {key: self.memories[key] for key in self._heard_at}
        if not heard:
            return
        await self._write_words(connection, heard)
        holds, superseded = self._reviews(heard, entities)
        if superseded:
            await connection.execute(
                query("supersede_reviews"),
                list(superseded),
                [self._heard_at[key] for key in superseded.values()],
            )
        await enter(connection, self.table, holds)

    def _reviews(
        self, heard: Mapping[Key, Memory], entities: Mapping[UUID, Entity]
    ) -> tuple[list[Hold], dict[UUID, Key]]:
        holds: list[Hold] = []
        superseded: dict[UUID, Key] = {}
        for key, memory in heard.items():
            asked, proposal = self._pending.get(key), memory.proposal
            if asked and proposal and asked[1].is_same(proposal.old, proposal.word.value):
                continue
            if asked:
                superseded[asked[0]] = key
            if proposal:
                holds.append(Hold(key, proposal, entities[key[0]].version))
        return holds, superseded

    async def _write_words(self, connection: Connection, heard: Mapping[Key, Memory]) -> None:
        gone = [(key, word) for key, memory in heard.items() for word in memory.forget()]
        changed = [
            (key, word)
            for key, memory in heard.items()
            for word in memory.words
            if self._stored.get(key, {}).get(word.saying.event_id) is not word.has_won
        ]
        await connection.execute(
            query("enter_words"),
            [key[0] for key, _ in changed],
            [key[1] for key, _ in changed],
            [word.saying.event_id for _, word in changed],
            [word.saying.source for _, word in changed],
            [word.saying.observed_at for _, word in changed],
            [as_json(word.value) for _, word in changed],
            [word.said_at for _, word in changed],
            [word.correlation_id for _, word in changed],
            [word.is_judged for _, word in changed],
            [word.is_told for _, word in changed],
            [word.has_won for _, word in changed],
            [believed(key[1], word.saying) for key, word in changed],
        )
        if gone:
            await connection.execute(
                query("forget_words"),
                [key[0] for key, _ in gone],
                [key[1] for key, _ in gone],
                [word.saying.event_id for _, word in gone],
            )


async def read_guard(connection: Connection, table: Table, ids: Iterable[UUID], names: Iterable[str]) -> Guard:
    """What is remembered and asked of these fields of these entities; of those that are not guarded nothing is."""
    guard = Guard(table)
    wanted, fields = sorted(set(ids)), sorted(GUARDED.intersection(names))
    if not wanted or not fields:
        return guard
    for row in await connection.fetch(query("words_of"), wanted, fields):
        word = _word(row)
        guard.memory((row["entity_id"], row["field"])).words.append(word)
        guard._stored.setdefault((row["entity_id"], row["field"]), {})[word.saying.event_id] = word.has_won
    for row in await connection.fetch(query("reviews_of"), wanted, fields):
        _enter_review(guard, row)
    return guard


async def read_least_totals(connection: Connection, guard: Guard, ids: Iterable[UUID]) -> None:
    """An announced total below the highest episode that is there is that episode's number, also when it is judged."""
    for anime_id, number in (await highest_episodes(connection, ids)).items():
        guard.memory((anime_id, "episode_count")).least = number


def _enter_review(guard: Guard, row: asyncpg.Record) -> None:
    key = (row["entity_id"], row["field"])
    memory = guard.memory(key)
    old, new = orjson.loads(row["old"]), orjson.loads(row["new"])
    if row["state"] != "pending":
        closed = frozenset({proposal_key(old, new)}) if row["state"] in TURNED_DOWN else frozenset()
        memory.settled = Settled(memory.settled.events | {row["event_id"]}, memory.settled.proposals | closed)
        return
    said = _saying(row)
    word = next((one for one in memory.words if one.saying.event_id == row["event_id"]), None)
    if word is None:
        # Its field was forgotten for its age, or came from a copy of the catalogue without words.
        word = Word(new, said, row["created_at"], is_told=True, correlation_id=row["correlation_id"])
        memory.remember(word)
    flags = tuple(RiskFlag.model_validate(flag) for flag in orjson.loads(row["reasons"]))
    memory.proposal = Proposal(word, old, flags)
    guard._pending[key] = (row["id"], memory.proposal)


def _saying(row: asyncpg.Record) -> Saying:
    belief = orjson.loads(row["belief"] or "null")
    return Saying.of_field(row["field"], row["source"], row["observed_at"], row["event_id"], belief)


def _word(row: asyncpg.Record) -> Word:
    return Word(
        orjson.loads(row["value"]),
        _saying(row),
        row["said_at"],
        row["is_judged"],
        row["is_told"],
        row["correlation_id"],
        row["has_won"],
    )
