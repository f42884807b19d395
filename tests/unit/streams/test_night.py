from __future__ import annotations

from datetime import UTC, datetime

import pytest

from streams.reconcile import night


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-22T03:00", "2026-11-22T03:00"),
        ("2026-11-22T02:59", "2026-11-21T03:00"),
        ("2026-03-01T00:00", "2026-02-28T03:00"),
    ],
)
def test_the_last_night_began_at_its_hour(now: str, expected: str) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert night(at, 3) == datetime.fromisoformat(expected).replace(tzinfo=UTC)
