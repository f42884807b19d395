"""The bodies of the dead letters' routes: what is asked for, and what is answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contracts.model.scalars import Name
from handlers.dead_letters import LIST_MAX, State
from streams.http.models import Body

IDS_MAX: Final = 1_000
REASON_CHARS_MAX: Final = 500
BY_CHARS_MAX: Final = 100
TIME_CHARS_MAX: Final = 60
PER_SECOND: Final = 50.0
PER_SECOND_MAX: Final = 5_000.0


class LetterFacts(Body):
    """One dead letter without its bytes."""

    id: UUID = Field(description="Id of the letter.")
    stream: str = Field(description="Stream that its message was read from.")
    consumer: str = Field(description="Consumer that gave it up.")
    stream_sequence: int = Field(description="Sequence of the message in that stream.")
    subject: str = Field(description="Subject of the message; it is sent there again.")
    payload_bytes: int = Field(description="Size of the message.")
    is_whole: bool = Field(description="Whether nothing of the message is missing; otherwise it cannot be sent again.")
    error_class: str = Field(description="Class of the last error.")
    error: str = Field(description="The last error in words.")
    fingerprint: str = Field(description="The same for failures of one kind.")
    attempts: int = Field(description="How often it failed.")
    first_failed_at: datetime | None = Field(None, description="When it failed first.")
    last_failed_at: datetime = Field(description="When it failed last.")
    replays: int = Field(description="How often the message was sent again.")
    replay_of: UUID | None = Field(None, description="The letter that it was sent again for, when it failed anew.")
    state: State = Field(description="waiting, replayed or dropped.")
    decided_at: datetime | None = Field(None, description="When it was sent again or dropped.")
    decided_by: str | None = Field(None, description="By whom.")
    drop_reason: str | None = Field(None, description="Why it was dropped.")


class LetterList(Body):
    """Dead letters, latest first."""

    letters: list[LetterFacts] = Field(description="The letters.")


class LetterGroup(Body):
    """Failures of one kind, with the words of the last one."""

    fingerprint: str = Field(description="Names the group.")
    consumer: str = Field(description="Consumer that gave them up.")
    error_class: str = Field(description="Class of their errors.")
    waiting: int = Field(description="Letters that wait for a decision.")
    replayed: int = Field(description="Letters that were sent again.")
    dropped: int = Field(description="Letters that were dropped.")
    first_failed_at: datetime = Field(description="When the first of them failed.")
    last_failed_at: datetime = Field(description="When the last of them failed.")
    replays_max: int = Field(description="How often one of their messages was sent again.")
    sample_id: UUID = Field(description="The last letter.")
    sample_subject: str = Field(description="Its subject.")
    sample_error: str = Field(description="Its error in words.")


class LetterGroups(Body):
    """Dead letters by kind of failure."""

    groups: list[LetterGroup] = Field(description="The groups, those with the most letters that wait first.")


class LetterShown(LetterFacts):
    """One dead letter, with what its message holds."""

    headers: dict[str, str] = Field(description="Headers of the message.")
    sample_hex: str = Field(description="The first bytes of the message.")
    event: dict[str, Any] | None = Field(None, description="The message as an event, when it can be read.")
    unreadable: str | None = Field(None, description="Why it cannot be read, or is not shown.")


class LetterPart(Body):
    """The letters of a choice that one consumer gave up on one subject."""

    consumer: str = Field(description="The consumer.")
    subject: str = Field(description="The subject.")
    letters: int = Field(description="How many wait.")
    not_whole: int = Field(description="How many of them cannot be sent again.")
    first_failed_at: datetime = Field(description="When the first failed last.")
    last_failed_at: datetime = Field(description="When the last failed last.")


class LettersDecided(Body):
    """What came of a choice, or would."""

    is_dry: bool = Field(description="Whether nothing was done.")
    letters: int = Field(description="Letters of the choice that waited.")
    not_whole: int = Field(description="How many of them cannot be sent again.")
    done: int = Field(description="How many were sent again or dropped.")
    seconds: float | None = Field(None, description="How long sending them again takes at the rate asked for.")
    parts: list[LetterPart] = Field(default_factory=list, description="The choice by consumer and subject.")
    error: str | None = Field(None, description="Why it stopped early, if it did; asking again goes on from there.")


# PostgreSQL cannot store U+0000 in text.
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=REASON_CHARS_MAX, pattern=r"^[^\x00]*$")
]
Id = Annotated[list[UUID], Field(min_length=1, max_length=IDS_MAX)]


class Conditions(BaseModel):
    """What letters may have in common; those that are meant meet every condition that is given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fingerprint: Name | None = Field(None, description="Letters of this group.")
    consumer: Name | None = Field(None, description="Letters of this consumer.")
    subject: Name | None = Field(None, description="Letters of this original subject.")
    error_class: Name | None = Field(None, description="Letters with this class of error.")
    since: Annotated[str, Field(max_length=TIME_CHARS_MAX)] | None = Field(
        None, description="Letters that failed last since then: ISO 8601, or how long ago: 12h."
    )


class LetterQuery(Conditions):
    """Which letters are shown."""

    state: Annotated[list[State], Field(max_length=len(State))] = Field(
        [State.WAITING], description="waiting by default; may be repeated."
    )
    limit: int = Field(50, ge=1, le=LIST_MAX, description="How many at most.")


class ChoiceWish(Conditions):
    """Letters that wait; `all` has to be said for no condition at all."""

    ids: Id | None = Field(None, description="These letters.")
    all: bool = Field(False, description="Every letter that waits.")
    by: Annotated[Name, Field(max_length=BY_CHARS_MAX)] = Field("http", description="Who decides; it is kept.")
    dry_run: bool = Field(False, description="Only say what it would come to.")


class ReplayWish(ChoiceWish):
    """Send the messages of these letters again."""

    per_second: float = Field(
        PER_SECOND, gt=0, le=PER_SECOND_MAX, allow_inf_nan=False, description="How many a second at most."
    )


class DropWish(ChoiceWish):
    """Give these letters up for good."""

    reason: Reason = Field(description="Why; it is kept with each of them.")
