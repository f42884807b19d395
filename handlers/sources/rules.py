"""The engine of the mappings: a table of rules, each from names of the raw body to one canonical field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel

from handlers.sources.notes import Notes
from handlers.sources.port import Raw

T = TypeVar("T")
_REASON_CHARS_MAX = 300
# What a body may do to whoever reads it: another type, a name or an item that is missing, a number beyond a limit. A
# value that the record's model refuses is a ValueError too.
_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)


@dataclass(frozen=True, slots=True)
class Rule:
    """How one canonical field is read. `reads` are the top-level raw names it needs, also for selective requests."""

    field: str
    reads: tuple[str, ...]
    to: Callable[[Raw, Notes], object]


@dataclass(frozen=True, slots=True)
class Read:
    """Canonical values that were found, and the fields that could not be read with the reason."""

    values: dict[str, Any]
    errors: dict[str, str]


def read_fields(
    raw: Raw, rules: Iterable[Rule], model: type[BaseModel], asked: frozenset[str] | None, notes: Notes
) -> Read:
    """Apply the rules whose raw names are there. A field that breaks a rule of the record is an error of that field
    alone; a value None is not given.
    """
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for rule in rules:
        if (asked is not None and rule.field not in asked) or not any(name in raw for name in rule.reads):
            continue
        try:
            value = rule.to(raw, notes)
            if value is not None:
                values[rule.field] = getattr(model.model_validate({rule.field: value}), rule.field)
        except _UNREADABLE as error:
            errors[rule.field] = f"{', '.join(rule.reads)} cannot be read: {error}"[:_REASON_CHARS_MAX]
    return Read(values, errors)


def read_rows(name: str, raws: Iterable[Raw], to: Callable[[Raw], T], errors: dict[str, str]) -> list[T]:
    """Map the rows of a list; one that breaks a rule of the record is left out and said in `errors` under `name`."""
    found: list[T] = []
    for raw in raws:
        try:
            found.append(to(raw))
        except _UNREADABLE as error:
            errors[name] = f"a row of {name} cannot be read: {error}"[:_REASON_CHARS_MAX]
    return found


def raw_names(rules: Iterable[Rule], asked: frozenset[str] | None) -> tuple[str, ...]:
    """The top-level raw names that the asked fields need, in the table's order."""
    wanted = (rule for rule in rules if asked is None or rule.field in asked)
    return tuple(dict.fromkeys(name for rule in wanted for name in rule.reads))


def gives(rules: Iterable[Rule]) -> frozenset[str]:
    """The canonical fields that a table can give."""
    return frozenset(rule.field for rule in rules)


def stated(values: Mapping[str, Any]) -> frozenset[str]:
    """Which of the values are statements: UNKNOWN is what a source says when it cannot say."""
    return frozenset(name for name, value in values.items() if value != "UNKNOWN")


def merged(first: Any, later: Any) -> Any:
    """Two pages of one item as one: lists are joined, objects merged, anything else stays as it came first."""
    if isinstance(first, dict) and isinstance(later, dict):
        names = dict.fromkeys([*first, *later])
        return {
            name: merged(first[name], later[name]) if name in first and name in later else (first | later)[name]
            for name in names
        }
    if isinstance(first, list) and isinstance(later, list):
        return [*first, *later]
    return later if first is None else first
