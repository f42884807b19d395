"""Dates and slots of the sources."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from contracts.model.anime_parts import Broadcast
from contracts.model.enums import Season
from handlers.sources.dates import (
    http_instant,
    iso_instant,
    partial_date,
    season_of,
    season_year,
    slot,
    tokyo_day,
    unix_instant,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2005-10-23", datetime(2005, 10, 22, 15, tzinfo=UTC)),
        ("2005-10-23T00:00:00+00:00", datetime(2005, 10, 22, 15, tzinfo=UTC)),
        ("2005-10-23T00:00:00+09:00", datetime(2005, 10, 22, 15, tzinfo=UTC)),
        ("2017-10", datetime(2017, 9, 30, 15, tzinfo=UTC)),
        ("2017", datetime(2016, 12, 31, 15, tzinfo=UTC)),
        ("0202-02-03", None),
        ("2017-13", None),
        ("soon", None),
        ("", None),
        (None, None),
        (20171001, None),
    ],
)
def test_a_printed_day_is_a_day_in_tokyo(text: object, expected: datetime | None) -> None:
    assert partial_date(text) == expected


def test_fuzzy_dates() -> None:
    assert tokyo_day(2026, 10) == datetime(2026, 9, 30, 15, tzinfo=UTC)
    assert tokyo_day(None, 10, 2) is None
    assert tokyo_day(2026, 2, 30) is None
    assert tokyo_day(2026, 10, 10**12) is None


@pytest.mark.parametrize(
    ("day", "clock", "expected"),
    [
        ("Sundays", "03:40", Broadcast(day="sunday", time="03:40", timezone="Asia/Tokyo")),
        ("sunday", "01:58", Broadcast(day="sunday", time="01:58", timezone="Asia/Tokyo")),
        ("Fridays", "25:30", Broadcast(day="friday", time="25:30", timezone="Asia/Tokyo")),
        ("Fridays", "29:59", Broadcast(day="friday", time="29:59", timezone="Asia/Tokyo")),
        ("Fridays", "30:00", Broadcast(day="friday", time=None, timezone="Asia/Tokyo")),
        ("Fridays", None, Broadcast(day="friday", time=None, timezone="Asia/Tokyo")),
        ("other", "10:00", None),
        (None, None, None),
    ],
)
def test_a_slot_is_kept_as_it_is_printed(day: object, clock: object, expected: Broadcast | None) -> None:
    assert slot(day, clock) == expected


def test_instants() -> None:
    assert unix_instant(1514892600) == datetime(2018, 1, 2, 11, 30, tzinfo=UTC)
    assert unix_instant(0) is None
    assert unix_instant(True) is None
    assert unix_instant(10**18) is None
    assert iso_instant("2025-06-01T09:30:00.000+09:00") == datetime(2025, 6, 1, 0, 30, tzinfo=UTC)
    assert iso_instant("never") is None
    assert iso_instant("9999-12-31T23:00:00-09:00") is None
    assert http_instant("Sat, 03 Dec 2022 09:40:53 GMT") == datetime(2022, 12, 3, 9, 40, 53, tzinfo=UTC)
    assert http_instant("-1") is None


@pytest.mark.parametrize(
    ("month", "season"),
    [
        (12, Season.WINTER),
        (1, Season.WINTER),
        (2, Season.WINTER),
        (3, Season.SPRING),
        (5, Season.SPRING),
        (6, Season.SUMMER),
        (8, Season.SUMMER),
        (9, Season.FALL),
        (11, Season.FALL),
    ],
)
def test_seasons(month: int, season: Season) -> None:
    assert season_of(month) is season


def test_december_is_the_next_years_winter() -> None:
    assert [season_year(2025, month) for month in (11, 12, 1)] == [2025, 2026, 2025]
