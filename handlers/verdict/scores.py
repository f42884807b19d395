"""Scores count by day: once the means have moved beyond the threshold, a daily look must tell it. Pure, in decimals.

The moment of a look within its allowance is not known, so a move is due only when it lasts for all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from contracts.regular import slots_between
from handlers.verdict.evidence import Evidence, Told
from handlers.verdict.looks import SCORES, Span
from handlers.verdict.truth import FIGURES, TrueChange

JSON = Any
Figures = Mapping[str, JSON]
Means = Callable[[Figures], Mapping[str, float] | None]
# The door at which each platform's figures are read.
DOOR = {"mal": "mal", "anilist": "anilist", "kitsu": "kitsu"}
# The look that ends the catalogue's whole scope stands under this name (contracts/workflow.py, CATALOGUE).
SCOPE = "all"


@dataclass(frozen=True, slots=True)
class Move:
    """A score that had moved at a daily look: from what was published to what the world showed, and when told."""

    entity_id: str
    title: str
    slot_at: datetime
    published: float | None
    shown: float
    told_at: datetime | None

    @property
    def is_found(self) -> bool:
        """Whether an event told it before the next daily look."""
        return self.told_at is not None


def moves(
    changes: Iterable[TrueChange],
    evidence: Evidence,
    span: Span,
    means: Means,
    threshold: Decimal,
    in_scope: Callable[[str, datetime], bool],
) -> list[Move]:
    """Every move that a daily look had to tell. `in_scope` says whether an anime was to be looked at then."""
    drift: dict[str, list[TrueChange]] = {}
    for one in changes:
        if one.field.startswith(FIGURES):
            drift.setdefault(one.entity_id, []).append(one)
    slots = list(slots_between(span.policies[SCORES], SCORES, SCOPE, span.start, span.until))
    found: list[Move] = []
    for entity_id in sorted(drift.keys() & evidence.stored.keys()):
        days = [at for at in slots if in_scope(entity_id, at)]
        found += _moves_of(entity_id, drift[entity_id], evidence, span, means, threshold, days)
    return found


def _moves_of(
    entity_id: str,
    drift: Sequence[TrueChange],
    evidence: Evidence,
    span: Span,
    means: Means,
    threshold: Decimal,
    slots: Sequence[datetime],
) -> list[Move]:
    stored = evidence.stored[entity_id]
    told = sorted((one for one in evidence.told if (one.entity_id, one.field) == (entity_id, "score")), key=_at)
    found: list[Move] = []
    for slot, following in zip(slots, [*slots[1:], None], strict=False):
        published = next((one.value for one in reversed(told) if one.at < slot), stored.was.get("score"))
        shown = [means(figures) for figures in shown_within(stored.was, drift, stored.platforms, slot, span.late)]
        if not shown or not all(has_moved(published, one, threshold) for one in shown):
            continue
        telling = next((one for one in told if one.at >= slot and (following is None or one.at < following)), None)
        found.append(
            Move(
                entity_id,
                stored.title,
                slot,
                (published or {}).get("arithmetic_geometric_mean"),
                (shown[0] or {})["arithmetic_geometric_mean"],
                telling.at if telling else None,
            )
        )
    return found


def _at(told: Told) -> datetime:
    return told.at


def shown_within(
    was: Mapping[str, JSON], drift: Sequence[TrueChange], platforms: frozenset[str], start: datetime, late: timedelta
) -> list[Figures]:
    """All the figures that a look between `start` and `late` after it may see: those at its beginning, and each later
    state until its end."""
    states: list[Figures] = []
    figures = {name: one for name, one in (was.get("statistics") or {}).items() if name in platforms}
    seen = [(one.visible[door], one) for one in drift if (door := DOOR[_platform(one)]) in one.visible]
    for when, one in sorted(seen, key=lambda pair: pair[0]):
        if when > start + late:
            break
        if when > start and not states:
            states.append(dict(figures))
        if _platform(one) in platforms:
            figures[_platform(one)] = one.new
        if when > start:
            states.append(dict(figures))
    return states or [figures]


def has_moved(published: Mapping[str, float] | None, shown: Mapping[str, float] | None, threshold: Decimal) -> bool:
    """Whether one of the means lies further than the threshold from the published one."""
    for name, now in (shown or {}).items():
        before = (published or {}).get(name)
        if before is None or abs(Decimal(str(now)) - Decimal(str(before))) > threshold:
            return True
    return False


def _platform(change: TrueChange) -> str:
    return change.field.removeprefix(FIGURES)
