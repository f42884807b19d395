"""Rules about batches: one write per id, writes in slices, and writes grouped by version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, TypeVar
from uuid import UUID

from contracts.errors import Refused
from handlers.index.payload import VERSION_MAX


class Versioned(Protocol):
    """Anything that is written under a version."""

    @property
    def id(self) -> UUID:
        """Whose write it is."""

    @property
    def version(self) -> int:
        """The version that it brings."""


V = TypeVar("V", bound=Versioned)
T = TypeVar("T")


def newest(writes: Iterable[V]) -> list[V]:
    """One write per id, the one with the highest version; of equal versions the last. Order of first sight is kept."""
    best: dict[UUID, V] = {}
    for write in writes:
        if not 0 <= write.version <= VERSION_MAX:
            raise Refused(str(write.id), "version", f"must be 0 to {VERSION_MAX}, is {write.version}")
        held = best.get(write.id)
        if held is None or write.version >= held.version:
            best[write.id] = write
    return list(best.values())


def slices(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in order, in runs of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def by_version(writes: Iterable[V]) -> dict[int, list[V]]:
    """The writes that share a version and therefore one guard."""
    groups: dict[int, list[V]] = {}
    for write in writes:
        groups.setdefault(write.version, []).append(write)
    return groups
