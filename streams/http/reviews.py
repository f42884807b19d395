"""Reviews over HTTP: what waits for a person, and what a person decides."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from streams.http.problems import NotFound, NotOffered
from streams.http.review_models import (
    ApproveWish,
    BulkDecided,
    BulkWish,
    DecidedReview,
    RejectWish,
    ReviewDetail,
    ReviewList,
    ReviewQuery,
    UndoWish,
)
from streams.http.services import Reviews

Asked = Annotated[ReviewQuery, Query()]


def review_routes(reviews: Reviews | None) -> APIRouter:
    """The routes of the reviews."""
    router = APIRouter(prefix="/reviews", tags=["reviews"])

    @router.get("", summary="Changes that wait for a person, or waited")
    async def listing(query: Asked) -> ReviewList:
        """Newest first, those that pass every filter; `after` in the answer asks for the next page."""
        return await _offered(reviews).listing(query)

    @router.post("/decide", summary="Decide about many at once")
    async def decide(wish: BulkWish) -> BulkDecided:
        """Everything that waits and is meant, oldest first; dry unless said otherwise."""
        return await _offered(reviews).decide(wish)

    @router.get("/{review_id}", summary="One review, with the record as it is now")
    async def show(review_id: UUID) -> ReviewDetail:
        """Whether it can still be applied or undone, and everything that people did about it."""
        found = await _offered(reviews).show(review_id)
        if found is None:
            raise NotFound(f"there is no review {review_id}; `echora review list --state all` shows those there are")
        return found

    @router.post("/{review_id}/approve", summary="Apply the change")
    async def approve(review_id: UUID, wish: ApproveWish) -> DecidedReview:
        """As proposed, or with a value of your own; 409 when the record has changed since."""
        return await _offered(reviews).approve(review_id, wish)

    @router.post("/{review_id}/reject", summary="Turn the change down")
    async def reject(review_id: UUID, wish: RejectWish) -> DecidedReview:
        """The record stays as it is, and the same change is not proposed again."""
        return await _offered(reviews).turn_down(review_id, wish)

    @router.post("/{review_id}/undo", summary="Take a decision back")
    async def undo(review_id: UUID, wish: UndoWish) -> DecidedReview:
        """An approval while nothing newer touched the field; a rejection while it still fits, and it waits again."""
        return await _offered(reviews).undo(review_id, wish)

    return router


def _offered(reviews: Reviews | None) -> Reviews:
    if reviews is None:
        raise NotOffered("this process keeps no reviews; ask the one whose ECHORA_ROLES has `update`")
    return reviews
