"""The keys of a record that the model does not know. They are not lost silently: whoever hands it in hears of them."""

from __future__ import annotations

import types
from collections import Counter
from functools import cache
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel

# Understood, and nothing is to be done with it: what kind of thing it is shows by where it stands.
_SAYS_NOTHING: Final = frozenset({"entity_type"})


def unknown_keys(model: type[BaseModel], value: Any, path: str) -> Counter[str]:
    """How often each key that `model` has no field for occurs in `value`, by path; entries of lists share one path."""
    found: Counter[str] = Counter()
    if not isinstance(value, dict):
        return found
    inner = _fields_with_models(model)
    for name, item in value.items():
        where = f"{path}.{name}"
        if name in inner:
            found += _within(inner[name], item, where)
        elif name not in model.model_fields and name not in _SAYS_NOTHING:
            found[where] += 1
    return found


def _within(annotation: Any, value: Any, path: str) -> Counter[str]:
    origin, parts = get_origin(annotation), get_args(annotation)
    found: Counter[str] = Counter()
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return unknown_keys(annotation, value, path)
    if origin is Annotated:
        return _within(parts[0], value, path)
    if origin in (Union, types.UnionType):
        for part in parts:
            found += _within(part, value, path)
    elif origin is list and isinstance(value, list):
        for item in value:
            found += _within(parts[0], item, f"{path}[]")
    elif origin is dict and isinstance(value, dict):
        for item in value.values():
            found += _within(parts[1], item, f"{path}{{}}")
    return found


@cache
def _fields_with_models(model: type[BaseModel]) -> dict[str, Any]:
    return {name: field.annotation for name, field in model.model_fields.items() if _has_model(field.annotation)}


def _has_model(annotation: Any) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return True
    return any(_has_model(part) for part in get_args(annotation))
