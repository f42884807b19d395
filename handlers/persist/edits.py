"""A value that a person puts in the place of a proposed one: it has to be one that the field can have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from contracts.errors import Refused
from contracts.events import AnimeValues, CharacterValues
from handlers.persist.merge import NEVER_UNKNOWN

JSON = Any

_VALUES: Final[dict[str, type[BaseModel]]] = {"anime": AnimeValues, "character": CharacterValues}
_ALWAYS_THERE: Final = NEVER_UNKNOWN | {"title", "name"}


@dataclass(frozen=True, slots=True)
class Edit:
    """The value as it was given; None takes the field's value away."""

    value: JSON


def edited_value(entity_type: str, field: str, edit: Edit) -> JSON:
    """The value as the record holds it. Raises Refused when the field cannot have it."""
    try:
        read = _VALUES[entity_type].model_validate({field: edit.value})
    except ValidationError as error:
        found = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in found["loc"][1:])
        reason = found["msg"].removeprefix("Value error, ")
        raise Refused("the edited value", field, f"{where}: {reason}" if where else reason) from None
    value = read.model_dump(mode="json", exclude_none=True).get(field)
    if value in ("", [], {}, None):
        if field in _ALWAYS_THERE:
            raise Refused("the edited value", field, "cannot be removed; give a value")
        return None
    return value
