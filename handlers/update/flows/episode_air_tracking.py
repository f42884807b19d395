"""Episode air tracking: every show at the minute its next episode should air."""

from __future__ import annotations

from contracts.workflow import DAY_S, HOUR_S, MINUTE_S, EntityKind, Overlap, Policy, Workflow

EPISODE_AIR_TRACKING = Workflow(
    name="episode_air_tracking",
    policy=Policy(
        # Air times are planned one by one, from the slot or from a source.
        interval_s=None,
        overlap=Overlap.BUFFER_ONE,
        # One look finds every number up to the source's latest, so one is enough however many were missed.
        catch_up_runs_max=1,
        catch_up_age_max_s=14 * DAY_S,
        catch_up_spread_s=15 * MINUTE_S,
        retry_wait_s=2 * HOUR_S,
        retries_max=3,
    ),
    entity_kind=EntityKind.ANIME,
    description="looks for the next episode when it should have aired",
)
