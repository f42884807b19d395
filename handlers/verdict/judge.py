"""One true change beside what the catalogue made of it: found, held, missed, or never to be seen by any look."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from handlers.verdict.belief import first_visible, seen_by
from handlers.verdict.evidence import Evidence, Stored
from handlers.verdict.looks import Span, looks_for
from handlers.verdict.truth import EPISODES, FIGURES, RECORD, TrueChange


class Outcome(StrEnum):
    """What became of a true change."""

    FOUND = "found"
    HELD = "held"
    MISSED = "missed"
    NOT_DUE = "not due"


@dataclass(frozen=True, slots=True)
class Judged:
    """A change and its outcome. `is_due` whether it had to be found; `late` after a source first showed it."""

    change: TrueChange
    outcome: Outcome
    is_due: bool
    why: str = ""
    late: timedelta | None = None


@dataclass(frozen=True, slots=True)
class _Find:
    outcome: Outcome
    at: datetime | None
    why: str = ""


def judge(changes: Iterable[TrueChange], evidence: Evidence, span: Span) -> list[Judged]:
    """Judge every change but figures, which count by the score that they make (scores.py), in the order of time.

    What happened after the span is not judged, though it explains why a record has moved on since.
    """
    ordered = sorted((one for one in changes if not one.field.startswith(FIGURES)), key=lambda one: one.at)
    return [_judged(one, evidence, span, ordered) for one in ordered if one.at <= span.until]


def _judged(change: TrueChange, evidence: Evidence, span: Span, all_changes: list[TrueChange]) -> Judged:
    stored = evidence.stored.get(change.entity_id)
    reason = _not_due(change, stored, span)
    found = _found(change, stored, evidence, all_changes) if stored is not None else None
    if reason is None and found is None and stored is not None and _never_differed(change, stored, evidence):
        reason = "the record never said anything else"
    if found is not None:
        shown = first_visible(change)
        late = max(found.at - shown, timedelta(0)) if found.at is not None and shown is not None else None
        return Judged(change, found.outcome, reason is None, found.why, late)
    if reason is not None:
        return Judged(change, Outcome.NOT_DUE, False, reason)
    return Judged(change, Outcome.MISSED, True, _last_look(change, stored, span))


def _not_due(change: TrueChange, stored: Stored | None, span: Span) -> str | None:
    """Why no look had to find this, or None when one had to."""
    if change.field == RECORD:
        return "it is a new show, and looks are for shows that are known"
    if stored is None:
        return "the catalogue does not have it"
    source = seen_by(change, stored.platforms, span.asked)
    if source is None:
        return "no source that is believed of it shows it" if stored.platforms else "it has no id on any source"
    seen_from, hidden = change.visible[source], change.hidden_from.get(source)
    looks = looks_for(change, seen_from, span, is_timed=stored.is_timed)
    seeing = [one for one in looks if one.at >= seen_from and (hidden is None or one.latest < hidden)]
    if seeing:
        return None
    if hidden is not None and any(one.at >= seen_from for one in looks):
        return f"{source} showed something else again before the next look"
    return f"no look was due after {source} showed it"


def _found(change: TrueChange, stored: Stored, evidence: Evidence, changes: list[TrueChange]) -> _Find | None:
    name = "broadcast" if change.field == "next_airing" else change.field
    told = evidence.telling(change.entity_id, name, change.new)
    at = told[0].at if told else None
    held = evidence.holding(change.entity_id, name, change.new)
    if _is_stored(change, name, stored, evidence) and (told or held):
        return _Find(Outcome.FOUND, at or held[0].at)
    if held:
        return _Find(Outcome.HELD, held[0].at, "; ".join(held[0].reasons))
    if told and _is_superseded(change, changes):
        return _Find(Outcome.FOUND, at)
    return None


def _is_stored(change: TrueChange, name: str, stored: Stored, evidence: Evidence) -> bool:
    if change.field == EPISODES:
        return change.new["episode_number"] in stored.episodes
    return evidence.same(name, stored.values.get(name), change.new)


def _is_superseded(change: TrueChange, changes: list[TrueChange]) -> bool:
    return any(
        (other.entity_id, other.field) == (change.entity_id, change.field) and other.at > change.at for other in changes
    )


def _never_differed(change: TrueChange, stored: Stored, evidence: Evidence) -> bool:
    """Whether the record held this value all along: a mistake that was held leaves nothing to be restored."""
    if change.field == EPISODES:
        return False
    name = "broadcast" if change.field == "next_airing" else change.field
    always = evidence.same(name, stored.was.get(name), change.new)
    return always and evidence.same(name, stored.values.get(name), change.new)


def _last_look(change: TrueChange, stored: Stored | None, span: Span) -> str:
    assert stored is not None
    source = seen_by(change, stored.platforms, span.asked)
    assert source is not None
    looks = looks_for(change, change.visible[source], span, is_timed=stored.is_timed)
    at = next(look.at for look in looks if look.at >= change.visible[source])
    return f"{source} showed it from {change.visible[source]:%a %H:%M}, a look was due {at:%a %H:%M}"
