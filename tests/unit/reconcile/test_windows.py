"""Every row and every point is seen once, whatever is missing on either side."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from handlers.reconcile.faults import Entity
from handlers.reconcile.windows import windows
from tests.unit.reconcile.test_faults import Stored

IDS = st.sets(st.integers(0, 60), max_size=40)


class Side:
    """Rows and points of these numbers, in order."""

    def __init__(self, rows: set[int], points: set[int]) -> None:
        self._rows, self._points = sorted(rows), sorted(points)
        self.most = 0

    async def page(self, after: UUID | None, limit: int) -> list[Entity]:
        return [Entity(UUID(int=one), "anime", 1, is_living=True) for one in _next(self._rows, after, limit)]

    async def scroll(self, after: UUID | None, limit: int) -> Sequence[Stored]:
        return [Stored(UUID(int=one)) for one in _next(self._points, after, limit)]


def _next(numbers: Sequence[int], after: UUID | None, limit: int) -> list[int]:
    return [one for one in numbers if after is None or one > after.int][:limit]


@given(IDS, IDS, st.integers(1, 7))
async def test_rows_and_points_meet_in_their_windows(rows: set[int], points: set[int], page: int) -> None:
    side = Side(rows, points)
    seen_rows: list[int] = []
    seen_points: list[int] = []
    async for window in windows(side, side, page):  # type: ignore[arg-type]
        assert len(window.entities) <= page
        assert len(window.points) <= page
        # Where both sides have an id, they have it in the same window.
        numbers = {one.int for one in window.entities} | {one.int for one in window.points}
        assert {one.int for one in window.entities} == numbers & rows
        assert {one.int for one in window.points} == numbers & points
        seen_rows += [one.int for one in window.entities]
        seen_points += [one.int for one in window.points]
    assert seen_rows == sorted(rows)
    assert seen_points == sorted(points)
