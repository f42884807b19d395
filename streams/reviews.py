"""Reviews as people see and decide them: behind the routes of streams/http/reviews.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

import asyncpg

from contracts.clock import Clock
from contracts.errors import Permanent, Refused
from handlers.persist import decided
from handlers.persist.decision import MISSING, Decided, Decision
from handlers.persist.edits import Edit
from handlers.review import reading
from handlers.review.reading import Review
from handlers.review.wanted import Wanted
from streams.http.problems import NotFound
from streams.http.review_models import (
    ApproveWish,
    BulkDecided,
    BulkWish,
    Conditions,
    DecidedReview,
    HeldChange,
    RejectWish,
    ReviewDetail,
    ReviewList,
    ReviewQuery,
    UndoWish,
)
from streams.http.times import instant

SAMPLE_MAX: Final = 50
PROBLEMS_MAX: Final = 100
ALL: Final = "all"
PENDING: Final = "pending"


class Held(Protocol):
    """What a review needs of the running program: its pool, and the catalogue's clock, once it has started."""

    @property
    def pool(self) -> asyncpg.Pool: ...  # noqa: D102

    @property
    def calendar(self) -> Clock: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class ReviewDesk:
    """The port `Reviews` of the routes."""

    runtime: Held

    async def listing(self, query: ReviewQuery) -> ReviewList:
        """A page of those that are meant."""
        now = self.runtime.calendar.now()
        wanted = _wanted(query, None if query.state == ALL else query.state, now)
        found = await reading.listing(self.runtime.pool, wanted, rows_max=query.limit + 1, after=query.after)
        page = found[: query.limit]
        return ReviewList(
            now=now,
            waiting=await reading.count(self.runtime.pool, Wanted(state=PENDING)),
            reviews=[_held(one) for one in page],
            after=page[-1].id if len(found) > query.limit else None,
        )

    async def show(self, review_id: UUID) -> ReviewDetail | None:
        """One review, None when there is none of that id."""
        found = await reading.show(self.runtime.pool, review_id)
        if found is None:
            return None
        return ReviewDetail(
            **_fields(found.review),
            event_id=found.review.event_id,
            current=found.current,
            current_source=found.said_by,
            current_version=found.version,
            base_holds=found.base_holds,
            can_undo=found.can_undo,
            story=list(found.story),
            belief=found.belief,
        )

    async def approve(self, review_id: UUID, wish: ApproveWish) -> DecidedReview:
        """Apply it. Raises Permanent when that is not possible any more."""
        edit = Edit(wish.value) if wish.is_edited else None
        why = wish.reason or ("edited" if edit else "as proposed")
        return _done(await decided.approve(self.runtime.pool, [review_id], self._decision(wish.by, why), edit))

    async def turn_down(self, review_id: UUID, wish: RejectWish) -> DecidedReview:
        """Turn it down. Raises Permanent when it does not wait."""
        return _done(await decided.turn_down(self.runtime.pool, [review_id], self._decision(wish.by, wish.reason)))

    async def undo(self, review_id: UUID, wish: UndoWish) -> DecidedReview:
        """Take the decision back. Raises Permanent when that is not possible any more."""
        return _done(await decided.undo(self.runtime.pool, [review_id], self._decision(wish.by, wish.reason)))

    async def decide(self, wish: BulkWish) -> BulkDecided:
        """Decide about everything that waits and is meant."""
        now = self.runtime.calendar.now()
        wanted = _wanted(wish, PENDING, now)
        if not wanted.is_narrow:
            raise Refused("reviews", "rule", "say which reviews: a rule, source, field, title, entity or age")
        matching = await reading.count(self.runtime.pool, wanted)
        found = await reading.listing(self.runtime.pool, wanted, rows_max=wish.limit, oldest_first=True)
        answer = BulkDecided(
            now=now,
            decision=wish.decision,
            is_dry=wish.dry_run,
            matching=matching,
            left=max(0, matching - len(found)),
            sample=[_held(one) for one in found[:SAMPLE_MAX]],
        )
        if wish.dry_run:
            return answer
        act = decided.approve if wish.decision == "approve" else decided.turn_down
        outcomes = await act(self.runtime.pool, [one.id for one in found], self._decision(wish.by, wish.reason))
        problems = [_answer(one) for one in outcomes if one.problem]
        return answer.model_copy(update={"done": len(outcomes) - len(problems), "problems": problems[:PROBLEMS_MAX]})

    def _decision(self, by: str, reason: str) -> Decision:
        return Decision(by, reason, self.runtime.calendar.now())


def _wanted(said: Conditions, state: str | None, now: datetime) -> Wanted:
    try:
        before = instant(said.older_than, now) if said.older_than is not None else None
    except ValueError as error:
        raise Refused("reviews", "older_than", str(error)) from error
    return Wanted(state, said.source, said.rule, said.field, said.entity_id, said.title, before)


def _done(outcomes: Sequence[Decided]) -> DecidedReview:
    (outcome,) = outcomes
    if outcome.state == MISSING:
        raise NotFound(str(outcome.problem))
    if outcome.problem:
        raise Permanent(outcome.problem)
    return _answer(outcome)


def _answer(outcome: Decided) -> DecidedReview:
    return DecidedReview(id=outcome.id, state=outcome.state, version=outcome.version, problem=outcome.problem)


def _held(review: Review) -> HeldChange:
    return HeldChange(**_fields(review))


def _fields(review: Review) -> dict[str, Any]:
    return {name: getattr(review, name) for name in HeldChange.model_fields}
