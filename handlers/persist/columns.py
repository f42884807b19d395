"""Which field of the record lives in which column. What is not listed lives in `meta`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from contracts.model import AnimeFields, CharacterFields, EpisodeFields

SqlType = Literal["text", "integer", "boolean", "double precision", "timestamptz", "jsonb"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the field it holds, or the part `key` of a field that is an object."""

    name: str
    sql_type: SqlType
    field: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """How one kind of entity is stored."""

    name: str
    columns: tuple[Column, ...]
    fields: frozenset[str]

    def columns_of(self, field: str) -> tuple[Column, ...]:
        """The columns of a field; none when it lives in `meta`."""
        return tuple(column for column in self.columns if column.field == field)


def _plain(sql_type: SqlType, *names: str) -> tuple[Column, ...]:
    return tuple(Column(name, sql_type, name) for name in names)


ANIME: Final = Table(
    "anime",
    (
        *_plain("text", "title", "title_english", "title_japanese", "type", "status", "season"),
        *_plain("integer", "year"),
        *_plain("text", "rating"),
        *_plain("boolean", "nsfw"),
        *_plain("text", "source_material", "synopsis"),
        *_plain("jsonb", "genres", "tags", "themes", "demographics"),
        *_plain("integer", "episode_count", "duration"),
        Column("aired_from", "timestamptz", "aired_dates", "aired_from"),
        Column("aired_to", "timestamptz", "aired_dates", "aired_to"),
        Column("score_agm", "double precision", "score", "arithmetic_geometric_mean"),
        Column("score_mean", "double precision", "score", "arithmetic_mean"),
        Column("score_median", "double precision", "score", "median"),
        *_plain("jsonb", "statistics"),
    ),
    frozenset(AnimeFields.model_fields),
)

CHARACTER: Final = Table(
    "character",
    (
        *_plain("text", "name", "name_native", "description"),
        *_plain("jsonb", "traits"),
        *_plain("integer", "favorites"),
    ),
    frozenset(CharacterFields.model_fields),
)

EPISODE: Final = Table(
    "episode",
    (
        *_plain("integer", "season_number"),
        *_plain("text", "title", "synopsis"),
        *_plain("timestamptz", "aired"),
        *_plain("integer", "duration"),
        *_plain("boolean", "filler", "recap"),
        *_plain("double precision", "score"),
    ),
    frozenset(EpisodeFields.model_fields),
)
