"""What the HTTP application needs from the rest of the program: plain async callables, wired by the composition root.

A callable that this process does not offer (its role runs elsewhere) is None; its routes then answer 503 and say so.
Each may raise contracts.errors: Outage becomes 503, Refused 422, any other Permanent 409.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from contracts.observation import Kind
from handlers.catalogue import StoredRecord
from handlers.index.choice import ModelName
from handlers.index.filters import SearchFilters
from handlers.ingest import RawRecord, Verdict
from handlers.snapshot.restore import Restored
from streams.http.activity import Read
from streams.http.letter_models import (
    DropWish,
    LetterGroups,
    LetterList,
    LetterQuery,
    LettersDecided,
    LetterShown,
    ReplayWish,
)
from streams.http.models import ReindexState, SearchHit, Status
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
from streams.http.schedule_models import (
    Acted,
    Backfilled,
    BackfillWish,
    EntitySchedule,
    Governed,
    ScheduleList,
    Section,
    Triggered,
)


class Ingest(Protocol):
    """Takes records as they arrive and gives a verdict for each, in the order in which they are decided."""

    def __call__(self, records: AsyncIterator[RawRecord], artifact_uri: str) -> AsyncIterator[Verdict]: ...  # noqa: D102


class Search(Protocol):
    """The best matches first."""

    async def __call__(  # noqa: D102
        self, query: str, filters: SearchFilters, limit: int, offset: int
    ) -> Sequence[SearchHit]: ...


class Fetch(Protocol):
    """Asks one source; every id ends as an observation or as a failure, in the account that is given back."""

    async def __call__(  # noqa: D102
        self, source: str, kind: Kind, ids: Sequence[str], fields: Sequence[str] | None, *, fresh: bool
    ) -> Mapping[str, Any]: ...


class Schedules(Protocol):
    """What is due and what people do about it. Every method raises Refused for a wrong name or time."""

    async def listing(  # noqa: D102
        self, *, workflow: str | None, title: str | None, sections: Collection[Section], limit: int
    ) -> ScheduleList: ...

    async def show(self, entity_id: str, workflow: str | None) -> EntitySchedule | None: ...  # noqa: D102

    async def pause(self, workflow: str, ids: Sequence[str] | None, reason: str) -> Acted: ...  # noqa: D102

    async def resume(  # noqa: D102
        self, workflow: str, ids: Sequence[str] | None, reason: str | None
    ) -> Acted: ...

    async def trigger(self, workflow: str, ids: Sequence[str], why: str) -> Triggered: ...  # noqa: D102

    async def policy(  # noqa: D102
        self, workflow: str, ids: Sequence[str], own: Mapping[str, Any] | None
    ) -> Governed: ...

    async def backfill(self, workflow: str, wish: BackfillWish) -> Backfilled: ...  # noqa: D102


class Reindex(Protocol):
    """The index and another model. Raises Refused for a model that cannot be, Permanent while another is under way."""

    async def ask(self, wanted: ModelName) -> ReindexState: ...  # noqa: D102

    async def state(self) -> ReindexState: ...  # noqa: D102


class Republish(Protocol):
    """Sends again what the outbox remembers; how many messages per subject. Raises Refused for a wrong time or name."""

    async def __call__(  # noqa: D102
        self, since: str, subjects: Sequence[str] | None, *, is_dry: bool
    ) -> Mapping[str, int]: ...


class Reconcile(Protocol):
    """Compares rows and points, and gives the report as it grows; the last one says `is_whole`."""

    def __call__(self, *, is_dry: bool, repairs_max: int) -> AsyncIterator[Mapping[str, Any]]: ...  # noqa: D102


class DeadLetters(Protocol):
    """What was given up and what people do about it. Every method raises Refused for a wrong time or choice."""

    async def listing(self, query: LetterQuery) -> LetterList: ...  # noqa: D102

    async def groups(self, query: LetterQuery) -> LetterGroups: ...  # noqa: D102

    async def show(self, letter_id: UUID) -> LetterShown | None: ...  # noqa: D102

    async def replay(self, wish: ReplayWish) -> AsyncIterator[int | LettersDecided]: ...  # noqa: D102

    async def drop(self, wish: DropWish) -> LettersDecided: ...  # noqa: D102


class Reviews(Protocol):
    """What waits for a person and what people decide. Raises Refused for a wrong word, Permanent for what cannot be."""

    async def listing(self, query: ReviewQuery) -> ReviewList: ...  # noqa: D102

    async def show(self, review_id: UUID) -> ReviewDetail | None: ...  # noqa: D102

    async def approve(self, review_id: UUID, wish: ApproveWish) -> DecidedReview: ...  # noqa: D102

    async def turn_down(self, review_id: UUID, wish: RejectWish) -> DecidedReview: ...  # noqa: D102

    async def undo(self, review_id: UUID, wish: UndoWish) -> DecidedReview: ...  # noqa: D102

    async def decide(self, wish: BulkWish) -> BulkDecided: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Services:
    """The program behind the routes.

    `delete` gives the version that was committed, None when there is no such living anime. `readiness` and `liveness`
    give the reasons why not; none means yes. `measure` brings the figures up to date that are read and not counted.
    """

    status: Callable[[], Awaitable[Status]]
    readiness: Callable[[], Awaitable[Sequence[str]]]
    liveness: Callable[[], Awaitable[Sequence[str]]]
    record: Callable[[UUID], Awaitable[StoredRecord | None]]
    delete: Callable[[UUID], Awaitable[int | None]] | None = None
    ingest: Ingest | None = None
    search: Search | None = None
    fetch: Fetch | None = None
    activity: Read | None = None
    snapshot: Callable[[], AsyncIterator[bytes]] | None = None
    restore: Callable[[AsyncIterator[bytes]], Awaitable[Restored]] | None = None
    reconcile: Reconcile | None = None
    schedules: Callable[[], Schedules] | None = None
    measure: Callable[[], Awaitable[None]] | None = None
    dead_letters: DeadLetters | None = None
    reviews: Reviews | None = None
    republish: Republish | None = None
    reindex: Reindex | None = None
