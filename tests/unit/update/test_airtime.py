"""When the next episode should air, and what becomes of slots that cannot be."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.model.anime_parts import Broadcast, Hiatus
from contracts.model.enums import AnimeStatus
from contracts.workflow import Confidence, Due
from handlers.update.airtime import Show, Unknown, expected, slots_between
from handlers.update.slots import WEEKDAYS, NoSlot, slot_of

# A Sunday.
NOW = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)


def utc(month: int, day: int, hour: int = 0, minute: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def show(
    day: str | None = "friday", clock: str | None = "25:30", zone: str | None = "Asia/Tokyo", **known: object
) -> Show:
    parts = {key: known.pop(key) for key in list(known) if key in Broadcast.model_fields}
    broadcast = Broadcast(day=day, time=clock, timezone=zone, **parts)  # type: ignore[arg-type]
    return Show("ring", known.pop("status", AnimeStatus.ONGOING), broadcast, **known)  # type: ignore[arg-type]


def due(answer: Due | Unknown) -> Due:
    assert isinstance(answer, Due), answer
    return answer


@pytest.mark.parametrize(
    ("day", "clock", "at"),
    [
        ("friday", "25:30", utc(11, 27, 16, 30)),  # Saturday 01:30 in Tokyo.
        ("Fridays", "01:30", utc(11, 26, 16, 30)),  # Friday 01:30: the day that is printed.
        ("monday", "00:00", utc(11, 22, 15)),
        ("monday", "24:00", utc(11, 23, 15)),
        ("saturday", "29:59", utc(11, 28, 20, 59)),
        ("sunday", "23:59", utc(11, 22, 14, 59)),
        ("sunday", "08:59", utc(11, 28, 23, 59)),  # One minute ago: the week after.
        ("saturday", "33:00", None),
    ],
)
def test_clocks_to_29_59_belong_to_the_day_that_they_are_printed_with(
    day: str, clock: str, at: datetime | None
) -> None:
    answer = due(expected(show(day, clock), NOW))
    if at is None:
        assert answer.reason == f"looked at daily: '{clock}' is no clock from 00:00 to 29:59"
    else:
        assert (answer.at, answer.confidence) == (at, Confidence.MEDIUM)


@pytest.mark.parametrize(
    ("known", "why"),
    [
        ({"zone": "Mars/Olympus"}, "the zone 'Mars/Olympus' is unknown"),
        ({"zone": "../etc/passwd"}, "the zone '../etc/passwd' is unknown"),
        ({"day": "someday"}, "'someday' is no weekday"),
        ({"day": None}, "no broadcast day is known"),
        ({"clock": "25:75"}, "'25:75' is no clock from 00:00 to 29:59"),
        ({"clock": "30:00"}, "'30:00' is no clock from 00:00 to 29:59"),
    ],
)
def test_what_cannot_be_a_slot_is_looked_at_daily(known: dict[str, object], why: str) -> None:
    answer = due(expected(show(**known), NOW))  # type: ignore[arg-type]
    assert NOW < answer.at <= NOW + timedelta(days=1)
    assert (answer.reason, answer.confidence) == (f"looked at daily: {why}", Confidence.LOW)
    # Every day at the same time, and not all shows at once.
    assert due(expected(show(**known), answer.at)).at == answer.at + timedelta(days=1)  # type: ignore[arg-type]


def test_a_missing_zone_is_tokyo_and_a_missing_clock_the_end_of_the_day() -> None:
    assert due(expected(show(zone=None), NOW)) == Due(
        utc(11, 27, 16, 30), "the weekly slot: friday 25:30 Asia/Tokyo (taken for granted)", Confidence.LOW
    )
    assert due(expected(show(clock=None), NOW)).at == utc(11, 27, 15)


def test_the_next_air_time_of_a_source_wins() -> None:
    said = utc(11, 29, 3)
    answer = due(expected(show(next_episode_at=said), NOW))
    assert (answer.at, answer.confidence) == (said, Confidence.HIGH)
    # Also within a break: who announces an episode knows of its end.
    assert due(expected(show(next_episode_at=said, hiatus=Hiatus(reason="sport")), NOW)).at == said


def test_a_time_of_an_import_that_is_past_hides_no_announcement_of_a_source() -> None:
    said = utc(11, 29, 3)
    assert due(expected(show(jp_time=NOW - timedelta(days=60), next_episode_at=said), NOW)).at == said
    assert due(expected(show(jp_time=utc(11, 25), next_episode_at=said), NOW)).at == utc(11, 25)


def test_an_air_time_in_the_past_counts_only_while_nobody_looked() -> None:
    said = NOW - timedelta(hours=3)
    assert due(expected(show(next_episode_at=said), NOW)).reason.startswith("the weekly slot")
    assert due(expected(show(next_episode_at=said), NOW, since=NOW - timedelta(days=1))).at == said
    assert due(
        expected(show(next_episode_at=NOW - timedelta(days=40)), NOW, since=NOW - timedelta(days=50))
    ).at > NOW - timedelta(days=7)


def test_a_break_puts_the_slot_off() -> None:
    back = utc(12, 20)
    on_break = Hiatus(reason="holidays", hiatus_from=utc(11, 1), hiatus_until=back)
    answer = due(expected(show(hiatus=on_break), NOW))
    assert (answer.at, answer.reason.endswith(", after the break")) == (utc(12, 25, 16, 30), True)
    # A break that begins later leaves this week's episode; one that is over leaves all.
    later = Hiatus(hiatus_from=utc(12, 1), hiatus_until=back)
    assert due(expected(show(hiatus=later), NOW)).at == utc(11, 27, 16, 30)
    assert due(expected(show(hiatus=later), utc(11, 28))).at == utc(12, 25, 16, 30)
    assert due(expected(show(hiatus=Hiatus(hiatus_until=utc(11, 1))), NOW)).at == utc(11, 27, 16, 30)
    # Nobody says when it comes back: it is looked at daily, at its own time of day.
    open_end = due(expected(show(hiatus=Hiatus(reason="injury")), NOW))
    assert open_end.reason == "looked at daily: on a break without an end: injury"
    assert NOW < open_end.at <= NOW + timedelta(days=1)
    assert due(expected(show(day=None, hiatus=Hiatus()), NOW)).reason.endswith("on a break without an end")


def test_known_delays_of_subtitles_and_dubs() -> None:
    assert due(expected(show(kind="sub", sub_delay_days=2), NOW)).at == utc(11, 22, 16, 30)
    assert due(expected(show(kind="dub", dub_delay_days=14), NOW)).at == utc(11, 27, 16, 30)
    said = utc(11, 25)
    assert due(expected(show(kind="sub", sub_delay_days=2, next_episode_at=said), NOW)).at == utc(11, 27)
    assert due(expected(show(kind="sub", sub_time=utc(11, 24), next_episode_at=said), NOW)).at == utc(11, 24)


def test_a_premiere_by_what_is_known_of_it() -> None:
    upcoming = {"status": AnimeStatus.UPCOMING}
    day = utc(11, 26, 15)  # Friday in Tokyo.
    assert due(expected(show(premiere_jp=utc(11, 27, 16), aired_from=day, **upcoming), NOW)).at == utc(11, 27, 16)
    assert due(expected(show(aired_from=day, **upcoming), NOW)).at == utc(11, 27, 16, 30)
    assert due(expected(show(day=None, aired_from=day, **upcoming), NOW)).at == utc(11, 27, 15)
    assert isinstance(expected(show(**upcoming), NOW), Unknown)  # type: ignore[arg-type]
    # It has not begun although it should have: looked at daily.
    overdue = due(expected(show(aired_from=utc(10, 1), **upcoming), NOW))
    assert NOW < overdue.at <= NOW + timedelta(days=1)


def test_a_show_that_is_over_is_not_looked_for() -> None:
    assert expected(show(status=AnimeStatus.FINISHED), NOW) == Unknown("it is FINISHED")


def test_a_wall_time_that_the_clocks_leave_out_comes_after_the_jump_and_one_that_comes_twice_means_the_first() -> None:
    # New York: 02:30 does not exist on 2027-03-14, and 01:30 comes twice on 2026-11-01.
    spring = due(expected(show("sunday", "02:30", "America/New_York"), utc(3, 13, year=2027)))
    assert spring.at == utc(3, 14, 7, 30, year=2027)
    autumn = due(expected(show("sunday", "01:30", "America/New_York"), utc(10, 31)))
    assert autumn.at == utc(11, 1, 5, 30)
    assert due(expected(show("sunday", "01:30", "America/New_York"), autumn.at)).at == utc(11, 8, 6, 30)
    # A clock beyond midnight is a wall time of the next day, whatever the clocks do in between.
    late = due(expected(show("saturday", "25:30", "America/New_York"), utc(10, 31)))
    assert late.at == utc(11, 1, 5, 30)


def test_the_slots_of_a_range_leave_the_break_out() -> None:
    away = Hiatus(hiatus_from=utc(11, 10), hiatus_until=utc(11, 24))
    slots = slots_between(show(hiatus=away), utc(11, 1), utc(12, 5))
    assert slots == (utc(11, 6, 16, 30), utc(11, 27, 16, 30), utc(12, 4, 16, 30))
    assert slots_between(show(day=None), utc(11, 1), utc(12, 5)) == ()


def test_the_slots_of_a_range_lie_within_the_run_of_the_show() -> None:
    began = show(aired_from=utc(11, 12, 15))
    assert slots_between(began, utc(11, 1), utc(11, 25)) == (utc(11, 13, 16, 30), utc(11, 20, 16, 30))
    # Friday 25:30 of the last day is Saturday in Tokyo. One that still runs may be prolonged.
    last = {"aired_from": utc(10, 1), "aired_to": utc(11, 12, 15)}
    over = show(status=AnimeStatus.FINISHED, **last)
    assert slots_between(over, utc(11, 1), utc(12, 5)) == (utc(11, 6, 16, 30), utc(11, 13, 16, 30))
    assert len(slots_between(show(**last), utc(11, 1), utc(12, 5))) == 5
    assert slots_between(show(status=AnimeStatus.UPCOMING), utc(11, 1), utc(12, 5)) == ()


ZONES = st.sampled_from(["Asia/Tokyo", "America/New_York", "Europe/London", "Australia/Lord_Howe", "UTC"])
INSTANTS = st.integers(-(10**8), 3 * 10**8).map(lambda seconds: NOW + timedelta(seconds=seconds))
SLOTS = st.builds(
    lambda day, hour, minute, zone: show(day, f"{hour}:{minute:02d}", zone),
    st.sampled_from(WEEKDAYS),
    st.integers(0, 29),
    st.integers(0, 59),
    ZONES,
)


@given(SLOTS, INSTANTS)
def test_there_is_one_slot_a_week_whatever_the_clocks_do(one: Show, now: datetime) -> None:
    first = due(expected(one, now)).at
    second = due(expected(one, first)).at
    hour = timedelta(hours=1)
    assert now < first <= now + timedelta(days=7) + hour
    assert timedelta(days=7) - hour <= second - first <= timedelta(days=7) + hour
    assert slots_between(one, first, second + timedelta(microseconds=1)) == (first, second)


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_any_text_is_a_slot_or_is_refused_with_a_reason(day: str, clock: str, zone: str) -> None:
    # Without the record's own checks, which refuse some texts before they come here.
    broadcast = Broadcast.model_construct(day=day, time=clock, timezone=zone)
    with suppress(NoSlot):
        assert slot_of(broadcast).after(NOW) > NOW
