"""The records as they are committed, read for many looks at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from contracts.model.anime_parts import Broadcast, Hiatus
from contracts.model.enums import AnimeStatus
from handlers.postgres import ACQUIRE_TIMEOUT_S, outage
from handlers.update.airtime import Show
from handlers.update.change import JSON
from handlers.update.current import Current
from handlers.update.proposals import Proposal
from handlers.update.sql import query
from handlers.update.stored import ShowRow, StoredAnime, StoredCharacter

Values = Callable[[str], dict[str, JSON]]
"""The fields of a row, which comes as the JSON of its columns."""


class RecordStore:
    """The port `Records` on PostgreSQL.

    `anime_values` and `character_values` know which column holds which field. `switched_off` are sources that nobody
    asks any more, so that what they said gives way.
    """

    def __init__(
        self, pool: asyncpg.Pool, anime_values: Values, character_values: Values, switched_off: frozenset[str]
    ) -> None:
        self._pool = pool
        self._anime_values = anime_values
        self._character_values = character_values
        self._switched_off = switched_off

    async def anime(self, ids: Sequence[UUID]) -> Mapping[UUID, StoredAnime]:
        """Those of these anime that live."""
        return {row["id"]: self._anime(row) for row in await self._fetch("anime", sorted(set(ids)))}

    async def characters(self, ids: Sequence[UUID]) -> Mapping[UUID, StoredCharacter]:
        """Those of these characters that live."""
        rows = await self._fetch("characters", sorted(set(ids)))
        return {
            row["id"]: StoredCharacter(
                row["id"],
                self._current(row, self._character_values(row["row"])),
                _proposals(row),
                work=orjson.loads(row["work"] or "{}"),
            )
            for row in rows
        }

    async def scored(
        self, ended_since: datetime, after: UUID | None, until: UUID | None, rows_max: int
    ) -> Sequence[UUID]:
        """Anime that air or ended since then, in the order of their ids, after one up to another."""
        return [row["id"] for row in await self._fetch("scored", ended_since, after, until, rows_max)]

    async def shows(self, after: UUID | None, rows_max: int) -> Sequence[ShowRow]:
        """The next living anime in the order of their ids, with what their times follow from."""
        return [_show_row(row) for row in await self._fetch("shows", after, rows_max)]

    async def new_shows(self, rows_max: int) -> Sequence[ShowRow]:
        """Living anime that no schedule knows yet."""
        return [_show_row(row) for row in await self._fetch("new_shows", rows_max)]

    async def people(self, after: UUID | None, rows_max: int) -> Sequence[UUID]:
        """The next living characters in the order of their ids."""
        return [row["id"] for row in await self._fetch("people", after, rows_max)]

    async def new_people(self, rows_max: int) -> Sequence[UUID]:
        """Living characters that no schedule knows yet."""
        return [row["id"] for row in await self._fetch("new_people", rows_max)]

    async def _fetch(self, name: str, *arguments: Any) -> list[asyncpg.Record]:
        with outage():
            async with self._pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection:
                return list(await connection.fetch(query(name), *arguments))

    def _anime(self, row: asyncpg.Record) -> StoredAnime:
        listed: dict[str, str | None] = orjson.loads(row["episodes"] or "{}")
        episodes = {int(number): datetime.fromisoformat(at) if at else None for number, at in listed.items()}
        current = self._current(row, self._anime_values(row["row"]), max(episodes, default=None))
        return StoredAnime(row["id"], current, episodes, _proposals(row))

    def _current(self, row: asyncpg.Record, values: dict[str, JSON], highest: int | None = None) -> Current:
        return Current(values, orjson.loads(row["provenance"]), row["version"], highest, self._switched_off)


def _proposals(row: asyncpg.Record) -> tuple[Proposal, ...]:
    return tuple(
        Proposal(field, old, new, source, datetime.fromisoformat(observed_at) if observed_at else None)
        for field, old, new, source, observed_at in orjson.loads(row["proposals"] or "[]")
    )


def _show_row(row: asyncpg.Record) -> ShowRow:
    show = Show(
        entity_id=str(row["id"]),
        status=AnimeStatus(row["status"]) if row["status"] else None,
        broadcast=Broadcast.model_validate_json(row["broadcast"]) if row["broadcast"] not in (None, "null") else None,
        hiatus=Hiatus.model_validate_json(row["hiatus"]) if row["hiatus"] not in (None, "null") else None,
        aired_from=row["aired_from"],
    )
    return ShowRow(row["id"], show, row["was_skipped"], row["last_aired_at"], row["is_untracked"])
