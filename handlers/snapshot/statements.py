"""The statements of a section. Names of tables come from our own table, names of columns from the database's catalogue.

The columns that a snapshot's header names are compared with that catalogue before they come here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from handlers.snapshot.sections import SECTIONS, Section


def count(section: Section) -> str:
    """How many rows the section has."""
    return f"SELECT count(*) FROM {_table(section)} WHERE {section.where}"  # noqa: S608


def read(section: Section, columns: Sequence[str]) -> str:
    """The rows of the section in its order, each as the text of one JSON object.

    A column without a value has no key, so that null is left to columns that hold the JSON null.
    """
    absent = ", ".join(f"CASE WHEN r.\"{name}\" IS NULL THEN '{name}' END" for name in columns)
    return f"""
        SELECT (to_jsonb(r) - array_remove(ARRAY[{absent}], NULL))::text
        FROM (SELECT {_listed(columns)} FROM {_table(section)} WHERE {section.where} ORDER BY {section.order}) AS r"""  # noqa: S608


def enter(section: Section, columns: Sequence[str], json_columns: Collection[str]) -> str:
    """Insert the rows of the JSON array $1, and queue what is said of those that live; nothing else is said."""
    names = _listed(columns)
    # Made a row, an object loses the difference between the JSON null and no value.
    values = ", ".join(f"item -> '{name}'" if name in json_columns else f'r."{name}"' for name in columns)
    inserted = (
        f"INSERT INTO {_table(section)} ({names}) "  # noqa: S608
        f"SELECT {values} FROM jsonb_array_elements($1::jsonb) AS item, "
        f"jsonb_populate_record(NULL::{_table(section)}, item) AS r"
    )
    if section.upserts_on:
        sets = ", ".join(f'"{name}" = excluded."{name}"' for name in columns if name not in section.upserts_on)
        inserted += f" ON CONFLICT ({_listed(section.upserts_on)}) DO UPDATE SET {sets}"
    said = section.announces
    if said is None:
        return inserted
    changed = ", ".join(f"'{name}'" for name in said.changed_fields)
    return f"""
        WITH entered AS ({inserted} RETURNING id, version, deleted_at)
        INSERT INTO outbox (event_id, bucket, subject, entity_type, entity_id, op, changed_fields, version)
        SELECT gen_random_uuid(), get_byte(uuid_send(id), 15) % $2::integer, '{said.subject}', '{said.entity_type}', id,
               'upsert', ARRAY[{changed}]::text[], version
        FROM entered WHERE deleted_at IS NULL ORDER BY id"""  # noqa: S608


def lock(sections: Sequence[Section]) -> str:
    """Keep everybody else from writing to these tables until the transaction ends."""
    return f"LOCK TABLE {', '.join(_table(section) for section in sections)} IN SHARE ROW EXCLUSIVE MODE"


def holds_anything(sections: Sequence[Section]) -> str:
    """Whether any table has a row that an empty database has not."""
    looks = [f"EXISTS (SELECT FROM {_table(one)})" for one in sections if not one.upserts_on]
    return f"SELECT {' OR '.join(looks)}"


def _table(section: Section) -> str:
    return f'"{section.name}"'  # `character` is a type as well.


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


BY_NAME = {section.name: section for section in SECTIONS}
