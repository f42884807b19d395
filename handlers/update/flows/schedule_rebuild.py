"""Schedule rebuild: every night, what every show and character needs to be looked at, and when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from contracts.workflow import DAY_S, HOUR_S, EntityKind, LookEnd, Policy, Workflow
from handlers.update.look import Flow, Found, Look, Tools
from handlers.update.planning import Plans, people_plans, show_plans

# Whole pages are planned in transactions of their own: planning the same again changes nothing, so a rebuild that died
# on its way is simply begun again.
PAGE_ROWS: Final = 2_000
PAGES_MAX: Final = 100_000


async def run(looks: Sequence[Look], tools: Tools) -> list[Found]:
    """Plan everything anew; one pass serves all looks that came at once."""
    outcome = await rebuild(tools)
    return [Found(look, LookEnd(outcome)) for look in looks]


async def rebuild(tools: Tools) -> str:
    """One pass over the catalogue in pages; says what came of it."""
    shows = timed = changed = 0
    after = None
    for _ in range(PAGES_MAX):
        page = await tools.records.shows(after, PAGE_ROWS)
        if not page:
            break
        after, shows = page[-1].id, shows + len(page)
        plans = show_plans(page, tools.now(), timedelta(days=tools.wishes.episode_window_days))
        timed += len(plans["episode_air_tracking"])
        changed += await _plan(tools, plans)
    people, after = 0, None
    for _ in range(PAGES_MAX):
        ids = await tools.records.people(after, PAGE_ROWS)
        if not ids:
            break
        after, people = ids[-1], people + len(ids)
        changed += await _plan(tools, people_plans(ids))
    return f"{shows} anime and {people} characters, {timed} air times within the window, {changed} plans changed"


async def _plan(tools: Tools, plans: Plans) -> int:
    return sum([await tools.plan(workflow, wanted) for workflow, wanted in plans.items() if wanted])


SCHEDULE_REBUILD = Flow(
    Workflow(
        name="schedule_rebuild",
        policy=Policy(interval_s=DAY_S, catch_up_age_max_s=DAY_S, retry_wait_s=HOUR_S / 2, retries_max=3),
        entity_kind=EntityKind.CATALOGUE,
        description="plans the looks of everything, at midnight UTC",
    ),
    run,
)
