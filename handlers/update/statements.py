"""From observations to statements: which source said what of which field. Open fields state nothing. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from contracts.events import EntityType
from contracts.model.character import CharacterFields
from contracts.observation import NEXT_AIR, Kind, Observation, ObservedCharacter
from handlers.update.belief import NOT_HEARD

JSON = Any


@dataclass(frozen=True, slots=True)
class Statement:
    """One source's word on one field: the value as JSON (None: there is none), and as of when it holds."""

    field: str
    value: JSON
    source: str
    platform: str
    observed_at: datetime


Statements = dict[str, list[Statement]]


def statements(observations: Iterable[Observation]) -> Statements:
    """The statements of all observations by field, at most one per source, its newest; in no particular order."""
    newest: dict[tuple[str, str], Statement] = {}
    for one in (statement for seen in observations for statement in _of(seen)):
        key = one.field, one.source
        if key not in newest or _age(newest[key]) < _age(one):
            newest[key] = one
    found: Statements = {}
    for (field, _), one in newest.items():
        found.setdefault(field, []).append(one)
    return found


def of_member(seen: Observation, member: ObservedCharacter) -> Observation:
    """What a cast says of one of its characters, as an observation of that character.

    A cast gives each character in short: what is absent or empty there was not stated.
    """
    given = member.model_dump(exclude_none=True, exclude={"role"})
    told = {name: value for name, value in given.items() if value not in ([], {}, "")}
    return seen.model_copy(
        update={
            "entity": EntityType.CHARACTER,
            "kind": Kind.CHARACTER,
            "external_id": (member.external_ids or {}).get(seen.platform, ""),
            "anime": None,
            "character": CharacterFields.model_validate(told),
            "characters": None,
            "external_ids": member.external_ids or {},
            "speaks_for": frozenset(told),
            "open": frozenset[str](),
        }
    )


def _of(seen: Observation) -> list[Statement]:
    part = seen.character if seen.entity is EntityType.CHARACTER else seen.anime
    fields = frozenset(type(part).model_fields) if part is not None else frozenset[str]()
    values: dict[str, JSON] = part.model_dump(mode="json", exclude_none=True) if part is not None else {}
    told = {name: values.get(name) for name in seen.speaks_for & fields if _is_heard(seen.source, name)}
    told |= {f"external_ids.{name}": external_id for name, external_id in seen.external_ids.items()}
    if "statistics" in seen.speaks_for and seen.platform in (values.get("statistics") or {}):
        told[f"statistics.{seen.platform}"] = values["statistics"][seen.platform]
    if NEXT_AIR in seen.speaks_for:
        at = seen.model_dump(mode="json", include={"next_air_at"})["next_air_at"]
        told["broadcast"] = {**(told.get("broadcast") or {}), "next_episode_at": at}
    return [Statement(name, value, seen.source, seen.platform, seen.observed_at) for name, value in told.items()]


def _is_heard(source: str, name: str) -> bool:
    return name not in _BY_KEY and (source, name) not in NOT_HEARD


_BY_KEY: Final = ("statistics", "external_ids")


def _age(one: Statement) -> tuple[datetime, str]:
    # Two words of one source and one instant: the greater text wins, so that no order of arrival matters.
    return one.observed_at, json.dumps(one.value, sort_keys=True, ensure_ascii=False)
