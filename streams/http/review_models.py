"""The bodies of the reviews' routes: what is asked for, and what is answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from contracts.events import Belief
from streams.http.models import Body

BY_CHARS_MAX: Final = 100
REASON_CHARS_MAX: Final = 500
WORD_CHARS_MAX: Final = 200
STATE_CHARS_MAX: Final = 20
LIST_DEFAULT: Final = 50
LIST_MAX: Final = 200
BULK_MAX: Final = 1_000
BULK_DEFAULT: Final = 500


def storable(text: str) -> str:
    """The text. Raises ValueError for characters that PostgreSQL does not take: NUL, and halves of a pair."""
    if "\0" in text:
        raise ValueError("holds a NUL character, which no text may")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("holds half of a character (a lone surrogate), which no text may") from None
    return text


class RiskReason(Body):
    """Why a change is held."""

    rule: str = Field(description="Name of the rule.")
    reason: str = Field(description="The reason in words.")


class HeldChange(Body):
    """A change that waits or waited for a person."""

    id: UUID = Field(description="Id of the review.")
    state: str = Field(description="pending, approved, rejected, superseded, expired, failed or undone.")
    entity_type: str = Field(description="anime or character.")
    entity_id: UUID = Field(description="Id of the anime or character.")
    title: str | None = Field(None, description="Its title or name now.")
    field: str = Field(description="The field that would change.")
    old: Any = Field(None, description="The value that it changes; null for none.")
    new: Any = Field(None, description="The value that is proposed; null takes it away.")
    was_edited: bool = Field(False, description="Whether a person put a value of their own in its place.")
    edited: Any = Field(None, description="That value.")
    source: str = Field(description="Who proposed it; several are joined by +.")
    observed_at: datetime = Field(description="When it was observed.")
    reasons: list[RiskReason] = Field(description="Why it is held.")
    base_version: int = Field(description="Version of the row that it was judged on.")
    created_at: datetime = Field(description="Since when it waits.")
    decided_at: datetime | None = Field(None, description="When that ended.")
    decided_by: str | None = Field(None, description="Who decided.")
    decision_reason: str | None = Field(None, description="Why.")


class Act(Body):
    """What somebody did about a review."""

    act: str = Field(description="approved, rejected, undone or failed.")
    by: str = Field(description="Who.")
    at: datetime = Field(description="When.")
    reason: str = Field("", description="Why.")


class ReviewDetail(HeldChange):
    """A review with the record as it is now."""

    event_id: UUID = Field(description="The event that proposed it.")
    belief: Belief | None = Field(None, description="By which rule the proposed value was believed, and who said else.")
    current: Any = Field(None, description="What the field holds now.")
    current_source: str | None = Field(None, description="Who said that.")
    current_version: int | None = Field(None, description="Version of the row now.")
    base_holds: bool = Field(description="Whether the field still holds the value that the change was judged on.")
    can_undo: bool = Field(description="Whether the decision can be taken back.")
    story: list[Act] = Field(description="Everything that people did about it, oldest first.")


class ReviewList(Body):
    """A page of reviews."""

    now: datetime = Field(description="The clock that reviews run on.")
    waiting: int = Field(description="How many wait for a person in all.")
    reviews: list[HeldChange] = Field(description="Newest first.")
    after: UUID | None = Field(None, description="Ask with it for the next page; absent on the last one.")


class DecidedReview(Body):
    """What became of a review."""

    id: UUID = Field(description="Id of the review.")
    state: str = Field(description="Its state now.")
    version: int | None = Field(None, description="Version of the entity's row now.")
    problem: str | None = Field(None, description="Why it was not done as asked.")


class BulkDecided(Body):
    """What became, or would become, of everything that a filter means."""

    now: datetime = Field(description="The clock that reviews run on.")
    decision: str = Field(description="approve or reject.")
    is_dry: bool = Field(description="Whether nothing was done.")
    matching: int = Field(description="How many wait and are meant.")
    done: int = Field(0, description="How many were decided as asked.")
    left: int = Field(0, description="How many of them were left for another call.")
    problems: list[DecidedReview] = Field(default_factory=list, description="Those that were not decided as asked.")
    sample: list[HeldChange] = Field(default_factory=list, description="Some of those that are meant, oldest first.")


_STORABLE = AfterValidator(storable)
By = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=BY_CHARS_MAX), _STORABLE]
Why = Annotated[str, StringConstraints(strip_whitespace=True, max_length=REASON_CHARS_MAX), _STORABLE]
SaidWhy = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=REASON_CHARS_MAX), _STORABLE]
Word = Annotated[str, StringConstraints(min_length=1, max_length=WORD_CHARS_MAX), _STORABLE]


class Conditions(BaseModel):
    """Which reviews are meant: those that meet every condition that is set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: Word | None = Field(None, description="Held by this rule.")
    source: Word | None = Field(None, description="Proposed by this source.")
    field: Word | None = Field(None, description="A change of this field.")
    title: Word | None = Field(None, description="Of titles or names that contain this.")
    entity_id: UUID | None = Field(None, description="Of this anime or character.")
    older_than: Word | None = Field(None, description="Waiting since before then: 7d, 12h or an instant.")


class ReviewQuery(Conditions):
    """Which reviews are shown."""

    state: Annotated[str, Field(max_length=STATE_CHARS_MAX)] = Field(
        "pending", description="pending, a state that it ended in, or all."
    )
    after: UUID | None = Field(None, description="Go on after this review, which the page before named.")
    limit: int = Field(LIST_DEFAULT, ge=1, le=LIST_MAX, description="How many at most.")


class _Wish(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    by: By = Field(description="Who decides.")


class ApproveWish(_Wish):
    """Apply the change; with `value` that one in its place (null takes the field's value away)."""

    reason: Why = Field("", description="Why.")
    value: Any = Field(None, description="A value of your own; leave it out to approve the change as proposed.")

    @property
    def is_edited(self) -> bool:
        """Whether a value was given, be it null."""
        return "value" in self.model_fields_set


class RejectWish(_Wish):
    """Turn the change down."""

    reason: SaidWhy = Field(description="Why; the same change is not proposed again.")


class UndoWish(_Wish):
    """Take the decision back."""

    reason: SaidWhy = Field(description="Why.")


class BulkWish(_Wish, Conditions):
    """Decide about everything that waits and passes all these conditions; at least one has to be said."""

    decision: Literal["approve", "reject"] = Field(description="approve or reject.")
    reason: SaidWhy = Field(description="Why.")
    limit: int = Field(BULK_DEFAULT, ge=1, le=BULK_MAX, description="How many at most, oldest first.")
    dry_run: bool = Field(True, description="Only say what would be decided.")
