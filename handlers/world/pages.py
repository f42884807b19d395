"""One page of a list, and how many there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
PAGE_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """The items of page `number` (from 1) of `total` items in pages of `size`."""

    items: Sequence[T]
    number: int
    size: int
    total: int

    @property
    def last(self) -> int:
        """The last page that has items; 1 when there are none."""
        return max(1, -(-self.total // self.size))

    @property
    def has_next(self) -> bool:
        """Whether a later page has items."""
        return self.number < self.last


def page_of(items: Sequence[T], number: int, size: int) -> Page[T]:
    """Page `number` of the items; a number below 1 counts as 1."""
    number = min(PAGE_MAX, max(1, number))
    start = (number - 1) * size
    return Page(items[start : start + size], number, size, len(items))
