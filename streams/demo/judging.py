"""Putting the verdict together: what the world says, what was found, and the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from contracts.model.anime_parts import Statistics
from handlers.sources.scores import means
from handlers.update.workflows import WORKFLOWS
from handlers.verdict.evidence import Evidence
from handlers.verdict.invented import inventions
from handlers.verdict.judge import judge
from handlers.verdict.looks import Span
from handlers.verdict.points import differences
from handlers.verdict.report import Report
from handlers.verdict.scores import moves
from handlers.verdict.truth import TrueChange, change_of
from handlers.world.world import World
from streams.demo.folder import Plan
from streams.demo.meaning import made_of
from streams.demo.shown import ShownBySources
from streams.world import WorldPlan, demo_records

JSON = Any
THRESHOLD: Final = Decimal("0.1")
LOOKBACK: Final = timedelta(days=90)
# A look may be this late by our own clock: timers are late by a second or two, and a restart takes some.
LATE_REAL_S: Final = 12.0


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found when everything was at rest. `rows` are the payloads that the committed rows make."""

    world: WorldPlan
    end: datetime
    truth: Sequence[Mapping[str, JSON]]
    evidence: Evidence
    rows: Mapping[str, Mapping[str, JSON]]


def judged(findings: Findings, points: Mapping[str, Mapping[str, JSON]], plan: Plan) -> Report:
    """The verdict. What happened after the end is no matter of it, though it explains what was told since."""
    world, evidence = findings.world, findings.evidence
    policies = {name: workflow.policy for name, workflow in _workflows().items()}
    span = Span(world.begun, findings.end, timedelta(seconds=LATE_REAL_S * plan.speed), policies)
    changes = [change_of(one) for one in findings.truth]
    simulated = World(demo_records(), seed=world.seed, origin=world.begun)
    simulated.history.reach(findings.end + timedelta(days=14))
    was = {one: stored.was for one, stored in evidence.stored.items()}
    titles = {one: stored.title for one, stored in evidence.stored.items()}
    return Report(
        changes=judge(changes, evidence, span),
        moves=moves(changes, evidence, span, _means, THRESHOLD, InScope(evidence, changes)),
        inventions=inventions(evidence.told, ShownBySources(simulated).of, was, titles, made_of),
        differences=differences(findings.rows, points),
        points=len(findings.rows),
    )


class InScope:
    """Whether an anime was to be looked at by the daily score sync: it airs, or ended lately, beyond all doubt."""

    def __init__(self, evidence: Evidence, changes: Sequence[TrueChange]) -> None:
        self._stored = evidence.stored
        self._turned = {one.entity_id for one in changes if one.field == "status"}

    def __call__(self, entity_id: str, at: datetime) -> bool:
        """Asked of one anime and one daily look."""
        was = self._stored[entity_id].was
        if entity_id in self._turned:
            return False
        if was.get("status") == "ONGOING":
            return True
        ended = (was.get("aired_dates") or {}).get("aired_to")
        return bool(was.get("status") == "FINISHED" and ended and datetime.fromisoformat(ended) >= at - LOOKBACK)


def _means(figures: Mapping[str, JSON]) -> Mapping[str, float] | None:
    score = means({name: Statistics.model_validate(one) for name, one in figures.items()})
    return score.model_dump(mode="json", exclude_none=True) if score else None


def _workflows() -> Mapping[str, Any]:
    return {name: getattr(one, "workflow", one) for name, one in WORKFLOWS.items()}
