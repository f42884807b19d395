"""GET /activity: what the catalogue did lately, for screens and for people."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from handlers.activity.reading import HAPPENINGS_MAX, Activity
from streams.http.models import Body
from streams.http.problems import NotOffered

Read = Callable[[int | None, int], Awaitable[tuple[Activity, datetime, str | None]]]
"""The activity behind a number, the catalogue's time, and where the simulated world is, if this process asks one."""

After = Annotated[int | None, Query(ge=0, description="Go on behind this happening; the newest ones if left out.")]
Limit = Annotated[int, Query(ge=1, le=HAPPENINGS_MAX, description="At most so many happenings.")]


class HappeningBody(Body):
    """Something that was told."""

    number: int = Field(description="Its place in the order of telling.")
    at: datetime = Field(description="When it was told, by the catalogue's clock.")
    kind: str = Field(description="episode, score, anime or character.")
    entity_id: str = Field(description="The anime or character.")
    title: str = Field(description="Its title or name.")
    text: str = Field(description="What happened, in words.")
    fields: list[str] = Field(default_factory=list, description="Fields that changed.")


class WorkflowBody(Body):
    """One workflow."""

    name: str = Field(description="Name of the workflow.")
    rows: int = Field(description="Rows of its schedule.")
    timed: int = Field(description="Rows whose timer is out.")
    running: int = Field(description="Looks that run now.")
    paused: int = Field(description="Rows that are paused.")
    retrying: int = Field(description="Rows that wait for another attempt.")
    looked_at: int = Field(description="Rows that were looked at.")
    next_due_at: datetime | None = Field(None, description="When the next look is due.")
    timers_set: int = Field(0, description="Timers that were set, of those still remembered.")
    timers_repeated: int = Field(0, description="Those of them for another attempt at a slot.")
    outcomes: dict[str, int] = Field(default_factory=dict, description="How the last look of each row ended.")
    misses: dict[str, int] = Field(default_factory=dict, description="Slots without a look, by reason.")


class ActivityBody(Body):
    """What the catalogue did, as it was committed."""

    now: datetime = Field(description="The catalogue's clock: the world's in a simulated one.")
    world_url: str | None = Field(None, description="Where the simulated world is; absent with live sources.")
    workflows: list[WorkflowBody] = Field(default_factory=list)
    told: dict[str, int] = Field(default_factory=dict, description="Events by subject, of those still remembered.")
    outbox_pending: int = Field(description="Rows not published yet.")
    held: dict[str, dict[str, int]] = Field(default_factory=dict, description="Held changes by state and rule.")
    happenings: list[HappeningBody] = Field(default_factory=list, description="In the order of telling.")
    after: int = Field(description="Where to go on reading.")


def activity_routes(read: Read | None) -> APIRouter:
    """The route that tells what happens."""
    router = APIRouter(tags=["operations"])

    @router.get("/activity", summary="What happens")
    async def activity(after: After = None, limit: Limit = 20) -> ActivityBody:
        """Counters of everything committed, and what was told since, or lately."""
        if read is None:
            raise NotOffered("this process looks at nothing; ask the one whose ECHORA_ROLES has `update`")
        found, now, world_url = await read(after, limit)
        body: dict[str, Any] = asdict(found)
        return ActivityBody.model_validate({**body, "now": now, "world_url": world_url})

    return router
