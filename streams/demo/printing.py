"""The verdict for people, as tables and a line, and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Final

from contracts.texts import shortened
from handlers.verdict.judge import Judged, Outcome
from handlers.verdict.report import Report
from streams.cli.output import age

JSON = Any
TITLE_CHARS: Final = 32
WHY_CHARS: Final = 90
# What comes first is what a person has to see.
_ORDER: Final = (Outcome.MISSED, Outcome.HELD, Outcome.FOUND, Outcome.NOT_DUE)
CHANGE_COLUMNS: Final = ("what became of it", "when", "title", "what changed", "how late", "why")
SCORE_COLUMNS: Final = ("daily look", "title", "#told before", "#true", "told")


def change_rows(report: Report) -> Iterator[Sequence[str]]:
    """One row per true change."""
    for one in sorted(report.changes, key=lambda each: (_ORDER.index(each.outcome), each.change.at)):
        change = one.change
        title = shortened(change.title, TITLE_CHARS)
        yield (
            one.outcome.value,
            f"{change.at:%a %H:%M}",
            title,
            _what(one),
            _late(one.late),
            shortened(one.why, WHY_CHARS),
        )


def score_rows(report: Report) -> Iterator[Sequence[str]]:
    """One row per score that a daily look had to tell."""
    for one in sorted(report.moves, key=lambda each: (each.is_found, each.slot_at, each.title)):
        before = f"{one.published:.2f}" if one.published is not None else "-"
        told = f"{one.told_at:%a %H:%M}" if one.told_at else "MISSED"
        yield f"{one.slot_at:%a %H:%M}", shortened(one.title, TITLE_CHARS), before, f"{one.shown:.2f}", told


def trouble(report: Report) -> Iterator[str]:
    """What was invented, and which points are not what their rows make them."""
    for one in report.inventions:
        what = shortened(", ".join(one.parts), WHY_CHARS)
        yield f"invented: {one.title}, {one.told.field}, told {one.told.at:%a %H:%M} of {one.told.source}: {what}"
    for difference in report.differences:
        yield f"index: point {difference.point_id} {difference.what}"


def as_json_of(report: Report) -> dict[str, JSON]:
    """The verdict as one JSON object."""
    late = report.median_late
    return {
        "matched": report.is_matched,
        "verdict": report.line,
        "due": report.due,
        "missed": report.missed,
        "outcomes": {outcome.value: report.counts[outcome] for outcome in Outcome},
        "median_late_s": late.total_seconds() if late is not None else None,
        "changes": [_change_json(one) for one in report.changes],
        "scores": [
            {
                "entity_id": one.entity_id,
                "title": one.title,
                "look": one.slot_at.isoformat(),
                "told_before": one.published,
                "true": one.shown,
                "told_at": one.told_at.isoformat() if one.told_at else None,
            }
            for one in report.moves
        ],
        "invented": [
            {"entity_id": one.told.entity_id, "title": one.title, "field": one.told.field, "parts": list(one.parts)}
            for one in report.inventions
        ],
        "points": report.points,
        "points_that_differ": [{"id": one.point_id, "what": one.what} for one in report.differences],
    }


def _change_json(one: Judged) -> dict[str, JSON]:
    change = one.change
    return {
        "outcome": one.outcome.value,
        "due": one.is_due,
        "kind": change.kind,
        "entity_id": change.entity_id,
        "title": change.title,
        "what": change.name,
        "new": change.new,
        "at": change.at.isoformat(),
        "late_s": one.late.total_seconds() if one.late is not None else None,
        "why": one.why,
    }


def _what(one: Judged) -> str:
    return f"{one.change.name} ({one.change.kind.replace('_', ' ')})"


def _late(late: timedelta | None) -> str:
    return age(late.total_seconds()) if late is not None else "-"
