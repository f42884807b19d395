"""A look: what it is given, what it may use, and what it brings back."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from contracts.observation import Kind
from contracts.workflow import Due, LookEnd, Workflow
from handlers.update.change import FieldChange
from handlers.update.episodes import Confirmation, NewEpisode
from handlers.update.ports import Fetch, Plan, Records
from handlers.update.score_change import Means


@dataclass(frozen=True, slots=True)
class Look:
    """One tick that runs. `slot_at` is the slot that it stands for; `attempt` counts from 1."""

    tick_id: UUID
    entity_id: str
    slot_at: datetime
    attempt: int = 1
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """What a look found of one entity; `heard` are the sources that spoke of it, whether or not anything changed."""

    kind: Literal["anime", "character"]
    entity_id: UUID
    base_version: int
    changes: tuple[FieldChange, ...] = ()
    episodes: tuple[NewEpisode, ...] = ()
    heard: frozenset[str] = frozenset()


class NoticeKind(StrEnum):
    """What a person is told of, in words."""

    WINDOW_SKIPPED = "episode window skipped"
    BREAKER_OPENED = "breaker opened"
    BREAKER_CLOSED = "breaker closed"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a person should hear of. `key` is the same for the same trouble."""

    kind: NoticeKind
    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a look brings back: how it ended, what it found, whom to tell, and looks to plan in the same transaction."""

    look: Look
    end: LookEnd
    parts: tuple[Part, ...] = ()
    notices: tuple[Notice, ...] = ()
    plans: Mapping[str, Mapping[str, Due]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the settings say about looks. Times in the units of their names."""

    episode_window_days: int = 7
    confirmation: Confirmation = Confirmation.ONE
    score_threshold: Decimal = Decimal("0.1")
    score_lookback_days: int = 90


@dataclass(frozen=True, slots=True)
class Tools:
    """What a look may use. `now` reads the catalogue's clock; `sources` are those that are switched on."""

    fetch: Fetch
    records: Records
    plan: Plan
    means: Means
    now: Callable[[], datetime]
    sources: frozenset[str]
    wishes: Wishes = field(default_factory=Wishes)


Run = Callable[[Sequence[Look], Tools], Coroutine[Any, Any, list[Found]]]
"""Does many looks at once, so that sources are asked in batches; one result per look, in their order. Raises Outage
while PostgreSQL is away, and nothing else on purpose."""


@dataclass(frozen=True, slots=True)
class Flow:
    """A workflow with its work. `asks` says what it asks of which source, for prices and for people.

    Looks run together, so that sources are asked in batches, and end in one transaction. With `ends_singly` each runs
    and ends by itself: such looks are large, and a crash then repeats none that is done.
    `spares` are sources that are asked only while another is switched off. `entities` counts those that one look asks
    about, itself or by the looks that it plans; without it, one.
    """

    workflow: Workflow
    run: Run
    asks: Mapping[str, tuple[Kind, ...]] = field(default_factory=dict)
    ends_singly: bool = False
    entities: Callable[[Tools], Coroutine[Any, Any, int]] | None = None
    spares: Mapping[str, str] = field(default_factory=dict)
