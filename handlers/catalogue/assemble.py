"""From rows to the model: columns and `meta` together are the fields of the record. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from contracts.model import Anime, Character
from handlers.catalogue.stored import Attribution, StoredCharacter, StoredEpisode

# Fields that are objects in the record and several columns in the row: field → part → column.
_SPREAD: Final[Mapping[str, Mapping[str, str]]] = {
    "aired_dates": {"aired_from": "aired_from", "aired_to": "aired_to"},
    "score": {
        "arithmetic_geometric_mean": "score_agm",
        "arithmetic_mean": "score_mean",
        "median": "score_median",
    },
}
# Each key of these maps has an attribution of its own (handlers/persist/merge.py).
_OVERLAID: Final = ("statistics", "external_ids")
_EVERYTHING_ELSE: Final = "*"
# What an entry of the provenance holds, in its order; the last is there where it was kept.
_ENTRY: Final = ("source", "observed_at", "event_id", "belief")
Row = dict[str, Any]


def row_of(text: str) -> Row:
    """A row as PostgreSQL gives it, with what is in `meta` beside the columns, and without what is null."""
    row: Row = orjson.loads(text)
    return row | (row.get("meta") or {})


def anime_of(row: Row) -> Anime:
    """The anime of a row."""
    return Anime.model_validate(_without_null(row | {field: _gathered(row, parts) for field, parts in _SPREAD.items()}))


def anime_values(text: str) -> dict[str, Any]:
    """The fields of an anime by name, as JSON, from the JSON of its columns."""
    return anime_of(row_of(text)).model_dump(mode="json", exclude_none=True, exclude={"id"})


def character_values(text: str) -> dict[str, Any]:
    """The fields of a character by name, as JSON, from the JSON of its columns."""
    character = Character.model_validate(_without_null(row_of(text)))
    return character.model_dump(mode="json", exclude_none=True, exclude={"id"})


def character_of(row: Row, role: str | None) -> StoredCharacter:
    """The character of a row, with the role that it plays in the anime that was asked for."""
    return StoredCharacter.model_validate(_without_null(row | {"role": role}))


def episode_of(row: Row) -> StoredEpisode:
    """The episode of a row."""
    return StoredEpisode.model_validate(_without_null(row))


def attributions(provenance: Mapping[str, list[Any]], anime: Anime) -> dict[str, Attribution]:
    """Who said each field that has a value: its own entry, else the one that covers everything else."""
    names: list[str] = []
    for name, value in anime:
        if name in _OVERLAID and value:
            names += [f"{name}.{key}" for key in value]
        elif value is not None and name != "id":
            names.append(name)
    said = {name: provenance.get(name) or provenance.get(_EVERYTHING_ELSE) for name in names}
    return {
        name: Attribution.model_validate(dict(zip(_ENTRY, entry, strict=False)))
        for name, entry in said.items()
        if entry
    }


def _gathered(row: Row, parts: Mapping[str, str]) -> Row | None:
    return {part: row[column] for part, column in parts.items() if row[column] is not None} or None


def _without_null(row: Row) -> Row:
    return {name: value for name, value in row.items() if value is not None}
