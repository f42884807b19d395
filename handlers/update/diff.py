"""The diff: what the record would become by what sources said, field by field. Pure; the order of sources is nothing.

Only what a source stated counts; what is open says nothing. Its laws are property tests: equal records give no change,
applying a diff gives its target, and hearing the same again gives none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from contracts.observation import Observation
from handlers.update.change import Dissent, FieldChange, Finding
from handlers.update.choose import choose
from handlers.update.current import Current, Held, held
from handlers.update.kinds import ANIME, CHARACTER, Kind
from handlers.update.lists import choose_list, choose_pages
from handlers.update.maps import choose_figures, choose_id, choose_parts, choose_presence
from handlers.update.statements import Statement, Statements, statements

Choose = Callable[[str, Held, Sequence[Statement]], list[Finding]]

_CHOOSE: Final[Mapping[Kind, Choose]] = MappingProxyType(
    {
        Kind.TEXT: choose,
        Kind.WORD: choose,
        Kind.NUMBER: choose,
        Kind.LIST: choose_list,
        Kind.PAGES: choose_pages,
        Kind.PARTS: choose_parts,
        Kind.PRESENCE: choose_presence,
    }
)
_BY_KEY: Final[Mapping[str, Choose]] = MappingProxyType({"statistics": choose_figures, "external_ids": choose_id})


@dataclass(frozen=True, slots=True)
class Diff:
    """What changes, by field, and what was said and not followed."""

    changes: tuple[FieldChange, ...]
    dissents: tuple[Dissent, ...]


def diff_anime(current: Current, observations: Iterable[Observation]) -> Diff:
    """What changes of an anime. A total below the highest episode that is there is that episode's number."""
    said = statements(observations)
    least = current.highest_episode
    if least is not None and "episode_count" in said:
        said["episode_count"] = [_at_least(one, least) for one in said["episode_count"]]
    return _diff(current, said, ANIME)


def diff_character(current: Current, observations: Iterable[Observation]) -> Diff:
    """What changes of a character."""
    return _diff(current, statements(observations), CHARACTER)


def _diff(current: Current, said: Statements, kinds: Mapping[str, Kind]) -> Diff:
    changes: list[FieldChange] = []
    dissents: list[Dissent] = []
    for name in sorted(said):
        outer, dot, _ = name.partition(".")
        way = _BY_KEY.get(outer) if dot else _CHOOSE.get(kinds.get(outer, Kind.OURS))
        if way is not None and outer in kinds:
            found = way(name, held(current, name), said[name])
            against = tuple(one for one in found if isinstance(one, Dissent))
            changes += [replace(one, dissents=against) for one in found if isinstance(one, FieldChange)]
            dissents += against
    return Diff(tuple(changes), tuple(dissents))


def _at_least(one: Statement, number: int) -> Statement:
    return replace(one, value=max(one.value, number)) if isinstance(one.value, int) else one
