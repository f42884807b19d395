"""Metadata refresh: every anime once a week, or when somebody asks for it."""

from __future__ import annotations

from contracts.workflow import DAY_S, HOUR_S, WEEK_S, EntityKind, Overlap, Policy, Workflow

METADATA_REFRESH = Workflow(
    name="metadata_refresh",
    policy=Policy(
        interval_s=WEEK_S,
        jitter_s=WEEK_S,
        # Somebody who asks while a look is under way wants what is true after the asking.
        overlap=Overlap.BUFFER_ONE,
        catch_up_age_max_s=WEEK_S,
        catch_up_spread_s=DAY_S,
        retry_wait_s=6 * HOUR_S,
        retries_max=2,
    ),
    entity_kind=EntityKind.ANIME,
    description="looks at status, dates, staff, texts and the rest once a week or on demand",
)
