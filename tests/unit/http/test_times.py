from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.http.times import instant

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", NOW),
        ("90min", datetime(2026, 11, 22, 10, 30, tzinfo=UTC)),
        ("12h", datetime(2026, 11, 22, 0, 0, tzinfo=UTC)),
        ("7d", datetime(2026, 11, 15, 12, 0, tzinfo=UTC)),
        ("2w", datetime(2026, 11, 8, 12, 0, tzinfo=UTC)),
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        (" 2026-11-20T05:00 ", datetime(2026, 11, 20, 5, 0, tzinfo=UTC)),
        ("2026-11-20T05:00:00Z", datetime(2026, 11, 20, 5, 0, tzinfo=UTC)),
        ("2026-11-20T05:00:00+09:00", datetime(2026, 11, 19, 20, 0, tzinfo=UTC)),
    ],
)
def test_the_forms_of_a_time(text: str, expected: datetime) -> None:
    assert instant(text, NOW) == expected
    assert instant(text, NOW).utcoffset() == NOW.utcoffset()


@pytest.mark.parametrize(
    "text", ["", "soon", "7", "d", "-7d", "7 d", "7m", "1.5h", "999999w", "0001-01-01T00:00:00+09:00", "2026-02-30"]
)
def test_what_is_no_time_is_told_with_the_forms(text: str) -> None:
    with pytest.raises(ValueError, match="is no time; write 2026-11-22, "):
        instant(text, NOW)


@given(st.text(max_size=30))
def test_any_text_is_a_time_in_utc_or_refused(text: str) -> None:
    try:
        found = instant(text, NOW)
    except ValueError:
        return
    assert found.utcoffset() == NOW.utcoffset()
