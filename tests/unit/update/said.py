"""Short ways to observations and records, and how a diff is applied: by persist's own rule."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from contracts.events import EntityType
from contracts.model import AnimeFields, CharacterFields
from contracts.observation import Kind, Observation
from handlers.persist.merge import Held, Saying, instant, merge
from handlers.update.belief import platform_of
from handlers.update.change import FieldChange
from handlers.update.current import Current
from tests.events import NOON, uid


def at(minute: float) -> datetime:
    return NOON + timedelta(minutes=minute)


def heard(source: str, minute: float = 1, /, **fields: Any) -> Observation:
    """What a source said of an anime; None states that there is none. `next_air_at` and the like are passed on."""
    own = {name: fields.pop(name) for name in list(fields) if name in Observation.model_fields}
    values = {name: value for name, value in fields.items() if value is not None}
    return Observation.model_validate(
        {
            "entity": EntityType.ANIME,
            "kind": Kind.ANIME,
            "source": source,
            "platform": platform_of(source),
            "external_id": "1",
            "anime": AnimeFields.model_validate(values),
            "speaks_for": frozenset(fields),
            "observed_at": at(minute),
            "fetched_at": at(minute),
            "raw_sha256": "",
            **own,
        }
    )


def heard_character(source: str, minute: float = 1, /, **fields: Any) -> Observation:
    values = CharacterFields.model_validate({name: value for name, value in fields.items() if value is not None})
    return heard(source, minute).model_copy(
        update={"entity": EntityType.CHARACTER, "anime": None, "character": values, "speaks_for": frozenset(fields)}
    )


def record(holder: str = "enrichment", minute: float = 0, /, **values: Any) -> Current:
    """A record of which all was said by one."""
    plain = AnimeFields.model_validate(values).model_dump(mode="json", exclude_none=True)
    return Current(plain, {"*": [holder, instant(at(minute)), str(uid(holder, minute))]}, 3)


def applied(current: Current, changes: Iterable[FieldChange], number: int = 0) -> Current:
    """The record after persist has heard of these changes."""
    held = Held(deepcopy(dict(current.values)), {name: list(entry) for name, entry in current.provenance.items()})
    for one in changes:
        name, dot, key = one.field.partition(".")
        incoming = {name: {key: one.new} if dot else one.new}
        merge(held, incoming, Saying(one.source, one.observed_at, uid("applied", one.field, number)))
    values = {name: value for name, value in held.values.items() if value is not None}
    return replace(current, values=values, provenance=held.provenance, version=current.version + 1)


def told(changes: Iterable[FieldChange]) -> dict[str, Any]:
    """The new values by field."""
    return {one.field: one.new for one in changes}
