"""Episodes: what is expected, what is confirmed, and what is never assumed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.model.enums import AnimeStatus
from contracts.observation import EPISODES, LATEST_AIRED, Observation
from handlers.update import episodes as rules
from handlers.update.episodes import (
    AT_ONCE_MAX,
    FIRST_EPISODE,
    Confirmation,
    expected_number,
    is_last,
    latest_confirmed,
    new_episodes,
    premiere,
)
from tests.unit.update.said import at, heard

NOW = at(0)
DAY = timedelta(days=1)
WEEK = 7 * DAY


def aired(*numbers: int) -> dict[int, datetime | None]:
    """Rows that aired weekly, the last one a week ago."""
    return {number: NOW - WEEK * (max(numbers) - number + 1) for number in numbers}


def says(source: str, latest: int | None = None, listed: Mapping[int, datetime | None] | None = None) -> Observation:
    """A source that gives the latest number, or a list, or both."""
    rows = [{"episode_number": number, "aired": when} for number, when in (listed or {}).items()]
    told = ({LATEST_AIRED} if latest is not None else set()) | ({EPISODES} if listed is not None else set())
    fields: dict[str, Any] = {"latest_aired": latest, "episodes": rows if listed is not None else None}
    return heard(source, -1, **fields).model_copy(update={"speaks_for": frozenset(told)})


def numbers(rows: Mapping[int, datetime | None], *seen: Observation, **options: Any) -> list[int]:
    latest = latest_confirmed(seen, expected_number(rows, NOW), NOW, **options)
    return [one.number for one in new_episodes(rows, seen, latest, NOW)]


def test_expected_is_one_more_than_the_highest_that_has_aired() -> None:
    assert expected_number({}, NOW) == 1
    assert expected_number(aired(1, 2, 3), NOW) == 4
    assert expected_number({**aired(1, 2), 3: None, 4: NOW + DAY}, NOW) == 3
    assert expected_number({1: NOW}, NOW) == 2


def test_every_number_that_is_missing_is_new() -> None:
    assert numbers(aired(1, 2), says("anilist", 3)) == [3]
    assert numbers(aired(1, 2), says("anilist", 4)) == [3, 4], "two at once"
    assert numbers(aired(1, 2, 4), says("jikan", 6)) == [3, 5, 6], "also one that was skipped long ago"
    assert numbers({**aired(1, 2), 3: None, 4: NOW + DAY}, says("anilist", 4)) == [3, 4]
    assert numbers(aired(1, 2), says("anilist", 2)) == []
    assert numbers(aired(1, 2), says("anilist", 1)) == []
    assert numbers(aired(1, 2)) == []


def test_what_a_source_lists_for_tomorrow_has_not_aired() -> None:
    assert numbers(aired(1), says("jikan", None, {1: NOW - WEEK, 2: NOW - DAY, 3: NOW + DAY, 4: None})) == [2]


def test_an_open_list_says_nothing() -> None:
    cut = says("jikan", None, {2: NOW - DAY}).model_copy(update={"speaks_for": frozenset[str]()})
    assert numbers(aired(1), cut) == []


def test_fourteen_of_twelve_is_taken_as_it_is_said_and_nine_thousand_is_not() -> None:
    assert numbers(aired(*range(1, 13)), says("anilist", 14)) == [13, 14]
    assert numbers(aired(*range(1, 13)), says("anilist", 9999)) == []
    assert numbers(aired(*range(1, 13)), says("anilist", 9999), says("jikan", 13)) == [13]


def test_a_long_runner_without_rows_gets_its_episodes_as_far_as_they_are_dated() -> None:
    listed: dict[int, datetime | None] = {number: NOW - (1151 - number) * DAY for number in range(1, 1151)}
    rows: dict[int, datetime | None] = {}
    first = numbers(rows, says("jikan", 1150, listed))
    assert first == list(range(1, AT_ONCE_MAX + 1))
    rows |= {number: listed[number] for number in first}
    assert numbers(rows, says("jikan", 1150, listed))[0] == AT_ONCE_MAX + 1
    undated = numbers({}, says("anilist", 1150), says("kitsu", 1150))
    assert undated == list(range(1150 - rules.LEAP_MAX, 1151)), "no air date is made up for what aired long ago"


def test_the_second_half_of_a_season_starts_where_it_is_listed() -> None:
    assert numbers({}, says("jikan", 13, {13: NOW - DAY})) == [13]
    assert numbers({}, says("jikan", 1, {0: NOW - WEEK, 1: NOW - DAY})) == [0, 1]


@pytest.mark.parametrize(
    ("claims", "asked", "one", "majority"),
    [
        ({"anilist": 3, "jikan": 2}, 2, 3, 2),
        ({"anilist": 3}, 2, 3, None),
        ({"anilist": 3, "jikan": 3, "kitsu": 2}, 3, 3, 3),
        ({"anilist": 3, "jikan": 2, "mal": 2}, 2, 3, 2),
        ({}, 2, None, None),
        ({"anilist": 3}, 0, 3, 3),
    ],
)
def test_one_source_or_a_majority_of_the_platforms_confirms(
    claims: dict[str, int], asked: int, one: int | None, majority: int | None
) -> None:
    seen = [says(source, latest) for source, latest in claims.items()]
    found = [
        latest_confirmed(seen, 3, NOW, confirmation=how, platforms_asked=asked)
        for how in (Confirmation.ONE, Confirmation.MAJORITY)
    ]
    assert found == [one, majority]


def test_the_air_time_is_the_most_exact_one_that_is_given() -> None:
    day, minute = datetime(2026, 2, 15, 15, tzinfo=UTC), datetime(2026, 2, 16, 14, 30, tzinfo=UTC)
    listed = [says("jikan", 2, {2: day}), says("anilist", 2, {2: minute})]
    for seen in (listed, listed[::-1]):
        (found,) = new_episodes(aired(1), seen, 2, NOW)
        assert (found.aired_at, found.source) == (minute, "anilist")
    (found,) = new_episodes(aired(1), listed[:1], 2, NOW)
    assert (found.aired_at, found.source) == (day, "jikan")


def test_without_any_air_time_the_expected_one_aired_at_its_slot_and_others_by_when_they_were_seen() -> None:
    slot = NOW - timedelta(minutes=30)
    found = new_episodes(aired(1), [says("anilist", 3)], 3, NOW, slot)
    assert [(one.number, one.aired_at) for one in found] == [(2, slot), (3, at(-1))]
    late = new_episodes(aired(1), [says("anilist", 2)], 2, NOW, NOW + DAY)
    assert late[0].aired_at == at(-1), "a slot to come is no air time"


def test_what_is_said_of_an_episode_travels_with_it() -> None:
    seen = says("jikan", 2, {2: NOW - DAY})
    assert seen.episodes is not None
    titled = seen.model_copy(update={"episodes": [seen.episodes[0].model_copy(update={"title": "Part 2"})]})
    assert new_episodes(aired(1), [titled], 2, NOW)[0].values == {"title": "Part 2"}


@given(st.sets(st.integers(1, 30)), st.integers(0, 30), st.integers(0, 30))
def test_what_was_told_once_is_not_told_again(have: set[int], first: int, second: int) -> None:
    rows: dict[int, datetime | None] = dict.fromkeys(have, NOW - WEEK)
    seen = [says("anilist", first), says("jikan", second)]
    latest = latest_confirmed(seen, expected_number(rows, NOW), NOW)
    found = new_episodes(rows, seen, latest, NOW)
    assert [one.number for one in found] == sorted({one.number for one in found} - have)
    assert all(one.aired_at <= NOW for one in found)
    rows |= {one.number: one.aired_at for one in found}
    # What was too far ahead to be believed may have come near; what was told is not told again.
    again = new_episodes(rows, seen, latest_confirmed(seen, expected_number(rows, NOW), NOW), NOW)
    assert not {one.number for one in again} & rows.keys()
    rows |= {one.number: one.aired_at for one in again}
    assert new_episodes(rows, seen, latest_confirmed(seen, expected_number(rows, NOW), NOW), NOW) == []


def test_a_show_ends_only_at_a_total_that_is_known() -> None:
    assert is_last(12, 12)
    assert is_last(12, 14)
    assert not is_last(12, 11)
    assert not is_last(None, 1150), "a long runner is never assumed finished"
    assert not is_last(0, 1)


def test_the_first_episode_turns_upcoming_to_ongoing_and_nothing_else() -> None:
    (first,) = new_episodes({}, [says("anilist", 1)], 1, NOW)
    change = premiere(AnimeStatus.UPCOMING, [first])
    assert change is not None
    assert (change.field, change.old, change.new, change.source, change.rule) == (
        "status", "UPCOMING", "ONGOING", "anilist", FIRST_EPISODE,
    )  # fmt: skip
    assert premiere(AnimeStatus.UPCOMING, []) is None
    for status in (None, *set(AnimeStatus) - {AnimeStatus.UPCOMING}):
        assert premiere(status, [first]) is None
