"""Reviews that are answered from memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from contracts.errors import Permanent
from handlers.review.wanted import Wanted
from streams.http.problems import NotFound
from streams.http.review_models import (
    ApproveWish,
    BulkDecided,
    BulkWish,
    DecidedReview,
    HeldChange,
    RejectWish,
    ReviewDetail,
    ReviewList,
    ReviewQuery,
    UndoWish,
)

REVIEW = UUID("3a6d2f0e-6c7b-5d4e-9a51-0b9b7d6f1c11")
MOVED = UUID("3a6d2f0e-6c7b-5d4e-9a51-0b9b7d6f1c12")
RING = UUID("a14d8236-ea4c-5a2f-8965-58670a85bc90")
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def change(**fields: Any) -> dict[str, Any]:
    """A change of a title that waits for three hours."""
    return {
        "id": REVIEW,
        "state": "pending",
        "entity_type": "anime",
        "entity_id": RING,
        "title": "The \x1b[31mRing\x1b[0m",
        "field": "title",
        "old": "The Ring",
        "new": "Ropes",
        "source": "kitsu",
        "observed_at": NOON - timedelta(hours=4),
        "reasons": [{"rule": "title changed", "reason": "title changes from “The Ring” to “Ropes”"}],
        "base_version": 3,
        "created_at": NOON - timedelta(hours=3),
    } | fields


LISTED = change(
    id=MOVED, field="studios", old=[{"name": "A"}, {"name": "B"}, {"name": "C"}], new=[{"name": "C"}, {"name": "D"}]
)


@dataclass
class Reviews:
    """What was asked; `failure` is raised by everything."""

    asked: list[tuple[Any, ...]] = field(default_factory=list)
    failure: Exception | None = None

    def _ask(self, *asked: Any) -> None:
        if self.failure:
            raise self.failure
        self.asked.append(asked)

    async def listing(self, query: ReviewQuery) -> ReviewList:
        said = query.model_dump(exclude={"state", "older_than", "after", "limit"}, exclude_none=True)
        Wanted(None if query.state == "all" else query.state, **said)
        self._ask("list", query.state, said, query.older_than, query.after, query.limit)
        held = [HeldChange.model_validate(one) for one in (change(), LISTED)]
        return ReviewList(now=NOON, waiting=41, reviews=held, after=MOVED)

    async def show(self, review_id: UUID) -> ReviewDetail | None:
        self._ask("show", review_id)
        if review_id != REVIEW:
            return None
        return ReviewDetail.model_validate(
            change(state="approved", was_edited=True, edited="Rope", decided_at=NOON, decided_by="ann")
            | {
                "event_id": MOVED,
                "belief": {"rule": "most believed", "dissents": {"mal": "The Rings", "anilist": "Rings"}},
                "current": "Rope",
                "current_source": "person",
                "current_version": 4,
                "base_holds": False,
                "can_undo": True,
                "story": [{"act": "approved", "by": "ann", "at": NOON, "reason": "checked"}],
            }
        )

    async def approve(self, review_id: UUID, wish: ApproveWish) -> DecidedReview:
        return self._decided("approve", "approved", review_id, wish)

    async def turn_down(self, review_id: UUID, wish: RejectWish) -> DecidedReview:
        return self._decided("reject", "rejected", review_id, wish)

    async def undo(self, review_id: UUID, wish: UndoWish) -> DecidedReview:
        return self._decided("undo", "undone", review_id, wish)

    async def decide(self, wish: BulkWish) -> BulkDecided:
        Wanted(None, wish.source, wish.rule, wish.field)
        self._ask("decide", wish)
        problems = [DecidedReview(id=MOVED, state="failed", problem="the record has changed since: it is “X” now")]
        return BulkDecided(
            now=NOON,
            decision=wish.decision,
            is_dry=wish.dry_run,
            matching=3,
            done=0 if wish.dry_run else 1,
            left=1,
            problems=[] if wish.dry_run else problems,
            sample=[HeldChange.model_validate(change())],
        )

    def _decided(self, act: str, state: str, review_id: UUID, wish: Any) -> DecidedReview:
        self._ask(act, review_id, wish.model_dump(exclude_unset=True))
        if review_id == MOVED:
            raise Permanent("the record has changed since: title is “X” now")
        if review_id != REVIEW:
            raise NotFound(f"there is no review {review_id}")
        return DecidedReview(id=review_id, state=state, version=4)
