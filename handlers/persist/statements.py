"""The statements that read and write entities, built from the table of columns. Only names from that table enter."""

from __future__ import annotations

from functools import cache

from handlers.persist.columns import Column, Table


@cache
def read(table: Table, fields: frozenset[str]) -> str:
    """Lock the rows $1::uuid[] in the order of their ids and give the named fields as one JSON object each."""
    return f"""
        SELECT id, version, deleted_at, provenance, {_object(table, fields)}::text AS held
        FROM {table.name} WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE"""  # noqa: S608


@cache
def read_episodes(table: Table, fields: frozenset[str]) -> str:
    """The same for the episodes ($1::uuid[], $2::int[]) of anime and number."""
    return f"""
        SELECT e.id, version, deleted_at, provenance, e.anime_id, e.episode_number,
               {_object(table, fields)}::text AS held
        FROM {table.name} AS e
        JOIN unnest($1::uuid[], $2::int[]) AS wanted(anime_id, episode_number)
          ON e.anime_id = wanted.anime_id AND e.episode_number = wanted.episode_number
        ORDER BY e.id FOR UPDATE OF e"""  # noqa: S608


@cache
def update(table: Table, fields: frozenset[str]) -> str:
    """Write the patches $3 with versions $2 and provenance $4 to the rows $1; a patch names what it changes."""
    assignments = [
        f"{column.name} = CASE WHEN p.patch ? '{column.field}' THEN {_from_patch(column)} ELSE e.{column.name} END"
        for column in _columns(table, fields)
    ]
    if _meta_fields(table, fields):
        assignments.append("meta = jsonb_strip_nulls(e.meta || coalesce(p.patch -> 'meta', '{}'))")
    sets = "".join(f",\n            {assignment}" for assignment in assignments)
    return f"""
        UPDATE {table.name} AS e SET
            version = p.version, provenance = p.provenance, updated_at = now(){sets}
        FROM unnest($1::uuid[], $2::bigint[], $3::jsonb[], $4::jsonb[]) AS p(id, version, patch, provenance)
        WHERE e.id = p.id"""  # noqa: S608


@cache
def insert(table: Table, keys: tuple[str, ...]) -> str:
    """Insert rows with version $2; `keys` are further columns of the patch (anime_id, episode_number)."""
    key_columns = "".join(f", {key}" for key in keys)
    key_values = "".join(f", (p.patch ->> '{key}')::{'uuid' if key.endswith('_id') else 'integer'}" for key in keys)
    names = ", ".join(column.name for column in table.columns)
    values = ",\n            ".join(_from_patch(column) for column in table.columns)
    return f"""
        INSERT INTO {table.name} (id, version, provenance, meta{key_columns}, {names})
        SELECT p.id, p.version, p.provenance, jsonb_strip_nulls(coalesce(p.patch -> 'meta', '{{}}')){key_values},
            {values}
        FROM unnest($1::uuid[], $2::bigint[], $3::jsonb[], $4::jsonb[]) AS p(id, version, patch, provenance)
        ORDER BY p.id"""  # noqa: S608


def _columns(table: Table, fields: frozenset[str]) -> list[Column]:
    return [column for column in table.columns if column.field in fields]


def _meta_fields(table: Table, fields: frozenset[str]) -> list[str]:
    stored = {column.field for column in table.columns}
    return sorted(name for name in fields if name not in stored and name in table.fields)


def _object(table: Table, fields: frozenset[str]) -> str:
    plain = [column for column in _columns(table, fields) if column.key is None]
    pairs = [f"'{column.field}', {column.name}" for column in plain]
    for field in sorted({column.field for column in _columns(table, fields) if column.key is not None}):
        inner = ", ".join(f"'{column.key}', {column.name}" for column in table.columns_of(field))
        pairs.append(f"'{field}', json_build_object({inner})")
    pairs += [f"'{field}', meta -> '{field}'" for field in _meta_fields(table, fields)]
    # A function takes at most 100 arguments, which is 50 pairs; more are joined as jsonb objects.
    groups = [pairs[start : start + 45] for start in range(0, len(pairs), 45)] or [[]]
    if len(groups) == 1:
        return f"json_build_object({', '.join(groups[0])})"
    return "(" + " || ".join(f"jsonb_build_object({', '.join(group)})" for group in groups) + ")"


def _from_patch(column: Column) -> str:
    path = f"p.patch -> '{column.field}'"
    if column.key is not None:
        return f"({path} ->> '{column.key}')::{column.sql_type}"
    if column.sql_type == "jsonb":
        return f"nullif({path}, 'null')"
    return f"(p.patch ->> '{column.field}')::{column.sql_type}"
