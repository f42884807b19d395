"""The indexed payload fields, read from `qdrant_payload_index.yaml` beside this file."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Final, Literal, cast, get_args

import yaml

FieldType = Literal["keyword", "integer", "float", "bool", "datetime"]
FIELDS_MAX: Final = 64
_LIST_MARK: Final = "[]"
_KEYS: Final = frozenset({"name", "type", "reason"})


@dataclass(frozen=True, slots=True)
class IndexedField:
    """One payload field: its name, the type of a value, whether it holds a list, and why it is indexed."""

    name: str
    type: FieldType
    is_list: bool = False
    reason: str = ""


def packaged_payload_index() -> tuple[IndexedField, ...]:
    """The fields of the file that is shipped with the contracts."""
    return parse_payload_index(files("contracts").joinpath("qdrant_payload_index.yaml").read_text(encoding="utf-8"))


def parse_payload_index(text: str) -> tuple[IndexedField, ...]:
    """The fields listed in a YAML text, in its order; ValueError names the entry that is wrong."""
    document = yaml.safe_load(text)
    entries = document.get("indexed_fields") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not 0 < len(entries) <= FIELDS_MAX:
        raise ValueError(f"payload index: expected a list `indexed_fields` of 1 to {FIELDS_MAX} entries")
    fields = tuple(_field(number, entry) for number, entry in enumerate(entries, start=1))
    names = [field.name for field in fields]
    if len(set(names)) != len(names):
        raise ValueError(f"payload index: a field is listed twice: {sorted(n for n in names if names.count(n) > 1)[0]}")
    return fields


def _field(number: int, entry: object) -> IndexedField:
    if not isinstance(entry, dict) or not {"name", "type"} <= entry.keys() <= _KEYS:
        raise ValueError(f"payload index: entry {number} must have name and type, and may have reason: {entry!r}")
    name, written = str(entry["name"]), str(entry["type"])
    kind = written.removesuffix(_LIST_MARK)
    if kind not in get_args(FieldType):
        raise ValueError(
            f"payload index: {name}: unknown type {written!r}; use one of {', '.join(get_args(FieldType))}"
        )
    return IndexedField(name, cast(FieldType, kind), written.endswith(_LIST_MARK), str(entry.get("reason", "")))
