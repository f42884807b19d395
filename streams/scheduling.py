"""The schedule as the settings and the catalogue's clock want it: policies, and how early or late counts as on time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from contracts.clock import Clock
from contracts.errors import Permanent
from contracts.workflow import Workflow
from handlers.schedule.compare import OVERDUE_S
from handlers.schedule.plan import SLACK_S
from handlers.schedule.policy import configured
from handlers.schedule.store import ScheduleStore
from handlers.update.workflows import WORKFLOWS
from streams.calendar import real_time, speed_of
from streams.settings import Settings

HOUR_S: Final = 3_600.0
# Real seconds. A timer fires up to two seconds late under load, and a look takes some: in a fast world that is long.
SLACK_REAL_S: Final = 4.0
RUN_REAL_S: Final = 120.0
OVERDUE_REAL_S: Final = 30.0


def schedule_store(settings: Settings, calendar: Clock) -> ScheduleStore:
    """The store with its table of workflows. Raises Permanent for a policy of the settings that cannot be."""
    speed = speed_of(calendar)
    return ScheduleStore(
        _workflows(settings, speed),
        horizon_s=settings.timer_horizon_h * HOUR_S,
        real=real_time(calendar),
        slack_s=max(SLACK_S, SLACK_REAL_S * speed),
    )


def overdue_s(calendar: Clock) -> float:
    """How long after its time a look that nobody has heard of counts as lost, in seconds of the catalogue's clock."""
    return max(OVERDUE_S, OVERDUE_REAL_S * speed_of(calendar))


def _workflows(settings: Settings, speed: float) -> dict[str, Workflow]:
    # One by one, so that whoever reads a refusal knows which setting it is; the last goes before the others.
    wanted: tuple[tuple[str, dict[str, dict[str, Any]]], ...] = (
        (
            "EPISODE_RETRY_WAIT_HOURS",
            {"episode_air_tracking": {"retry_wait_s": settings.episode_retry_wait_hours * HOUR_S}},
        ),
        ("EPISODE_MAX_RETRIES", {"episode_air_tracking": {"retries_max": settings.episode_max_retries}}),
        ("SCORE_SYNC_HOUR", {"score_sync": {"phase_s": settings.score_sync_hour * HOUR_S}}),
        ("SCHEDULE_POLICIES", settings.schedule_policies),
    )
    table = {name: flow.workflow for name, flow in WORKFLOWS.items()}
    for setting, changes in wanted:
        try:
            table = configured(table, changes)
        except ValueError as error:
            raise Permanent(f"{setting}: {error}") from error
    return {name: _patient(workflow, speed) for name, workflow in table.items()}


def _patient(workflow: Workflow, speed: float) -> Workflow:
    patience_s = max(workflow.policy.run_timeout_s, RUN_REAL_S * speed)
    return replace(workflow, policy=replace(workflow.policy, run_timeout_s=patience_s))
