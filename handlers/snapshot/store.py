"""What writing and restoring ask of PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from handlers.postgres import Connection
from handlers.snapshot.sections import SECTIONS, Section
from handlers.snapshot.sql import query


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that a snapshot keeps of a table, and those of the table that hold JSON."""

    names: tuple[str, ...]
    json: frozenset[str]


async def columns_of(connection: Connection) -> dict[str, Columns]:
    """The columns per section that this schema has, in the sections' order."""
    rows = await connection.fetch(query("columns"), [section.name for section in SECTIONS])
    there = {row["table_name"]: row for row in rows}
    return {
        one.name: Columns(tuple(_kept(one, there[one.name]["columns"])), frozenset(there[one.name]["json_columns"]))
        for one in SECTIONS
        if one.name in there
    }


def _kept(section: Section, columns: list[str]) -> Iterator[str]:
    return (name for name in columns if name not in section.without and (not section.only or name in section.only))
