"""A small world's word to judge by: one Monday-to-Monday week, one show, one character."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.workflow import DAY_S, HOUR_S, WEEK_S, Policy
from handlers.verdict.evidence import Evidence, Held, Stored, Told
from handlers.verdict.looks import AIRING, CHARACTERS, METADATA, SCORES, Span
from handlers.verdict.truth import TrueChange

MONDAY = datetime(2026, 8, 10, tzinfo=UTC)
SHOW = "5e3f7a52-0000-4000-8000-000000000001"
ALL = frozenset({"mal", "anilist", "kitsu"})
POLICIES = {
    AIRING: Policy(None, retry_wait_s=2 * HOUR_S, retries_max=3),
    # Without jitter the weekly look falls on Wednesday noon.
    METADATA: Policy(WEEK_S, phase_s=2.5 * DAY_S),
    CHARACTERS: Policy(WEEK_S, phase_s=2.5 * DAY_S),
    SCORES: Policy(DAY_S, phase_s=6 * HOUR_S),
}


def at(days: float, hours: float = 0) -> datetime:
    """An instant of the week."""
    return MONDAY + timedelta(days=days, hours=hours)


def span(until: datetime | None = None, late_h: float = 6) -> Span:
    return Span(MONDAY, until or at(7), timedelta(hours=late_h), POLICIES)


def change(
    field: str,
    old: Any,
    new: Any,
    visible: dict[str, datetime],
    *,
    hidden: dict[str, datetime] | None = None,
    happened: datetime | None = None,
    kind: str = "edited",
    entity_type: str = "anime",
    entity_id: str = SHOW,
) -> TrueChange:
    when = happened or min(visible.values(), default=at(1))
    return TrueChange(kind, entity_id, "A Show", field, old, new, when, visible, hidden or {}, entity_type)


def told(field: str, value: Any, when: datetime, source: str = "mal", entity_id: str = SHOW) -> Told:
    return Told(entity_id, field, value, source, when, when)


def same(field: str, said: Any, true: Any) -> bool:
    if field == "episodes":
        return bool(said == true["episode_number"])
    return bool(said == true)


def evidence(
    stored: Stored | None = None, events: list[Told] | None = None, held: list[Held] | None = None
) -> Evidence:
    kept = stored if stored is not None else Stored("A Show", {}, platforms=ALL)
    return Evidence({SHOW: kept}, events or [], held or [], same)
