"""Rows between PostgreSQL and values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Final

import asyncpg
import orjson

from contracts.workflow import Confidence
from handlers.schedule.row import Row

_PLAIN: Final = tuple(field.name for field in fields(Row) if field.name not in ("policy", "backfill", "confidence"))


def row_of(record: asyncpg.Record) -> Row:
    """The row that a record of the table holds."""
    return Row(
        **{name: record[name] for name in _PLAIN},
        policy=orjson.loads(record["policy"]) if record["policy"] else None,
        backfill=tuple(record["backfill"]),
        confidence=Confidence(record["confidence"]),
    )


def as_json(values: Iterable[object]) -> str:
    """Rows or misses as the JSON array that the queries unfold."""
    # The driver has a UUID type of its own, which the encoder does not know.
    return orjson.dumps(list(values), default=str).decode()
