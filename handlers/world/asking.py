"""What a dialect is asked and what it answers, free of any server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlencode

from handlers.world.changes import Source
from handlers.world.world import Showing

BODY_BYTES_MAX = 256 * 1024


@dataclass(frozen=True, slots=True)
class Ask:
    """A request with the dialect's own prefix taken off its path; `base_url` is what that prefix was part of."""

    method: str
    path: str
    query: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    base_url: str = "http://world"

    def first(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        return next((value for key, value in self.query if key == name), default)

    def number(self, name: str, default: int) -> int:
        """A query parameter as a whole number from 0; anything else counts as not given."""
        text = self.first(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else default

    def link(self, **changed: object) -> str:
        """The address of this request with some parameters replaced."""
        query = {**dict(self.query), **{name: str(value) for name, value in changed.items()}}
        return f"{self.base_url}{self.path}?{urlencode(query)}"


@dataclass(frozen=True, slots=True)
class Answer:
    """A response; `changed_at` is when what it shows last changed, for the headers of the service's own cache."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    changed_at: datetime | None = None


class Dialect(Protocol):
    """One service's way of speaking."""

    source: Source
    prefix: str
    media_type: str
    rates: Sequence[tuple[int, float]]

    def answer(self, ask: Ask, showing: Showing) -> Answer:
        """The answer to a request about what the service shows."""
        ...

    def fault(self, status: int, retry_after_s: int | None) -> Answer:
        """The answer of a service that is throttling or broken."""
        ...
