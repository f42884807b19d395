"""Which model the index is of: the setting's, until another was chosen by a reindex."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import asyncpg

from handlers.index.sql import query
from handlers.postgres import outage


@dataclass(frozen=True, slots=True)
class ModelName:
    """A model as it is asked for: its name, and a local folder that holds it, if any."""

    name: str
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """What the index is of, and what it is being filled with. `old_s` is how long ago it was switched.

    Not `is_tidy`: the vectors of the model before are still there.
    """

    model: ModelName
    wanted: ModelName | None
    is_tidy: bool
    old_s: float


async def chosen(pool: asyncpg.Pool) -> Choice | None:
    """The choice, None while nobody has made one."""
    with outage():
        row = await pool.fetchrow(query("chosen_model"))
    if row is None:
        return None
    return Choice(
        _named(row["model"], row["folder"]),
        _named(row["wanted"], row["wanted_folder"]) if row["wanted"] else None,
        row["is_tidy"],
        row["old_s"],
    )


async def want(pool: asyncpg.Pool, current: ModelName, wanted: ModelName) -> None:
    """The index is to be filled with the vectors of another model."""
    with outage():
        await pool.execute(query("want_model"), current.name, _path(current.folder), wanted.name, _path(wanted.folder))


async def switch(pool: asyncpg.Pool) -> None:
    """What was wanted is the index's model from now on."""
    with outage():
        await pool.execute(query("switch_model"))


async def tidied(pool: asyncpg.Pool) -> None:
    """The vectors of the model before are gone."""
    with outage():
        await pool.execute(query("tidied_model"))


def _named(name: str, folder: str | None) -> ModelName:
    return ModelName(name, Path(folder) if folder else None)


def _path(folder: Path | None) -> str | None:
    return str(folder) if folder else None
