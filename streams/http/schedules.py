"""The schedule over HTTP: what is due, what was missed, and what a person does about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query
from pydantic import AfterValidator

from streams.http.problems import NotFound, NotOffered
from streams.http.schedule_models import (
    ID_PATTERN,
    TITLE_CHARS_MAX,
    Acted,
    Backfilled,
    BackfillWish,
    EntitySchedule,
    Governed,
    PauseWish,
    PolicyWish,
    ResumeWish,
    ScheduleList,
    Section,
    Triggered,
    TriggerWish,
    without_nul,
)
from streams.http.services import Schedules

LIST_MAX: Final = 1_000
_ALL: Final = (Section.DUE, Section.MISSES)
WorkflowName = Annotated[str, Path(max_length=100, description="The workflow.")]
EntityId = Annotated[str, Path(pattern=ID_PATTERN, description="Id of the anime or character.")]
Workflow = Annotated[str | None, Query(max_length=100, description="Only this workflow.")]
Title = Annotated[
    Annotated[str, AfterValidator(without_nul)] | None,
    Query(min_length=1, max_length=TITLE_CHARS_MAX, description="A part of a title or name."),
]
Sections = Annotated[
    list[Section] | None, Query(max_length=3, description="Which parts; by default what is due and what was missed.")
]
Limit = Annotated[int, Query(ge=1, le=LIST_MAX, description="How many rows of each part at most.")]


def schedule_routes(schedules: Callable[[], Schedules] | None) -> APIRouter:
    """The routes of the schedule."""
    router = APIRouter(prefix="/schedules", tags=["schedule"])

    @router.get("", summary="What is due next, and what was missed")
    async def listing(
        workflow: Workflow = None, title: Title = None, section: Sections = None, limit: Limit = 20
    ) -> ScheduleList:
        """Earliest first; misses latest first. How much is paused is always said; the section `paused` lists it."""
        return await _offered(schedules).listing(workflow=workflow, title=title, sections=section or _ALL, limit=limit)

    @router.get("/{entity_id}", summary="Everything that is scheduled for one entity")
    async def show(entity_id: EntityId, workflow: Workflow = None) -> EntitySchedule:
        """Its row of each workflow with the policy that counts, the last look and its outcome, and its misses."""
        found = await _offered(schedules).show(entity_id, workflow)
        if found is None:
            raise NotFound(f"nothing is scheduled for {entity_id}; `echora schedule list` shows what is")
        return found

    @router.post("/{workflow}/pause", summary="Stop looking until it is resumed")
    async def pause(workflow: WorkflowName, wish: PauseWish) -> Acted:
        """The timers are cancelled; a look that is under way ends as always. The plan stays as it is."""
        return await _offered(schedules).pause(workflow, wish.ids, wish.reason)

    @router.post("/{workflow}/resume", summary="Look again")
    async def resume(workflow: WorkflowName, wish: ResumeWish) -> Acted:
        """Regular slots that passed meanwhile are missed; an air time that passed is looked for now."""
        return await _offered(schedules).resume(workflow, wish.ids, wish.reason)

    @router.post("/{workflow}/trigger", summary="Look now")
    async def trigger(workflow: WorkflowName, wish: TriggerWish) -> Triggered:
        """The look is queued when this answers; the next regular one follows from its end."""
        return await _offered(schedules).trigger(workflow, wish.ids, wish.why)

    @router.post("/{workflow}/policy", summary="Look by a policy of its own")
    async def policy(workflow: WorkflowName, wish: PolicyWish) -> Governed:
        """What was of their own before is replaced. A regular look to come moves to its place by the new policy."""
        return await _offered(schedules).policy(workflow, wish.ids, wish.policy)

    @router.post("/{workflow}/backfill", summary="Look for the slots of a past range")
    async def backfill(workflow: WorkflowName, wish: BackfillWish) -> Backfilled:
        """Dry unless said otherwise: the looks, and per source the requests and minutes of budget they would take."""
        return await _offered(schedules).backfill(workflow, wish)

    return router


def _offered(schedules: Callable[[], Schedules] | None) -> Schedules:
    if schedules is None:
        raise NotOffered("this process keeps no schedule; ask the one whose ECHORA_ROLES has `update`")
    return schedules()
