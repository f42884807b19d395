"""What the room sees of the index and of the documents that its points are made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID


class Point(Protocol):
    """What a point says of itself; "" is unknown."""

    @property
    def id(self) -> UUID:
        """Whose point it is."""

    @property
    def version(self) -> int:
        """Of which version."""

    @property
    def entity_type(self) -> str:
        """Of an anime or of a character."""

    @property
    def text_sha256(self) -> str:
        """The hash of the text that was embedded."""

    @property
    def model(self) -> str:
        """The model that made the vector."""

    @property
    def template(self) -> str:
        """How the text was made."""


class Points(Protocol):
    """The index."""

    async def scroll(self, after: UUID | None, limit: int) -> Sequence[Point]:
        """The next points in the order of their ids."""

    async def stored(self, ids: Sequence[UUID]) -> Mapping[UUID, Point]:
        """The points of these ids that are there."""

    async def remove(self, versions: Mapping[UUID, int]) -> None:
        """Remove the points whose version is not newer than this."""


class Document(Protocol):
    """What a point has to be made from now."""

    @property
    def version(self) -> int:
        """The point's version that follows from the rows."""

    @property
    def text_sha256(self) -> str:
        """The hash of the text to embed."""

    @property
    def template(self) -> str:
        """How the text is made."""


class Documents(Protocol):
    """The committed rows as the index sees them."""

    async def read(self, anime: Sequence[UUID], characters: Sequence[UUID], now: datetime) -> Mapping[UUID, Document]:
        """The documents of those that have a row."""
