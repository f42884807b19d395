"""Character refresh: every character once a week, with its voice actors."""

from __future__ import annotations

from contracts.workflow import DAY_S, HOUR_S, WEEK_S, EntityKind, Policy, Workflow

CHARACTER_REFRESH = Workflow(
    name="character_refresh",
    policy=Policy(
        interval_s=WEEK_S,
        jitter_s=WEEK_S,
        catch_up_age_max_s=WEEK_S,
        catch_up_spread_s=2 * DAY_S,
        retry_wait_s=6 * HOUR_S,
        retries_max=2,
    ),
    entity_kind=EntityKind.CHARACTER,
    description="looks at a character and its voice actors once a week",
)
