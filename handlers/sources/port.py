"""The port of this room: what an adapter is. An adapter is pure; the machinery does everything that waits or sends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from contracts.errors import EchoraError
from contracts.events import EntityType
from contracts.model.anime import AnimeFields
from contracts.model.character import CharacterFields
from contracts.observation import Kind, ObservedCharacter, ObservedEpisode
from handlers.sources.notes import Notes
from handlers.sources.policy import SourcePolicy

Raw = Mapping[str, Any]


class Way(StrEnum):
    """How a source can be asked."""

    FULL = "full"
    SELECTIVE = "selective"
    DIFFERENTIAL = "differential"
    BATCHED = "batched"


@dataclass(frozen=True, slots=True)
class Offer:
    """What one source gives for one kind of request.

    `gives` are canonical names; `batch` is how many ids one request carries; `pages_mean` is how many requests one
    batch takes on average and `pages_max` where we stop; both are requests, not entities.
    """

    gives: frozenset[str]
    ways: frozenset[Way] = frozenset({Way.FULL})
    batch: int = 1
    pages_mean: float = 1.0
    pages_max: int = 1


Capability = Mapping[Kind, Offer]


@dataclass(frozen=True, slots=True)
class Ask:
    """One question: a kind, the ids, and the fields wanted (None: all). `since` asks only for what changed after it.

    `since` with `until` and without ids asks for the air times of a window.
    """

    kind: Kind
    ids: tuple[str, ...] = ()
    fields: frozenset[str] | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One request to make. `ids` are those it speaks for; a body makes it a POST. `page` counts from 1."""

    path: str
    ids: tuple[str, ...] = ()
    params: tuple[tuple[str, str], ...] = ()
    body: Mapping[str, Any] | None = None
    page: int = 1


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: status, headers in lower case, and the decoded JSON."""

    status: int
    headers: Mapping[str, str]
    data: Any


@dataclass(frozen=True, slots=True)
class Page:
    """What one reply held: raw items by external id, more requests to make, and why parts of items are missing."""

    items: Mapping[str, Raw] = field(default_factory=dict)
    more: tuple[Call, ...] = ()
    errors: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """What an item says, before the machinery adds times, hash and staleness to make an Observation of it."""

    entity: EntityType = EntityType.ANIME
    anime: AnimeFields | None = None
    character: CharacterFields | None = None
    episodes: list[ObservedEpisode] | None = None
    latest_aired: int | None = None
    next_episode: int | None = None
    next_air_at: datetime | None = None
    characters: list[ObservedCharacter] | None = None
    external_ids: Mapping[str, str] = field(default_factory=dict)
    speaks_for: frozenset[str] = frozenset()
    errors: Mapping[str, str] = field(default_factory=dict)


class SourceAdapter(Protocol):
    """One service. Every method is a pure rule: values in, values out."""

    name: str
    platform: str
    policy: SourcePolicy
    capability: Capability

    def calls(self, ask: Ask) -> list[Call]:
        """The first request of each batch of the question; only kinds of `capability` are asked."""
        ...

    def page(self, ask: Ask, call: Call, reply: Reply) -> Page:
        """Read a good reply. Ids of the call that are in no page are unknown to the service."""
        ...

    def fault(self, reply: Reply) -> EchoraError | None:
        """The error that a reply is, or None for a good one; also sees replies with status 200."""
        ...

    def said(self, ask: Ask, external_id: str, item: Raw, notes: Notes, now: datetime) -> Said:
        """What an item means. Never raises for a value it does not understand: that field is left out."""
        ...


@runtime_checkable
class CrossReferences(Protocol):
    """An adapter that can find ids on other platforms; `knows` are the platforms whose ids it holds."""

    knows: frozenset[str]

    def id_calls(self, platform: str, ids: tuple[str, ...]) -> list[Call]:
        """Requests that find this source's ids for ids of `platform`; none when it cannot."""
        ...

    def id_page(self, platform: str, call: Call, reply: Reply) -> Mapping[str, Mapping[str, str]]:
        """For each id of the call that was found: platform to id."""
        ...
