"""Score sync: once a day, what airs and what ended lately."""

from __future__ import annotations

from contracts.workflow import DAY_S, HOUR_S, MINUTE_S, EntityKind, Policy, Workflow

SCORE_SYNC = Workflow(
    name="score_sync",
    policy=Policy(
        interval_s=DAY_S,
        phase_s=6 * HOUR_S,
        # A day that was missed is worth nothing once the next one has begun: scores have no history.
        catch_up_age_max_s=DAY_S,
        retry_wait_s=15 * MINUTE_S,
        retries_max=3,
        run_timeout_s=6 * HOUR_S,
    ),
    entity_kind=EntityKind.CATALOGUE,
    description="compares the scores of what airs or ended lately",
)
