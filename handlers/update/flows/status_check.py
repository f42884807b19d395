"""Status check: once a week, what should have ended by now."""

from __future__ import annotations

from contracts.workflow import DAY_S, HOUR_S, WEEK_S, EntityKind, Policy, Workflow

STATUS_CHECK = Workflow(
    name="status_check",
    policy=Policy(
        interval_s=WEEK_S,
        jitter_s=WEEK_S,
        catch_up_age_max_s=WEEK_S,
        catch_up_spread_s=DAY_S,
        retry_wait_s=6 * HOUR_S,
        retries_max=2,
    ),
    entity_kind=EntityKind.ANIME,
    description="asks whether a show that should have ended has",
)
