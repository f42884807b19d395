"""Why a change was believed, as it travels with it: the rule, and in short what other sources said. Pure."""

from __future__ import annotations

from typing import Final

from contracts.events import Belief
from contracts.items import in_short, items_of
from contracts.limits import DISSENTS_MAX
from contracts.texts import shortened
from handlers.update.change import Dissent, FieldChange

_NONE: Final = "none"


def belief_of(change: FieldChange) -> Belief:
    """The belief in a change. Of a source that differs in several parts each part is told."""
    against: dict[str, list[str]] = {}
    for one in sorted(change.dissents, key=lambda one: one.source)[:DISSENTS_MAX]:
        against.setdefault(one.source, []).append(_words(one))
    dissents = {source: shortened(", ".join(words)) or _NONE for source, words in against.items()}
    return Belief(rule=change.rule, dissents=dissents)


def _words(one: Dissent) -> str:
    if isinstance(one.value, list | dict):
        return ", ".join(in_short(item) for item in items_of(one.field, one.value))
    return _NONE if one.value is None else str(one.value)
