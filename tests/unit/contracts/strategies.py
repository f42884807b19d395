"""Hypothesis strategies that are read off the pydantic types, so that a new field is tested without a new line here."""

from __future__ import annotations

import struct
import types
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin
from uuid import UUID

from annotated_types import Ge, Le, MaxLen, MinLen
from hypothesis import strategies as st
from pydantic import BaseModel, StringConstraints
from pydantic.fields import FieldInfo

from contracts import events, limits, subjects

M = TypeVar("M", bound=BaseModel)
EVENTS: tuple[type[events.Event], ...] = (
    *subjects.EVENT_OF.values(),
    events.DeadLetterEvent,
    events.ScheduleTickEvent,
)
# A full model has hundreds of fields; two items show what a list does.
ITEMS_MAX = 2
CHARS_MAX = 8
TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=CHARS_MAX)


def carried_by_float32(value: float) -> float:
    """The number with seven digits that is left of `value` on the wire; a second trip changes it no more."""
    once: float = struct.unpack("f", struct.pack("f", value))[0]
    return float(f"{once:.7g}")


SCORES = st.floats(0, 10).map(lambda value: round(carried_by_float32(value), 5))
INSTANTS = st.datetimes(
    datetime(limits.YEAR_MIN, 1, 2),  # noqa: DTZ001 - hypothesis wants the bounds without a zone
    datetime(limits.YEAR_MAX, 12, 30),  # noqa: DTZ001
    timezones=st.just(UTC),
    allow_imaginary=False,
)


@cache
def models(model: type[M]) -> st.SearchStrategy[M]:
    """Valid values of `model`, with every subset of its optional fields."""
    required = {name: _field(field) for name, field in model.model_fields.items() if field.is_required()}
    optional = {name: _field(field) for name, field in model.model_fields.items() if not field.is_required()}
    return st.fixed_dictionaries(required, optional=optional).map(model.model_validate)


def _field(field: FieldInfo) -> st.SearchStrategy[Any]:
    return _of(field.annotation, list(field.metadata), is_required=field.is_required())


def _of(kind: Any, metadata: list[Any], *, is_required: bool = True) -> st.SearchStrategy[Any]:
    origin = get_origin(kind)
    if origin is Annotated:
        inner, *more = get_args(kind)
        return _of(inner, more + metadata, is_required=is_required)
    if origin in (Union, types.UnionType):
        (inner,) = (option for option in get_args(kind) if option is not type(None))
        # The wire cannot tell an empty list or map from an absent one, and neither can the rules.
        return _of(inner, metadata, is_required=False)
    if origin is list:
        (item,) = get_args(kind)
        return st.lists(_of(item, []), min_size=0 if is_required else 1, max_size=ITEMS_MAX)
    if origin is dict:
        key, value = get_args(kind)
        return st.dictionaries(_of(key, []), _of(value, []), min_size=0 if is_required else 1, max_size=ITEMS_MAX)
    return _scalar(kind, metadata)


def _scalar(kind: Any, metadata: list[Any]) -> st.SearchStrategy[Any]:
    if issubclass(kind, BaseModel):
        return models(kind)
    if issubclass(kind, Enum):
        return st.sampled_from(kind)
    if kind is str:
        return _text(metadata)
    if kind is bool:
        return st.booleans()
    if kind is int:
        low, high = _bound(metadata, Ge, "ge"), _bound(metadata, Le, "le")
        if low is None or high is None:
            raise TypeError(f"an int without bounds does not fit the wire: {metadata}")
        return st.integers(low, high)
    return {float: SCORES, UUID: st.uuids(), datetime: INSTANTS, bytes: st.binary(max_size=20)}[kind]


def _bound(metadata: list[Any], kind: type[Any], name: str) -> int | None:
    flat = [item for entry in metadata for item in (entry.metadata if isinstance(entry, FieldInfo) else [entry])]
    return next((int(getattr(item, name)) for item in flat if isinstance(item, kind)), None)


def _text(metadata: list[Any]) -> st.SearchStrategy[str]:
    flat = [item for entry in metadata for item in (entry.metadata if isinstance(entry, FieldInfo) else [entry])]
    constraints = next((item for item in flat if isinstance(item, StringConstraints)), None)
    least = max([item.min_length for item in flat if isinstance(item, MinLen)], default=0)
    assert not any(isinstance(item, MaxLen) and item.max_length < CHARS_MAX for item in flat)
    if constraints is not None:
        least = max(least, constraints.min_length or 0)
        if constraints.strip_whitespace:
            return TEXT.map(str.strip).filter(lambda text: len(text) >= least)
    return TEXT.filter(lambda text: len(text) >= least)
