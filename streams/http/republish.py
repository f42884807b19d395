"""POST /republish: what was sent is sent once more, from the outbox."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from streams.http.models import Republished
from streams.http.problems import NotOffered
from streams.http.services import Republish

SUBJECTS_MAX = 20
Since = Annotated[str, Query(max_length=60, description="2026-11-22T05:00:00Z, or how long ago: 90min, 12h, 7d.")]
Subjects = Annotated[
    list[Annotated[str, Query(max_length=100)]] | None,
    Query(alias="subject", max_length=SUBJECTS_MAX, description="Only these; all events where it is left out."),
]
DryRun = Annotated[bool, Query(description="Only count.")]


def republish_routes(republish: Republish | None) -> APIRouter:
    """The route that sends again."""
    router = APIRouter(tags=["operations"])

    @router.post("/republish", summary="Send again what was sent")
    async def send(since: Since, subjects: Subjects = None, dry_run: DryRun = False) -> Republished:
        """Every event that the outbox remembers since then; who handled it before does so without effect."""
        if republish is None:
            raise NotOffered("this process relays nothing; ask the one whose ECHORA_ROLES has `relay`")
        messages = await republish(since, subjects, is_dry=dry_run)
        return Republished(messages=dict(messages), is_dry=dry_run)

    return router
