"""What this room needs of the sources, of PostgreSQL and of the schedule."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from contracts.observation import Kind, Observation
from contracts.workflow import Due
from handlers.update.stored import ShowRow, StoredAnime, StoredCharacter


class Failed(Protocol):
    """Why one id was not learned. `passes` says whether asking later may help."""

    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def reason(self) -> str: ...  # noqa: D102
    @property
    def passes(self) -> bool: ...  # noqa: D102


class Fetched(Protocol):
    """The account of one question: every id ends as an observation or as a failure ("*" stands for all)."""

    @property
    def observations(self) -> Mapping[str, Observation]: ...  # noqa: D102
    @property
    def failures(self) -> Mapping[str, Failed]: ...  # noqa: D102


class Fetch(Protocol):
    """Asks one source; never raises for what a source does."""

    async def __call__(
        self, source: str, kind: Kind, ids: Sequence[str], fields: Collection[str] | None, *, urgent: bool, fresh: bool
    ) -> Fetched:
        """`urgent` goes before everything that can wait; `fresh` passes our own cache by."""
        ...


class Records(Protocol):
    """The records as they are committed. Every method raises Outage while PostgreSQL is away."""

    async def anime(self, ids: Sequence[UUID]) -> Mapping[UUID, StoredAnime]:
        """Those of these anime that live."""
        ...

    async def characters(self, ids: Sequence[UUID]) -> Mapping[UUID, StoredCharacter]:
        """Those of these characters that live."""
        ...

    async def scored(
        self, ended_since: datetime, after: UUID | None, until: UUID | None, rows_max: int
    ) -> Sequence[UUID]:
        """Anime that air or ended since then, in the order of their ids, after one up to another."""
        ...

    async def shows(self, after: UUID | None, rows_max: int) -> Sequence[ShowRow]:
        """The next living anime in the order of their ids, with what their times follow from."""
        ...

    async def people(self, after: UUID | None, rows_max: int) -> Sequence[UUID]:
        """The next living characters in the order of their ids."""
        ...


class Plan(Protocol):
    """Plans looks, each page committed by itself; planning the same again changes nothing."""

    async def __call__(self, workflow: str, plans: Mapping[str, Due | None]) -> int:
        """Plan each entity's next look, None for its next regular slot; gives how many plans changed."""
        ...
