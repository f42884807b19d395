"""Small steps that every mapping takes. They never raise: what is not understood stays, and the model refuses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Object = dict[str, Any]


def mapped(value: Any, each: Callable[[Object], Any]) -> Any:
    """`each` applied to the objects of a list; anything else stays as it is."""
    if not isinstance(value, list):
        return value
    return [each(dict(item)) if isinstance(item, dict) else item for item in value]


def rename(part: Object, old: str, new: str) -> None:
    """Move a value to its name of today, unless that name is taken by a value."""
    if old in part and part.get(new) is None:
        part[new] = part.pop(old)


def apply(part: Object, name: str, change: Callable[[Any], Any]) -> None:
    """Change one value in place, if it is there."""
    if part.get(name) is not None:
        part[name] = change(part[name])


def without_none(part: Object) -> Object:
    """Null says nothing, so it is left out."""
    return {name: value for name, value in part.items() if value is not None}


def texts(value: Any) -> list[Any]:
    """A list as it is, one text as a list of one, nothing as none."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def unique(values: list[Any]) -> list[Any]:
    """The values in order without repeats; they need not be hashable."""
    kept: list[Any] = []
    seen: set[str] = set()
    for value in values:
        key = repr(value)
        if key not in seen:
            seen.add(key)
            kept.append(value)
    return kept
