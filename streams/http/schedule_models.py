"""The bodies of the schedule's routes: what is asked for, and what is answered."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from contracts.workflow import Confidence, MissReason
from streams.http.models import Body

IDS_MAX: Final = 1_000
REASON_CHARS_MAX: Final = 500
TITLE_CHARS_MAX: Final = 200
TIME_CHARS_MAX: Final = 60


# As rows have them: an id is a part of a subject.
ID_PATTERN: Final = r"^[A-Za-z0-9_-]{1,100}$"


def without_nul(text: str) -> str:
    """The text. Raises ValueError for a NUL character, which PostgreSQL does not take."""
    if "\0" in text:
        raise ValueError("holds a NUL character, which no text may")
    return text


class Section(StrEnum):
    """A part of the list."""

    DUE = "due"
    MISSES = "misses"
    PAUSED = "paused"


class ScheduledLook(Body):
    """One row: what is due for an entity of a workflow."""

    workflow: str = Field(description="The workflow.")
    entity_id: str = Field(description="Id of the anime or character, or the name of a part of the catalogue.")
    title: str | None = Field(None, description="Title or name; absent for a part of the catalogue.")
    state: str = Field(description="waiting, running, paused or idle.")
    due_at: datetime | None = Field(None, description="When it is looked at next; absent when nothing is due.")
    slot_at: datetime | None = Field(None, description="The slot that this look stands for; a retry is due later.")
    attempt: int = Field(1, description="1 for the first look at a slot, more for a retry.")
    reason: str = Field("", description="Why it is due then.")
    confidence: Confidence = Field(description="How far the time can be trusted.")
    paused_at: datetime | None = Field(None, description="Since when it is paused.")
    paused_reason: str | None = Field(None, description="Why it is paused.")


class MissedSlot(Body):
    """A slot that passed without a look."""

    workflow: str = Field(description="The workflow.")
    entity_id: str = Field(description="Id of the entity.")
    title: str | None = Field(None, description="Title or name of the entity.")
    slot_at: datetime = Field(description="The slot.")
    reason: MissReason = Field(description="Why nobody looked.")
    at: datetime = Field(description="When that was recorded.")


class PauseGroup(Body):
    """Rows of one workflow that are paused for one reason."""

    workflow: str = Field(description="The workflow.")
    reason: str = Field(description="Why they are paused.")
    count: int = Field(description="How many rows.")
    since: datetime = Field(description="When the first of them was paused.")
    is_whole: bool = Field(False, description="Whether the workflow is paused as a whole, with what will be new in it.")


class ScheduleList(Body):
    """What is due next, what was missed lately, and what is paused."""

    now: datetime = Field(description="The clock that the schedule runs on: the world's where one is simulated.")
    due: list[ScheduledLook] = Field(default_factory=list, description="Due next, earliest first; nothing paused.")
    misses: list[MissedSlot] = Field(default_factory=list, description="Missed lately, latest first.")
    paused: list[ScheduledLook] = Field(default_factory=list, description="Paused rows, latest first.")
    pauses: list[PauseGroup] = Field(default_factory=list, description="How much is paused, by workflow and reason.")


class ScheduledEntity(ScheduledLook):
    """One row with its policy and its story."""

    policy: dict[str, Any] = Field(description="The policy that counts for this row; times in seconds.")
    own_policy: dict[str, Any] | None = Field(None, description="Where it differs from its workflow's.")
    running_since: datetime | None = Field(None, description="When the look under way began.")
    resumed_at: datetime | None = Field(None, description="When it was resumed last, unless it is paused again.")
    resumed_reason: str | None = Field(None, description="Why it was resumed, where that was said.")
    buffered: bool = Field(False, description="Whether one more look follows the one under way.")
    backfill: list[datetime] = Field(default_factory=list, description="Past slots that are still to be looked for.")
    timer_due_at: datetime | None = Field(
        None, description="What the timer at NATS is set to; absent beyond the horizon."
    )
    last_slot_at: datetime | None = Field(None, description="The last slot that was looked for.")
    last_run_at: datetime | None = Field(None, description="When the last look ended.")
    last_outcome: str | None = Field(None, description="What came of it.")


class EntitySchedule(Body):
    """Everything that is scheduled for one entity."""

    now: datetime = Field(description="The clock that the schedule runs on.")
    entity_id: str = Field(description="Id of the entity.")
    title: str | None = Field(None, description="Title or name of the entity.")
    schedules: list[ScheduledEntity] = Field(description="Its row of each workflow.")
    misses: list[MissedSlot] = Field(description="Its latest misses.")


class Acted(Body):
    """What a pause or a resume did."""

    workflow: str = Field(description="The workflow.")
    changed: int = Field(description="How many rows changed; those that were so before do not count.")


class Triggered(Body):
    """What came of each entity."""

    workflow: str = Field(description="The workflow.")
    came: dict[str, str] = Field(
        description="By id: triggered, buffered (one runs, this follows), overlap (one runs, this is left), paused."
    )


class Governed(Body):
    """By which policy these are looked at from now on."""

    workflow: str = Field(description="The workflow.")
    ids: list[str] = Field(description="The ids.")
    policy: dict[str, Any] = Field(description="The policy that counts for them; times in seconds.")
    own_policy: dict[str, Any] | None = Field(None, description="Where it differs from the workflow's.")


class BackfillTick(Body):
    """One look that a backfill makes or would make."""

    entity_id: str = Field(description="Id of the entity.")
    title: str | None = Field(None, description="Title or name of the entity.")
    slot_at: datetime = Field(description="The past slot that is looked for.")


class SourceCost(Body):
    """About what looks cost at one source: by its batches, and by the pages that an answer has on average."""

    requests: int = Field(description="Requests.")
    minutes: float = Field(description="Minutes of the source's budget.")


class Backfilled(Body):
    """What a backfill did or would do."""

    workflow: str = Field(description="The workflow.")
    is_dry: bool = Field(description="Whether nothing was done.")
    start: datetime = Field(description="From here on.")
    end: datetime = Field(description="Up to here, not included.")
    entities: int = Field(description="Entities that have a slot within.")
    paused: int = Field(0, description="How many of them are paused; their looks wait until they are resumed.")
    tick_count: int = Field(description="Looks in all.")
    ticks: list[BackfillTick] = Field(description="The looks, of very many only the first.")
    costs: dict[str, SourceCost] = Field(
        description="By source; what our own cache answers costs nothing, and repeated looks are not in it."
    )


class _Wish(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Id = Annotated[str, StringConstraints(strip_whitespace=True, pattern=ID_PATTERN)]
Ids = Annotated[list[Id], Field(min_length=1, max_length=IDS_MAX)]
Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=REASON_CHARS_MAX),
    AfterValidator(without_nul),
]


class PauseWish(_Wish):
    """Pause these, or all of the workflow."""

    ids: Ids | None = Field(None, description="Ids; left out, all that the workflow has and what will be new in it.")
    reason: Reason = Field(description="Why; whoever finds it later has to know whether to resume.")


class ResumeWish(_Wish):
    """Resume these, or all of the workflow."""

    ids: Ids | None = Field(None, description="Ids; left out, all that the workflow has.")
    reason: Reason | None = Field(None, description="Why it may go on; it is shown until it is paused again.")


class TriggerWish(_Wish):
    """Look at these now."""

    ids: Ids = Field(description="Ids.")
    why: Reason = Field(description="Why now; it is kept as the reason of the look.")


class PolicyWish(_Wish):
    """Look at these by a policy of their own."""

    ids: Ids = Field(description="Ids.")
    policy: dict[str, Any] | None = Field(
        description="Where it differs from the workflow's, e.g. {\"interval_s\": 86400}; null for the workflow's again."
    )


class BackfillWish(_Wish):
    """Look for the slots of a range; those of these ids, of a title, or of all that the workflow has."""

    start: Annotated[str, Field(max_length=TIME_CHARS_MAX)] = Field(description="ISO 8601, or how long ago: 7d.")
    end: Annotated[str, Field(max_length=TIME_CHARS_MAX)] = Field("now", description="As start; not included.")
    ids: Ids | None = Field(None, description="Ids.")
    title: (
        Annotated[str, StringConstraints(min_length=1, max_length=TITLE_CHARS_MAX), AfterValidator(without_nul)] | None
    ) = Field(None, description="A part of a title or name, in any case.")
    dry_run: bool = Field(True, description="Only say what it would do; it must be said to be false.")
